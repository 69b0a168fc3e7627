using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Dataplane.Managers;

// Where limits of endpoints stand. Each has base chains, and a map from interface to a chain of that endpoint's limits; they are there only while some endpoint has such a limit.
//
//   limit-egress         prerouting −250, after anti-spoofing and before conntrack   bandwidth, packet rate: le-<endpoint>
//   limit-ingress        postrouting 60, what policy let through                     the same: li-<endpoint>
//   connections-egress   forward 30 and input 20, what all policy let through        number of connections: ce-<endpoint>
//   connections-ingress  forward 31                                                  the same: ci-<endpoint>
//
// What is over a rate is dropped (policing): the sender of a TCP connection slows down. A queue on the link would delay it instead, but holds memory, and for egress needs a second
// device. What is over a number of connections is reset (TCP) or dropped; what policy denies has not been counted by then, and neither is what the host itself sends. Both end in a chain of
// the place that tells of it.

/// <summary>A base chain that looks up a place's map.</summary>
internal sealed record LimitHook(string Chain, FilterHook Hook, int Priority);

/// <summary>One kind of limit in one direction.</summary>
internal sealed record LimitPlace(string Name, char Letter, PolicyType Direction, IReadOnlyList<LimitHook> Hooks, bool CountsConnections)
{
    /// <summary>Bytes per second from which on nothing is limited: the kernel counts in nanoseconds, in 64 bits (100 Gbit/s).</summary>
    private const ulong MaxBytes = 12_500_000_000;

    /// <summary>Bytes that may go at once at the peak rate, if it is not said: a full Ethernet packet.</summary>
    private const long DefaultMinBurst = 1_500;

    public FilterName Map => new(FilterFamily.Inet, $"{Name}-chains");

    /// <summary>Where what is over a limit ends; there while the place is.</summary>
    private string Over => $"{Name}-over";

    private bool IsEgress => Direction == PolicyType.Egress;

    public static IReadOnlyList<LimitPlace> All { get; } =
    [
        new("limit-ingress", 'l', PolicyType.Ingress, [new("limit-ingress", FilterHook.Postrouting, 60)], CountsConnections: false),
        new("limit-egress", 'l', PolicyType.Egress, [new("limit-egress", FilterHook.Prerouting, -250)], CountsConnections: false),
        new("connections-ingress", 'c', PolicyType.Ingress, [new("connections-ingress", FilterHook.Forward, 31)], CountsConnections: true),
        new("connections-egress", 'c', PolicyType.Egress, [new("connections-egress", FilterHook.Forward, 30), new("connections-to-host", FilterHook.Input, 20)], CountsConnections: true),
    ];

    public string ChainOf(string endpointId) => ChainNames.Limits(Letter, Direction, endpointId);

    /// <summary>What all endpoints' limits of the place have in common.</summary>
    public IEnumerable<FilterChain> Chains(DataplaneOptions options)
    {
        FilterField side = IsEgress ? FilterField.InputInterface : FilterField.OutputInterface;
        FilterRule[] first = CountsConnections
            ? [new FilterRule("begins none", new FilterCompare(FilterField.ConntrackState, NftValue.Native(0u), Mask: NftValue.Native((uint)NftCtState.New)), FilterVerdict.Accept)]
            : [.. LinkControl.Uncounted(fromWorkload: IsEgress)];
        foreach (LimitHook hook in Hooks)
            yield return new FilterChain(FilterFamily.Inet, hook.Chain, new FilterBase(hook.Hook, hook.Priority), [.. first, new FilterRule("limits", new FilterVerdictMap(side, Map.Name))], FilterStandIn.Nothing);
        yield return OverChain(options);
    }

    private FilterChain OverChain(DataplaneOptions options)
    {
        const byte tcp = 6;
        string label = CountsConnections ? "too many connections" : "over its rate";
        List<FilterRule> rules = [.. new DropRules(options.DropLog).Drop(label, new DropSite(Direction, DropKind.Fixed, label))];
        // After what tells of it, before what drops.
        if (CountsConnections) rules.Insert(rules.Count - 1, new FilterRule(label, new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(tcp)), new FilterCounter(), new FilterReset()));
        return new FilterChain(FilterFamily.Inet, Over, null, [.. rules]);
    }

    /// <summary>What the endpoint's limits ask for here; none when it has none.</summary>
    public IEnumerable<FilterRule> Rules(QosView limits)
    {
        if (CountsConnections)
        {
            if ((IsEgress ? limits.EgressMaxConnections : limits.IngressMaxConnections) is { } most) yield return new FilterRule("connections", new FilterConnectionsOver(most), new FilterCounter(), FilterVerdict.Goto(Over));
            yield break;
        }
        if ((IsEgress ? limits.EgressPacketRate : limits.IngressPacketRate) is { } packets) yield return Limit("packet rate", new FilterOver(packets.Rate, packets.Burst, Bytes: false));
        if ((IsEgress ? limits.EgressBandwidth : limits.IngressBandwidth) is not { } bandwidth) yield break;
        // The peak before the average: what the one drops does not use up the other.
        if (bandwidth.PeakRate is { } peak && Bytes(peak, bandwidth.MinBurst ?? DefaultMinBurst) is { } overPeak) yield return Limit("peak rate", overPeak);
        if (Bytes(bandwidth.Rate, bandwidth.Burst / 8) is { } over) yield return Limit("bandwidth", over);
    }

    /// <param name="rate">Bits per second.</param>
    /// <param name="burst">Bytes.</param>
    private static FilterOver? Bytes(long rate, long burst) =>
        (ulong)rate / 8 is > 0 and < MaxBytes and { } bytes ? new FilterOver(bytes, (uint)Math.Min(burst, uint.MaxValue), Bytes: true) : null;

    private FilterRule Limit(string label, FilterOver over) => new(label, over, new FilterCounter(), FilterVerdict.Goto(Over));
}
