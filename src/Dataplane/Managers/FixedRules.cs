using System.Collections.Immutable;
using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using static Margay.Dataplane.Managers.LinkControl;

namespace Margay.Dataplane.Managers;

// The rules that are always there, whatever the endpoints and policies. A packet meets them so:
//
//   prerouting −300  from-workload: anti-spoofing, before connection tracking can take a forged packet for another's flow
//   input        0   egress policy of packets to this host        input   10   what becomes of those that it lets pass
//   forward      0   egress policy of the sender                  forward 10   ingress policy of the receiver
//   arp input    0   a workload speaks ARP for its own addresses only
//   while there are virtual networks, VXLAN (TunnelGuard):
//   input      −10   from known tunnel ends only                  raw −300     is not tracked; from the kernel's tunnels only
//
// accept ends one base chain, not the next: so "allow" is accept in both directions, and a packet between two local workloads needs both. No mark is touched, no goto
// changes with an endpoint. Replies, related packets and those of known flows are accepted first in each. Host to workload is not policed (Calico semantics); there is no output chain.
// Everything from an interface with our prefix that no element of a map claims is dropped: before its policy is there, and when nobody knows it.

/// <summary>The base chains, and the sets and maps that they look up: made once, and the same in every routing domain. Immutable.</summary>
internal sealed class FixedRules(DataplaneOptions options)
{
    private readonly ImmutableArray<FilterSet> _sets = [.. Sets()];
    private readonly ImmutableArray<FilterChain> _chains = [.. Chains(options)];

    private const byte IpInIp = 4;

    private const string FromWorkload = "from-workload", NeighbourDiscovery = "neighbour-discovery", EgressPolicy = "egress-policy", IngressPolicy = "ingress-policy", WorkloadTunnels = "workload-tunnels", InvalidLabel = "invalid for connection tracking";

