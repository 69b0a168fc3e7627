using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using static Margay.Dataplane.Managers.LinkControl;

namespace Margay.Dataplane.Managers;

// What a virtual network may use of this host, inside of its own namespace:
//
//   connections   forward 35 and input 25, what all policy and endpoints' limits let through ─► network-connections: one of so many shares by flow ─► over its part: dropped
//   neighbours    prerouting −299, after anti-spoofing: neighbour discovery in link-local names, by rate
//
// Connections. The kernel counts by walking a list, once a tick for whoever begins a connection: a list of all would cost a network of 64k connections milliseconds each time. So they are counted in
// shares by the flow's hash, of which none has more than about 512. Flows spread evenly but not exactly: the first are refused when some nine tenths of the number are there, and there are never more.
//
// Neighbours. An address that a workload has is written by the agent and counts for nothing. Whatever else it claims in ARP is dropped (anti-spoofing); in neighbour discovery it may speak under link-local
// addresses, as many as it likes, and each becomes an entry of a table that the kernel has once for all namespaces. Nobody but the rate bounds them: an entry goes when it has not been used for a minute, as
// soon as there are 128 (gc_thresh1).

/// <summary>Keeps the caps of one virtual network. Owned by the dataplane's loop.</summary>
internal sealed class NetworkLimitManager(FilterTables tables, DataplaneOptions options)
{
    public const string Connections = "network-connections", Neighbours = "network-neighbours";
    private const string Forwarded = $"{Connections}-forwarded", ToHost = $"{Connections}-to-host", NeighbourRate = $"{Neighbours}-rate";
    private const uint MostPerShare = 512, MostShares = 128;

    /// <summary>Seconds after which an unused neighbour has surely gone: a minute, and until the kernel looks next.</summary>
    private const uint NeighbourLife = 128;

    private NetworkLimits? _wanted;

    public void Want(NetworkLimits? limits)
    {
        if (limits == _wanted) return;
        _wanted = limits;
        if (limits?.Connections is { } connections) WantConnections((uint)connections);
        else Remove(Forwarded, ToHost, Connections, OverOf(Connections));
        if (limits?.Neighbours is { } neighbours) WantNeighbours((uint)neighbours);
        else Remove(Neighbours, NeighbourRate, OverOf(Neighbours));
    }

    private void WantConnections(uint most)
    {
        Set(OverOf(Connections), [.. Over("too many connections of the network")]);
        Set(Connections, [.. Shares(most)]);
        // Confirmed ones have been counted: a flow without answers is new with each packet.
        FilterRule[] rules =
        [
            new("begins none", new FilterCompare(FilterField.ConntrackState, NftValue.Native(0u), Mask: NftValue.Native((uint)NftCtState.New)), FilterVerdict.Accept),
            new("counted before", new FilterAnyBit(FilterField.ConntrackStatus, (uint)NftCtStatus.Confirmed), FilterVerdict.Accept),
            new("limit", FilterVerdict.Goto(Connections)),
        ];
        Set(Forwarded, rules, new FilterBase(FilterHook.Forward, 35));
        Set(ToHost, rules, new FilterBase(FilterHook.Input, 25));
    }

    private static IEnumerable<FilterRule> Shares(uint most)
    {
        uint shares = Math.Clamp(most / MostPerShare, 1, MostShares);
        for (uint share = 0; share < shares; share++)
        {
            // What does not divide goes to the first ones.
            FilterConnectionsOver over = new(most / shares + (share < most % shares ? 1u : 0u));
            FilterStatement[] end = [over, new FilterCounter(), FilterVerdict.Goto(OverOf(Connections))];
            yield return new FilterRule("connections", shares == 1 ? end : [new FilterShare(share, shares), .. end]);
        }
    }

    private void WantNeighbours(uint most)
    {
        // At once a quarter, and of the rest as much in a second as goes away in it.
        FilterOver over = new(Math.Max(1, most / NeighbourLife), most / 4, Bytes: false);
        Set(OverOf(Neighbours), [.. Over("too many neighbours of the network")]);
        Set(NeighbourRate, [new FilterRule("neighbours", over, new FilterCounter(), FilterVerdict.Goto(OverOf(Neighbours)))]);
        FilterStatement[] discovery =
        [
            new FilterCompare(FilterField.InputInterface, NftValue.IfNamePrefix(options.InterfacePrefix)), new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(IPv6)),
            new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(Icmpv6)), LinkLocal(FilterField.SourceV6, negate: false),
        ];
        FilterRule Counted(byte type) => new("link-local", [.. discovery, new FilterCompare(FilterField.IcmpType, NftValue.Byte(type)), FilterVerdict.Goto(NeighbourRate)]);
        Set(Neighbours, [Counted(NeighbourSolicitation), Counted(NeighbourAdvertisement), Counted(RouterSolicitation)], new FilterBase(FilterHook.Prerouting, -299));
    }

    private IEnumerable<FilterRule> Over(string label) => new DropRules(options.DropLog).Drop(label, new DropSite(PolicyType.Egress, DropKind.Fixed, label));

    private static string OverOf(string limit) => $"{limit}-over";

    private void Set(string chain, FilterRule[] rules, FilterBase? hook = null) => tables.SetChain(new FilterChain(FilterFamily.Inet, chain, hook, [.. rules], FilterStandIn.Nothing));

    private void Remove(params string[] chains)
    {
        foreach (string chain in chains) tables.RemoveChain(new FilterName(FilterFamily.Inet, chain));
    }
}
