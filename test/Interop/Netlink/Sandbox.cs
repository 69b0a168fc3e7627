using System.Text.Json.Nodes;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Namespaces;
using Margay.Netlink.NfTables;
using Margay.Netlink.Route;

namespace Margay.Interop.Netlink;

/// <summary>A network namespace of its own with sockets in it and the tools at hand. Removed at the end, whatever happened.</summary>
internal sealed class Sandbox : IDisposable
{
    private RouteSocket? _route;
    private NfTablesSocket? _nft;
    private ConntrackSocket? _conntrack;

    internal Sandbox()
    {
        Tool.RequireRoot();
        Name = $"mgy-netlink-{Guid.NewGuid().ToString("N")[..8]}";
        Namespace = NetworkNamespace.Create(Name).Value;
    }

    internal string Name { get; }
    internal NetworkNamespace Namespace { get; }
    internal RouteSocket Route => _route ??= RouteSocket.OpenIn(Namespace);
    internal NfTablesSocket Nft => _nft ??= NfTablesSocket.OpenIn(Namespace);
    internal ConntrackSocket Conntrack => _conntrack ??= ConntrackSocket.OpenIn(Namespace);

    /// <summary>One command line of ip.</summary>
    internal void Ip(string commandLine) => Tool.Run("ip", ["-n", Name, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    internal JsonNode? IpJson(string commandLine) => Tool.Json("ip", ["-n", Name, "-j", "-d", .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    internal JsonNode? BridgeJson(string commandLine) => Tool.Json("bridge", ["-n", Name, "-j", .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    /// <summary>Loads a script of nft.</summary>
    internal void NftScript(string script) => Tool.RunWithInput("ip", script, "netns", "exec", Name, "nft", "-f", "-");

    internal string NftList() => Tool.Run("ip", "netns", "exec", Name, "nft", "-s", "list", "ruleset");

    /// <summary>The index of a veth pair's first end, named <c>v0</c> with peer <c>v1</c>, both up.</summary>
    internal int AddVeth(string name = "v0", string peer = "v1")
    {
        Ip($"link add {name} type veth peer name {peer}");
        Ip($"link set {name} up");
        Ip($"link set {peer} up");
        return Route.GetLink(name).Value.Index;
    }

    public void Dispose()
    {
        _route?.Dispose();
        _nft?.Dispose();
        _conntrack?.Dispose();
        NetworkNamespace.Delete(Name);
        Namespace.Dispose();
    }
}
