using Margay.Api.Resources;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

// Where a host endpoint's policy meets packets. Each place is a base chain of its own with a map from interface to list of policies; both are there only while some host
// endpoint has something to say at that place, so that a host without any has not one rule more.
//
//   from outside ─► host-untracked-in −299 ─► (conntrack −200) ─► host-pre-dnat −140 ─► (NAT −100) ─┬─► host-input 5 ─► processes
//                                                                                                  └─► host-forward-in −10 ─► … ─► host-forward-out 20
//   from the host ─► host-untracked-out −299 ─► (conntrack, NAT) ─► host-output 5, or host-translated 90 when NAT gave it another way
//
// accept ends one chain, not the next, so each place must agree. An Allow before conntrack or NAT spares the later places of that host endpoint: it sets one bit of the
// packet's mark, which is cleared where packets come in, so that nobody brings it along. (skb priority cannot carry it: forwarding writes it. The mark of the connection
// could, but would outlive the policy.)

/// <summary>One place: its chain, its map, and which lists of a host endpoint stand there.</summary>
internal sealed record HostPlace(string Name, FilterHook Hook, int Priority, PolicyType Direction, PolicySetKind Kind)
{
    /// <summary>After conntrack, so that a connection is asked for once.</summary>
    public bool IsTracked => Kind != PolicySetKind.Untracked;

    /// <summary>An Allow here is for all later places.</summary>
    public bool IsEarly => Kind is PolicySetKind.Untracked or PolicySetKind.PreDnat;

    public bool HasFailsafes => Kind != PolicySetKind.HostForward;
    public string Map => $"{Name}-lists";
    public FilterField Interface => Direction == PolicyType.Ingress ? FilterField.InputInterface : FilterField.OutputInterface;

    public static IReadOnlyList<HostPlace> All { get; } =
    [
        new("host-untracked-in", FilterHook.Prerouting, -299, PolicyType.Ingress, PolicySetKind.Untracked),
        new("host-untracked-out", FilterHook.Output, -299, PolicyType.Egress, PolicySetKind.Untracked),
        new("host-pre-dnat", FilterHook.Prerouting, -140, PolicyType.Ingress, PolicySetKind.PreDnat),
        new("host-input", FilterHook.Input, 5, PolicyType.Ingress, PolicySetKind.Host),
        new("host-output", FilterHook.Output, 5, PolicyType.Egress, PolicySetKind.Host),
        new(Translated, FilterHook.Postrouting, 90, PolicyType.Egress, PolicySetKind.Host),
        new("host-forward-in", FilterHook.Forward, -10, PolicyType.Ingress, PolicySetKind.HostForward),
        new("host-forward-out", FilterHook.Forward, 20, PolicyType.Egress, PolicySetKind.HostForward),
    ];

    /// <summary>What the host sends and NAT redirects: only after it is known by which interface it leaves.</summary>
    public const string Translated = "host-translated";
}

/// <summary>Builds the chains of the places.</summary>
internal static class HostPlaces
{
    private const string Invalid = "invalid for connection tracking";

    public const string ClearIn = "host-clear-in", ClearOut = "host-clear-out";

    /// <summary>Goes on: for an interface whose own host endpoint has nothing to say at a place where that of all interfaces has.</summary>
    public static FilterChain Open { get; } = new(FilterFamily.Inet, "host-open", null, [new FilterRule("nothing is asked here", FilterVerdict.Accept)]);

    /// <summary>Nothing that arrives or is sent brings the bit along.</summary>
    public static IEnumerable<FilterChain> Clearing(DataplaneOptions options)
    {
        FilterRule clear = new("asked anew", new FilterAnyBit(FilterField.Mark, options.AcceptedMark), new FilterSetMark(options.AcceptedMark, 0));
        yield return new FilterChain(FilterFamily.Inet, ClearIn, new FilterBase(FilterHook.Prerouting, -301), [clear]);
        yield return new FilterChain(FilterFamily.Inet, ClearOut, new FilterBase(FilterHook.Output, -301), [clear]);
    }

