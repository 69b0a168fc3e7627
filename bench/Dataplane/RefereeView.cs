using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;

namespace Margay.Bench.Dataplane;

/// <summary>
/// The referee's policy: each of N endpoints under 10 of N/10 policies of 10 rules in each direction, of which only the last rule of the last policy matches what the referee sends.
/// </summary>
internal static class RefereeView
{
    private const int PerEndpoint = 10, RulesPerPolicy = 10, Sets = 50, MembersPerSet = 100;

    public static string Interface(int i) => string.Create(CultureInfo.InvariantCulture, $"mg{i:x11}");

    public static string Address(int i) => string.Create(CultureInfo.InvariantCulture, $"10.65.{i / 250}.{i % 250 + 1}");

    public static LocalEndpoint Local(int i, NetworkName network = default) => new()
    {
        Id = Id(i), Network = network, Interface = Interface(i), Mac = new MacAddress(0x020000000000UL + (ulong)i), Addresses = [InetAddress.Parse(Address(i))],
    };

    /// <param name="endpoints">N.</param>
    /// <param name="local">Those of them that are of the host.</param>
    /// <param name="network">The network that all of it is in.</param>
    public static ViewDelta Of(int endpoints, IEnumerable<int> local, NetworkName network = default)
    {
        int pool = Math.Max(PerEndpoint, endpoints / 10);
        string name = network.Value;
        return new ViewDelta
        {
            Epoch = "bench", Revision = 1, Snapshot = true,
            IpSets =
            [
                .. Enumerable.Range(0, Sets).Select(s => new IpSetView { Id = SetName(s), Network = name, Members = [.. Enumerable.Range(0, MembersPerSet).Select(m => string.Create(CultureInfo.InvariantCulture, $"10.{100 + s}.{m / 250}.{m % 250 + 1}/32"))] }),
                new IpSetView { Id = "allow", Network = name, Members = [.. Enumerable.Range(0, endpoints).Select(i => Address(i) + "/32")] },
            ],
            Policies = [.. Enumerable.Range(0, pool).Select(p => new PolicyView { Id = PolicyName(p), Network = name, Tier = "default", Ingress = [.. Rules(p, ingress: true)], Egress = [.. Rules(p, ingress: false)] })],
            Endpoints = [.. local.Select(i => Endpoint(i, pool, name))],
        };
    }

    private static string Id(int i) => $"default/bench/{Interface(i)}";
    private static string SetName(int s) => string.Create(CultureInfo.InvariantCulture, $"s{s}");
    private static string PolicyName(int p) => string.Create(CultureInfo.InvariantCulture, $"GlobalNetworkPolicy/p{p}");

    private static IEnumerable<RuleView> Rules(int p, bool ingress)
    {
        for (int r = 0; r < RulesPerPolicy; r++)
        {
            if (p == 0 && r == RulesPerPolicy - 1) continue;
            yield return Rule(r, (p + r) % 2 == 0 ? Protocol.Tcp : Protocol.Udp, SetName((p * RulesPerPolicy + r) % Sets), ingress,
                [new PortRange((ushort)(8000 + p % 1000), (ushort)(8000 + p % 1000)), new PortRange((ushort)(9000 + r), (ushort)(9000 + r))]);
        }
        if (p != 0) yield break;
        yield return Rule(RulesPerPolicy - 1, Protocol.Tcp, "allow", ingress, [new PortRange(5000, 5100)]);
        yield return Rule(RulesPerPolicy, Protocol.Udp, "allow", ingress, [new PortRange(5000, 5100)]);
    }

    private static RuleView Rule(int index, byte protocol, string set, bool ingress, PortRange[] ports) => new()
    {
        Action = RuleAction.Allow, Index = index, Protocol = protocol,
        Source = ingress ? new SideView { Sets = [set] } : null,
        Destination = ingress ? new SideView { Ports = ports } : new SideView { Sets = [set], Ports = ports },
    };

    private static EndpointView Endpoint(int i, int pool, string network)
    {
        string[] names = [.. Enumerable.Range(0, PerEndpoint - 1).Select(j => 1 + (i * 7 + j) % (pool - 1)).Distinct().Append(0).Select(PolicyName)];
        return new EndpointView
        {
            Id = Id(i), Network = network, Revision = 1, Interface = Interface(i),
            Tiers = [new EndpointTier { Name = "default", IngressPolicies = names, EgressPolicies = names }],
        };
    }
}
