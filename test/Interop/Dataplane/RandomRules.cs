using CsCheck;
using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Interop.Dataplane;

/// <summary>Random policies over few addresses and ports, so that their rules meet the packets that are sent.</summary>
internal static class RandomRules
{
    internal const int FirstPort = 80, LastPort = 84, FirstSourcePort = 7000;

    /// <summary>What the rules refer to.</summary>
    internal static IReadOnlyList<IpSetView> IpSets { get; } =
    [
        new IpSetView { Id = "hosts", Members = ["10.65.0.1/32", "fd00:65::2/128"] },
        new IpSetView { Id = "nets", Members = ["10.65.0.2/31", "fd00:65::2/127", "192.0.2.7/32"] },
        new IpSetView { Id = "many", Members = ["10.65.0.1/32", "10.65.0.3/32", .. Enumerable.Range(0, 600).Select(i => $"10.{i % 200 + 10}.{i / 200}.0/24"), "fd00:65::4/126"] },
        new IpSetView { Id = "named", Type = IpSetType.IpPorts, Members = ["10.65.0.4,17,81", "fd00:65::4,17,83"] },
    ];

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly Gen<IReadOnlyList<string>?> Nets = OneOf<IReadOnlyList<string>?>(
        null, null, null, ["10.65.0.1/32"], ["10.65.0.2/31"], ["10.65.0.0/29"], ["fd00:65::1/128", "10.65.0.3/32"], ["fd00:65::/126"], ["10.0.0.0/8", "fd00::/8"], ["192.0.2.0/24"]);

    private static readonly Gen<IReadOnlyList<string>?> Sets = OneOf<IReadOnlyList<string>?>(null, null, null, ["hosts"], ["nets"], ["many"], ["unknown"]);

    private static readonly Gen<IReadOnlyList<PortRange>?> Ports = OneOf<IReadOnlyList<PortRange>?>(
        null, [new(80, 80)], [new(81, 81)], [new(82, 82)], [new(80, 82)], [new(83, 83), new(81, 81)], [new(80, 65535)], [new(84, 84), new(1, 79)]);

    private static readonly Gen<SideView> Side = Gen.Select(Nets, Nets, Sets, Sets, Ports, Ports, Gen.Int[0, 3], (nets, notNets, sets, notSets, ports, notPorts, which) => new SideView
    {
        Nets = nets,
        Sets = sets,
        Ports = ports,
        NotNets = which == 1 ? notNets : null,
        NotSets = which == 2 ? notSets : null,
        NotPorts = which == 3 ? notPorts : null,
        PortSets = which == 0 && sets is not null ? ["named"] : null,
    });

    private static readonly Gen<RuleView> Rule = Gen.Select(
        OneOf(RuleAction.Allow, RuleAction.Allow, RuleAction.Allow, RuleAction.Deny, RuleAction.Pass, RuleAction.Log), OneOf<byte?>(null, Protocol.Udp, Protocol.Udp, Protocol.Tcp), OneOf<int?>(null, null, 4, 6),
        Side, Side, Gen.Bool, Gen.Bool, (action, protocol, version, source, destination, bySource, byDestination) => new RuleView
        {
            Action = action,
            Protocol = protocol,
            IpVersion = version,
            // Ports 7000 and on are sent from.
            Source = bySource ? source with { Ports = null, NotPorts = null, PortSets = null } : source.Ports is null ? null : new SideView { Ports = [new(FirstSourcePort, FirstSourcePort + 2)] },
            Destination = byDestination ? destination : new SideView { Ports = destination.Ports },
        });

    internal static readonly Gen<PolicyView[]> Policies = Rule.Array[1, 7].Array[2, 7].Select(policies => policies.Select((rules, i) => new PolicyView
    {
        Id = $"GlobalNetworkPolicy/p{i}", Tier = i < 2 ? "first" : "second",
        Ingress = [.. rules.Where((_, r) => r % 3 != i % 3).Select((r, n) => r with { Index = n })],
        Egress = [.. rules.Where((_, r) => r % 3 != (i + 1) % 3).Select((r, n) => r with { Index = n })],
    }).ToArray());
}