    /// <param name="earlyPlaces">Some early place is there, whose word counts.</param>
    public static FilterChain Chain(HostPlace place, DataplaneOptions options, FailsafeSets failsafes, bool earlyPlaces) =>
        new(FilterFamily.Inet, place.Name, new FilterBase(place.Hook, place.Priority), [.. Rules(place, options, failsafes, earlyPlaces)]);

    private static IEnumerable<FilterRule> Rules(HostPlace place, DataplaneOptions options, FailsafeSets failsafes, bool earlyPlaces)
    {
        yield return new FilterRule("a workload's", new FilterCompare(place.Interface, NftValue.IfNamePrefix(options.InterfacePrefix)), FilterVerdict.Accept);
        yield return new FilterRule("the host to itself", new FilterCompare(place.Interface, NftValue.IfName("lo")), FilterVerdict.Accept);
        foreach (FilterRule rule in WhoseTurn(place)) yield return rule;
        // Leaving by another interface is another host endpoint's business.
        if (earlyPlaces && place.IsTracked && !(place.Kind == PolicySetKind.HostForward && place.Direction == PolicyType.Egress))
            yield return new FilterRule("allowed earlier", new FilterAnyBit(FilterField.Mark, options.AcceptedMark), FilterVerdict.Accept);
        if (place.Kind == PolicySetKind.Host)
            yield return new FilterRule("VXLAN that its guard let through", [new FilterAnyBit(FilterField.ConntrackState, (uint)NftCtState.Untracked), .. TunnelGuard.IsVxlan, FilterVerdict.Accept]);
        if (place.IsTracked)
        {
            yield return new FilterRule("established", new FilterAnyBit(FilterField.ConntrackState, (uint)(NftCtState.Established | NftCtState.Related)), FilterVerdict.Accept);
            foreach (FilterRule rule in place.IsEarly ? [] : new DropRules(options.DropLog).Drop(Invalid, new DropSite(place.Direction, DropKind.Fixed, Invalid), new FilterAnyBit(FilterField.ConntrackState, (uint)NftCtState.Invalid)))
                yield return rule;
        }
        if (place.HasFailsafes)
        {
            foreach (FilterRule rule in LinkControl.OfHost()) yield return rule;
            foreach (FilterRule rule in failsafes.Rules(place.Direction, stateless: !place.IsTracked)) yield return rule;
        }
        yield return new FilterRule("policies", new FilterVerdictMap(place.Interface, place.Map));
    }

    /// <summary>A packet of the host's own that destination NAT has redirected is asked for when its way is known, any other when it is sent.</summary>
    private static IEnumerable<FilterRule> WhoseTurn(HostPlace place)
    {
        FilterStatement translated = new FilterAnyBit(FilterField.ConntrackStatus, (uint)NftCtStatus.DestinationNat);
        if (place is { Kind: PolicySetKind.Host, Direction: PolicyType.Egress, Name: not HostPlace.Translated }) yield return new FilterRule("translated: when its way is known", translated, FilterVerdict.Accept);
        if (place.Name != HostPlace.Translated) yield break;
        yield return new FilterRule("not tracked", new FilterAnyBit(FilterField.ConntrackState, (uint)NftCtState.Untracked), FilterVerdict.Accept);
        yield return new FilterRule("not translated", new FilterCompare(FilterField.ConntrackStatus, NftValue.Native(0u), Mask: NftValue.Native((uint)NftCtStatus.DestinationNat)), FilterVerdict.Accept);
        yield return new FilterRule("forwarded", new FilterCompare(FilterField.SourceAddressType, NftValue.Native(RtnLocal), Negate: true), FilterVerdict.Accept);
    }

    /// <summary>linux/rtnetlink.h: an address of this host.</summary>
    private const uint RtnLocal = 2;
}
