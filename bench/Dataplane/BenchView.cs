using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;

namespace Margay.Bench.Dataplane;

/// <summary>A node's view: 1,000 endpoints, each under 10 of 100 policies of 10 rules in both directions.</summary>
internal static class BenchView
{
    internal const int Endpoints = 1000;
    private const int Policies = 100, PerEndpoint = 10, RulesPerPolicy = 10;

    internal static ViewDelta Whole() => new()
    {
        Epoch = "bench", Revision = 1, Snapshot = true,
        Policies = [.. Enumerable.Range(0, Policies).Select(p => Policy(p, 0))],
        Endpoints = [.. Enumerable.Range(0, Endpoints).Select(Endpoint)],
    };

    internal static PolicyView Policy(int p, int generation) => new()
    {
        Id = Name(p), Tier = "default", Ingress = Rules(p, generation), Egress = Rules(p, generation),
    };

    private static RuleView[] Rules(int p, int generation) => [.. Enumerable.Range(0, RulesPerPolicy).Select(r => new RuleView
    {
        Action = RuleAction.Allow, Index = r, Protocol = Protocol.Tcp,
        Source = new SideView { Nets = [$"10.{r}.{p}.0/24"] },
        Destination = new SideView { Ports = [new PortRange((ushort)(1000 + p * 10 + r + generation), (ushort)(1000 + p * 10 + r + generation))] },
    })];

    internal static EndpointView Endpoint(int i)
    {
        string[] names = [.. Enumerable.Range(0, PerEndpoint).Select(k => Name((i + k) % Policies))];
        return new EndpointView
        {
            Id = $"default/bench/{Interface(i)}", Revision = 1, Interface = Interface(i),
            Tiers = [new EndpointTier { Name = "default", IngressPolicies = names, EgressPolicies = names }],
        };
    }

    internal static LocalEndpoint Local(int i) => new()
    {
        Id = $"default/bench/{Interface(i)}", Interface = Interface(i), Mac = new MacAddress((ulong)i),
        Addresses = [InetAddress.FromIPv4(0x0a410000u + (uint)i), InetAddress.FromIPv6(((UInt128)0xfd00_0065_0000_0000 << 64) + (UInt128)i)],
    };

    private static string Name(int p) => string.Create(CultureInfo.InvariantCulture, $"GlobalNetworkPolicy/p{p}");
    private static string Interface(int i) => string.Create(CultureInfo.InvariantCulture, $"mg{i}");
}
