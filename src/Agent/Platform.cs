// Network namespaces, netlink and Unix file modes: there is no other platform for an agent.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
