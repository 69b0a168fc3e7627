using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Dataplane;

/// <summary>A workload: a namespace with eth0 made by <see cref="WorkloadLinks"/>, an IPv4 and an IPv6 address.</summary>
internal sealed class Workload : IDisposable
{
    internal Workload(TestHost host, string name, int number, string @namespace)
    {
        Name = name;
        NamespaceName = $"{host.Name}-{name}";
        Namespace = NetworkNamespace.Create(NamespaceName).Value;
        V4 = InetAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"10.65.0.{number}"));
        V6 = InetAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd00:65::{number}"));
        Endpoint = new LocalEndpoint
        {
            Id = $"default/{@namespace}/{name}",
            Interface = $"mg{name}",
            Addresses = [V4, V6],
            Mac = new MacAddress(0x020000000000UL + (ulong)number),
        };
    }

    internal string Name { get; }
    internal string NamespaceName { get; }
    internal NetworkNamespace Namespace { get; }
    internal InetAddress V4 { get; }
    internal InetAddress V6 { get; }
    internal LocalEndpoint Endpoint { get; set; }

    internal WorkloadLinkSpec LinkSpec => new()
    {
        EndpointId = Endpoint.Id,
        HostInterface = Endpoint.Interface,
        NetworkNamespace = $"{NetworkNamespace.Directory}/{NamespaceName}",
        Interface = "eth0",
        Mac = Endpoint.Mac,
        Addresses = Endpoint.Addresses,
    };

    internal EndpointView View(IReadOnlyList<PolicyView> policies, params string[] allowedSources) => new()
    {
        Id = Endpoint.Id,
        Revision = 1,
        Interface = Endpoint.Interface,
        Addresses = [.. Endpoint.Addresses.Select(a => IpPrefix.Host(a).ToString())],
        AllowedSourcePrefixes = allowedSources,
        Tiers = policies.Count == 0 ? [] : [new EndpointTier
        {
            Name = "default",
            IngressPolicies = [.. policies.Where(p => p.Ingress.Count > 0).Select(p => p.Id)],
            EgressPolicies = [.. policies.Where(p => p.Egress.Count > 0).Select(p => p.Id)],
        }],
        Profiles = [Rules.AllowAllProfile.Name],
    };

    internal void Ip(string commandLine) => Tool.Run("ip", ["-n", NamespaceName, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    internal string Run(string command, params string[] arguments) => Tool.Run("ip", ["netns", "exec", NamespaceName, command, .. arguments]);

    public void Dispose()
    {
        NetworkNamespace.Delete(NamespaceName);
        Namespace.Dispose();
    }
}
