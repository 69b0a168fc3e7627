using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Networks;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// What comes from another network by a link of its own:
//
//   to… ─► prerouting −300: from the other network's ranges, and to ours?      else drop
//
// So what a third network sends to the other one goes no further than that: a network that several reach does not join them. Without connection tracking, since the way back of a connection may be over
// another host. Our own routers' ICMP errors pass, with the gateway's address. Ingress policy decides about the rest as about everything.

/// <summary>Routes to the networks that are reached from this one, and what may come from them. Chain and sets are there while there is such a network. Owned by the dataplane's loop.</summary>
internal sealed class LeakManager(FilterTables tables, RouteManager routes, FlowManager flows)
{
    /// <summary>What the names of links to other networks begin with; the other's VNI follows.</summary>
    public const string LinkPrefix = "to";

    private const byte IPv4 = 2, IPv6 = 10;
    private static readonly FilterName s_chain = Name("leaks");
    private static readonly FilterName s_from4 = Name("leak-sources4"), s_from6 = Name("leak-sources6"), s_own4 = Name("leak-own4"), s_own6 = Name("leak-own6");

    private readonly HashSet<IpPrefix> _joined = [];
    private IReadOnlyList<IpPrefix> _reached = [];

    public void Want(LeaksChanged leaks)
    {
        _reached = [.. leaks.Peers.SelectMany(p => p.Subnets)];
        _joined.IntersectWith(_reached);
        routes.SetFixed("leak", leaks.Peers.SelectMany(p => p.Subnets.Select(s => (Prefix: s, Way: new RouteNextHop(LegSpec.OtherEnd, Interface: p.Link)))).ToDictionary(w => w.Prefix, w => w.Way));
        if (leaks.Peers.Count == 0)
        {
            tables.RemoveChain(s_chain);
            foreach (FilterName set in (FilterName[])[s_from4, s_from6, s_own4, s_own6]) tables.RemoveSet(set);
            return;
        }
        foreach (bool v6 in (bool[])[false, true])
        {
            FilterName from = v6 ? s_from6 : s_from4, own = v6 ? s_own6 : s_own4;
            tables.SetSet(new FilterSet(FilterFamily.Inet, from.Name, [FilterField.InputInterface, v6 ? FilterField.SourceV6 : FilterField.SourceV4], Interval: true));
            tables.SetSet(new FilterSet(FilterFamily.Inet, own.Name, [v6 ? FilterField.DestinationV6 : FilterField.DestinationV4], Interval: true));
            tables.SetElements(from, leaks.Peers.SelectMany(p => SourcesOf(p, v6)));
            tables.SetElements(own, Intervals.Of(leaks.Own.Where(s => s.IsIPv6 == v6).Order()));
        }
        tables.SetChain(new FilterChain(FilterFamily.Inet, s_chain.Name, new FilterBase(FilterHook.Prerouting, -300), [.. Rules()]));
    }

    /// <summary>Connections that went out by the leg, under another address, until now that there is a way to the other network begin anew. Called when routes have been applied.</summary>
    public void NoteReached(Routes applied)
    {
        foreach (IpPrefix range in _reached)
        {
            if (!applied.IsApplied(range)) _joined.Remove(range);
            else if (_joined.Add(range)) flows.OnJoined(range);
        }
    }

    /// <summary>The kernel holds what a peer is held to.</summary>
    public bool Guards(LeakPeer peer) =>
        tables.IsApplied(s_chain) && SourcesOf(peer, v6: false).All(k => tables.IsApplied(s_from4, k)) && SourcesOf(peer, v6: true).All(k => tables.IsApplied(s_from6, k));

    private static IEnumerable<FilterElementKey> SourcesOf(LeakPeer peer, bool v6)
    {
        NftValue link = NftValue.IfName(peer.Link);
        foreach (IpPrefix subnet in peer.Subnets.Where(s => s.IsIPv6 == v6).Order())
            yield return new FilterElementKey(NftValue.Concat(link, NftValue.From(subnet.Address)), subnet.IsHost ? default : NftValue.Concat(link, NftValue.From(subnet.Last)));
        if (!v6) yield return NftValue.Concat(link, NftValue.From(WorkloadLinks.GatewayV4));
    }

    private static IEnumerable<FilterRule> Rules()
    {
        yield return new FilterRule("of this network", new FilterCompare(FilterField.InputInterface, NftValue.IfNamePrefix(LinkPrefix), Negate: true), FilterVerdict.Accept);
        yield return Between(IPv4, FilterField.SourceV4, s_from4, FilterField.DestinationV4, s_own4);
        yield return Between(IPv6, FilterField.SourceV6, s_from6, FilterField.DestinationV6, s_own6);
        yield return new FilterRule("not between the two", new FilterCounter(), FilterVerdict.Drop);
    }

    private static FilterRule Between(byte family, FilterField source, FilterName from, FilterField destination, FilterName own) => new(
        "between the two", new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(family)),
        new FilterLookup([FilterField.InputInterface, source], from.Name), new FilterLookup(destination, own.Name), FilterVerdict.Accept);

    private static FilterName Name(string name) => new(FilterFamily.Inet, name);
}