    private static readonly FilterStatement IsV4 = new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(IPv4));
    private static readonly FilterStatement IsV6 = new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(IPv6));
    private static readonly FilterStatement Count = new FilterCounter();
    private static readonly FilterStatement[] s_vxlan = [.. TunnelGuard.IsVxlan];

    // The kernel remembers each link-local source that asks, in a table that is one for all namespaces: 1,024 entries, of which it drops none that is younger than five seconds.
    private static readonly FilterStatement s_asking = new FilterLimit(Rate: 20, Burst: 40);

    private static readonly FilterStatement s_ipInIp = new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(IpInIp));

    public void Want(FilterTables tables)
    {
        foreach (FilterSet set in _sets) tables.SetSet(set);
        // No bit for a port that no policy names: the list's id must not be taken for bits.
        foreach (PolicyType direction in (PolicyType[])[PolicyType.Ingress, PolicyType.Egress])
            tables.SetElement(new FilterName(FilterFamily.Inet, ChainNames.Ports(direction)), default);
        // A table that is found with it is believed: it goes before anything else does.
        TrustFlows(tables, true);
        foreach (FilterChain chain in _chains) tables.SetChain(chain);
    }

    /// <summary>Whether what connection tracking knows is let through unasked.</summary>
    public static void TrustFlows(FilterTables tables, bool trusted)
    {
        FilterName known = new(FilterFamily.Inet, ChainNames.KnownFlows);
        if (trusted) tables.SetElement(known, NftValue.Native((uint)NftCtStatus.Confirmed));
        else tables.RemoveElement(known, NftValue.Native((uint)NftCtStatus.Confirmed));
    }

    private static IEnumerable<FilterSet> Sets()
    {
        yield return Set(ChainNames.Sources4, FilterSetData.None, FilterField.InputInterface, FilterField.SourceV4) with { Partial = true };
        yield return Set(ChainNames.Sources6, FilterSetData.None, FilterField.InputInterface, FilterField.SourceV6) with { Partial = true };
        // Prefixes that an endpoint may send from besides its own addresses; looked up only for what is in neither set above.
        yield return Set(ChainNames.ExtraSources4, FilterSetData.None, FilterField.InputInterface, FilterField.SourceV4) with { Interval = true, Partial = true };
        yield return Set(ChainNames.ExtraSources6, FilterSetData.None, FilterField.InputInterface, FilterField.SourceV6) with { Interval = true, Partial = true };
        yield return Set(ChainNames.KnownFlows, FilterSetData.None, FilterField.ConntrackStatus);
        yield return new FilterSet(FilterFamily.Arp, ChainNames.Sources4, [FilterField.InputInterface, FilterField.ArpSenderAddress], Partial: true);
        foreach (PolicyType direction in (PolicyType[])[PolicyType.Ingress, PolicyType.Egress])
        {
            yield return Set(ChainNames.Direction(direction), FilterSetData.Id, FilterField.InputInterface) with { Partial = true };
            yield return Set(ChainNames.Verdicts(direction), FilterSetData.Verdict, FilterField.Priority) with { Late = true };
            yield return Set(ChainNames.Ports(direction), FilterSetData.Id, FilterField.TransportProtocol, FilterField.DestinationPort) with { Late = true };
        }
    }

    private static IEnumerable<FilterChain> Chains(DataplaneOptions options)
    {
        DropRules drops = new(options.DropLog);
        NftValue prefix = NftValue.IfNamePrefix(options.InterfacePrefix);
        FilterStatement fromWorkload = new FilterCompare(FilterField.InputInterface, prefix);
        FilterRule otherInput = new("not from a workload", new FilterCompare(FilterField.InputInterface, prefix, Negate: true), FilterVerdict.Accept);
        FilterRule otherOutput = new("not to a workload", new FilterCompare(FilterField.OutputInterface, prefix, Negate: true), FilterVerdict.Accept);

        yield return Base("prerouting", FilterHook.Prerouting, -300, new FilterRule("from a workload", fromWorkload, FilterVerdict.Goto(FromWorkload)));
        yield return Chain(FromWorkload, [.. AntiSpoofing(drops)]);
        yield return Chain(NeighbourDiscovery, [.. Discovery(drops)]);

        yield return Base("input", FilterHook.Input, 0,
            [Established, otherInput, Known, .. Invalid(drops), .. LinkControl.OfWorkload(), new FilterRule("to this host", FilterVerdict.Goto(EgressPolicy))]);
        yield return ToHostChain(options, options.EndpointToHost);
        yield return Base("forward", FilterHook.Forward, 0,
            [Established, Known, otherInput, new FilterRule("from a workload", NeedsPolicy, FilterVerdict.Goto(EgressPolicy)), .. Drop(drops, PolicyType.Egress, InvalidLabel)]);
        yield return Chain(EgressPolicy, [.. Egress(drops)]);
        yield return Chain(WorkloadTunnels, [.. Tunnelled(drops)]);
        yield return Base("to-workload", FilterHook.Forward, 10,
            [Established, Known, otherOutput, new FilterRule("to a workload", NeedsPolicy, FilterVerdict.Goto(IngressPolicy)), .. Drop(drops, PolicyType.Ingress, InvalidLabel)]);
        yield return Chain(IngressPolicy, [.. Ingress(drops)]);

        yield return new FilterChain(FilterFamily.Arp, "input", new FilterBase(FilterHook.Input, 0), [.. Arp(fromWorkload)]);
    }

    /// <summary>
    /// A flow that no answer ever comes to is new for connection tracking with each packet. But it is there, confirmed, only because policy let a packet of it through; as long as all
    /// that is there obeys policy as of now, nobody needs to be asked again.
    /// </summary>
    private static FilterRule Known { get; } = new("let through before",
        new FilterLookup(FilterField.ConntrackStatus, ChainNames.KnownFlows, mask: NftValue.Native((uint)NftCtStatus.Confirmed)), FilterVerdict.Accept);

    private static IEnumerable<FilterRule> AntiSpoofing(DropRules drops)
    {
        FilterRule Known(string label, FilterStatement family, FilterField address, string set) =>
            new(label, family, new FilterLookup([FilterField.InputInterface, address], set), FilterVerdict.Accept);

        yield return Known("own address", IsV4, FilterField.SourceV4, ChainNames.Sources4);
        yield return new FilterRule("neighbour discovery", new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(Icmpv6)), FilterVerdict.Jump(NeighbourDiscovery));
        yield return Known("own address", IsV6, FilterField.SourceV6, ChainNames.Sources6);
        yield return Known("allowed source", IsV4, FilterField.SourceV4, ChainNames.ExtraSources4);
        yield return Known("allowed source", IsV6, FilterField.SourceV6, ChainNames.ExtraSources6);
        foreach (FilterRule rule in Drop(drops, PolicyType.Egress, "spoofed source")) yield return rule;
    }

    /// <summary>
    /// ICMPv6 from a workload. It is no router; it advertises its own addresses only (its link-local address among them); and from a link-local or no address it may speak
    /// neighbour discovery and multicast listening to this host, which does not forward either.
    /// </summary>
    private static IEnumerable<FilterRule> Discovery(DropRules drops)
    {
        FilterStatement Type(byte type) => new FilterCompare(FilterField.IcmpType, NftValue.Byte(type));
        FilterStatement linkLocal = LinkLocal(FilterField.SourceV6, negate: false), unspecified = new FilterCompare(FilterField.SourceV6, NftValue.FromBytes(new byte[16]));

        yield return new FilterRule("not IPv6", new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(IPv6), Negate: true), FilterVerdict.Return);
        FilterLookup anothers = new([FilterField.InputInterface, FilterField.NdTarget], ChainNames.Sources6, Negate: true);
        foreach (FilterRule rule in (IEnumerable<FilterRule>)
            [
                .. Drop(drops, PolicyType.Egress, "router advertisement", Type(RouterAdvertisement)),
                .. Drop(drops, PolicyType.Egress, "redirect", Type(Redirect)),
                .. Drop(drops, PolicyType.Egress, "advertises another's address", Type(NeighbourAdvertisement), LinkLocal(FilterField.NdTarget, negate: true), anothers),
            ]) yield return rule;
        foreach (byte type in (byte[])[NeighbourSolicitation, NeighbourAdvertisement, RouterSolicitation, MldReport, MldDone, Mld2Report])
        {
            bool remembered = type is NeighbourSolicitation or RouterSolicitation;
            yield return remembered ? new FilterRule("link-local", IsV6, Type(type), linkLocal, s_asking, FilterVerdict.Accept) : new FilterRule("link-local", IsV6, Type(type), linkLocal, FilterVerdict.Accept);
            if (remembered) foreach (FilterRule rule in Drop(drops, PolicyType.Egress, "asks too much", IsV6, Type(type), linkLocal)) yield return rule;
            yield return new FilterRule("address detection", IsV6, Type(type), unspecified, FilterVerdict.Accept);
        }
    }

    /// <summary>First of all, so that most packets meet one rule.</summary>
    private static FilterRule Established { get; } =
        new("established", new FilterAnyBit(FilterField.ConntrackState, (uint)(NftCtState.Established | NftCtState.Related)), FilterVerdict.Accept);

    /// <summary>What is left of packets that are not established: all but what connection tracking calls invalid.</summary>
    private static FilterStatement NeedsPolicy { get; } = new FilterAnyBit(FilterField.ConntrackState, (uint)(NftCtState.New | NftCtState.Untracked));

    private static IEnumerable<FilterRule> Invalid(DropRules drops) =>
        Drop(drops, PolicyType.Egress, InvalidLabel, new FilterAnyBit(FilterField.ConntrackState, (uint)NftCtState.Invalid));

    private static IEnumerable<FilterRule> Egress(DropRules drops)
    {
        yield return new FilterRule("VXLAN", [.. s_vxlan, FilterVerdict.Goto(WorkloadTunnels)]);
        yield return new FilterRule("IP in IP", s_ipInIp, FilterVerdict.Goto(WorkloadTunnels));
        yield return Dispatch(FilterField.InputInterface, PolicyType.Egress);
        foreach (FilterRule rule in Drop(drops, PolicyType.Egress, "no policy yet")) yield return rule;
    }

    /// <summary>A workload could otherwise speak to the tunnel ends of other hosts in our name.</summary>
    private static IEnumerable<FilterRule> Tunnelled(DropRules drops) =>
        [.. Drop(drops, PolicyType.Egress, "VXLAN", s_vxlan), .. Drop(drops, PolicyType.Egress, "IP in IP", s_ipInIp)];

    private static IEnumerable<FilterRule> Ingress(DropRules drops)
    {
        yield return Dispatch(FilterField.OutputInterface, PolicyType.Ingress);
        foreach (FilterRule rule in Drop(drops, PolicyType.Ingress, "no policy yet")) yield return rule;
    }

    /// <summary>What becomes of packets to this host that egress policy let pass.</summary>
    public static FilterChain ToHostChain(DataplaneOptions options, EndpointToHostAction action)
    {
        DropRules drops = new(options.DropLog);
        FilterStatement other = new FilterCompare(FilterField.InputInterface, NftValue.IfNamePrefix(options.InterfacePrefix), Negate: true);
        return Base("to-host", FilterHook.Input, 10, [new FilterRule("not from a workload", other, FilterVerdict.Accept), Established, .. Invalid(drops), .. ToHost(drops, action)]);
    }

    private static IEnumerable<FilterRule> ToHost(DropRules drops, EndpointToHostAction action)
    {
        if (action == EndpointToHostAction.Accept) yield break;
        foreach (FilterRule rule in LinkControl.OfWorkload()) yield return rule;
        foreach (FilterRule rule in Drop(drops, PolicyType.Egress, "workload to host")) yield return rule;
    }

    /// <summary>A workload asks and answers for its own addresses; 0.0.0.0 is an address probe (RFC 5227).</summary>
    private static IEnumerable<FilterRule> Arp(FilterStatement fromWorkload)
    {
        yield return new FilterRule("own address", fromWorkload,
            new FilterLookup([FilterField.InputInterface, FilterField.ArpSenderAddress], ChainNames.Sources4), FilterVerdict.Accept);
        yield return new FilterRule("probe", fromWorkload, new FilterCompare(FilterField.ArpSenderAddress, NftValue.FromBytes(new byte[4])), FilterVerdict.Accept);
        yield return new FilterRule("spoofed ARP", fromWorkload, Count, FilterVerdict.Drop);
    }

    private static IEnumerable<FilterRule> Drop(DropRules drops, PolicyType direction, string label, params FilterStatement[] when) =>
        drops.Drop(label, new DropSite(direction, DropKind.Fixed, label), when);

    /// <summary>
    /// From the interface to the chain of its list of policies, in one rule: an interface without an entry ends it, so that what another program left in the priority is
    /// not taken for a list's id. Whoever accepts clears the priority.
    /// </summary>
    private static FilterRule Dispatch(FilterField field, PolicyType direction) =>
        new("policies", new FilterMapToPriority([field], ChainNames.Direction(direction)), new FilterVerdictMap(FilterField.Priority, ChainNames.Verdicts(direction)));

    private static FilterSet Set(string name, FilterSetData data, params FilterField[] key) => new(FilterFamily.Inet, name, [.. key], data);

    private static FilterChain Base(string name, FilterHook hook, int priority, params FilterRule[] rules) =>
        new(FilterFamily.Inet, name, new FilterBase(hook, priority), [.. rules]);

    private static FilterChain Chain(string name, params FilterRule[] rules) => new(FilterFamily.Inet, name, null, [.. rules]);
}
