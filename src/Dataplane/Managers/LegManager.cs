using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Networks;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Dataplane.Managers;

// Where tenants' packets come into the host's namespace, and what of it they see:
//
//   mleg… ─► prerouting −300: the leg's own addresses only      a tenant's own address never gets here: it was translated in its namespace, with its connection tracking
//        ─► prerouting −100: services of the host become their targets
//        ─► input 0:   answers, targets of services            nothing else of the host itself is reached
//        ─► forward 0: out                                      ─► postrouting 100: transit addresses become the host's, floating ones stay
//   any  ─► forward 0, to leg…: answers, floating addresses    nobody else gets in
//
// A leg is made only when all of this is in the kernel; an interface with the name of a leg that nobody knows is closed.

/// <summary>Routes and rules of the host's namespace for the legs of its networks. The chains exist only while there is a leg. Owned by the dataplane's loop.</summary>
internal sealed class LegManager(FilterTables tables, RouteManager routes, IReadOnlyList<HostService> services)
{
    private const byte IPv4 = 2, IPv6 = 10;
    private static readonly FilterName s_sources4 = Name("leg-sources4"), s_sources6 = Name("leg-sources6"), s_transit4 = Name("leg-transit4"), s_transit6 = Name("leg-transit6");
    private static readonly FilterName s_floating4 = Name("leg-floating4"), s_floating6 = Name("leg-floating6");
    private static readonly FilterName[] s_sets = [s_sources4, s_sources6, s_transit4, s_transit6, s_floating4, s_floating6];
    private static readonly NftValue s_anyLeg = NftValue.IfNamePrefix(LegSpec.HostPrefix);
    private static readonly FilterStatement s_fromLeg = new FilterCompare(FilterField.InputInterface, s_anyLeg), s_toLeg = new FilterCompare(FilterField.OutputInterface, s_anyLeg);
    private static readonly FilterStatement s_notFromLeg = new FilterCompare(FilterField.InputInterface, s_anyLeg, Negate: true), s_notToLeg = new FilterCompare(FilterField.OutputInterface, s_anyLeg, Negate: true);
    private readonly FilterChain[] _chains = [.. Chains(services)];

    public void Want(IReadOnlyCollection<HostLeg> legs)
    {
        routes.SetFixed("leg", legs.SelectMany(l => l.Addresses.Select(a => (Prefix: IpPrefix.Host(a), Way: new RouteNextHop(LegSpec.OtherEnd, Interface: l.Link)))).ToDictionary(w => w.Prefix, w => w.Way));
        if (legs.Count == 0)
        {
            foreach (FilterChain chain in _chains) tables.RemoveChain(Name(chain.Name));
            foreach (FilterName set in s_sets) tables.RemoveSet(set);
            return;
        }
        tables.SetSet(new FilterSet(FilterFamily.Inet, s_sources4.Name, [FilterField.InputInterface, FilterField.SourceV4]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, s_sources6.Name, [FilterField.InputInterface, FilterField.SourceV6]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, s_transit4.Name, [FilterField.SourceV4]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, s_transit6.Name, [FilterField.SourceV6]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, s_floating4.Name, [FilterField.OutputInterface, FilterField.DestinationV4]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, s_floating6.Name, [FilterField.OutputInterface, FilterField.DestinationV6]));
        tables.SetElements(s_floating4, legs.SelectMany(l => KeysOf(l, l.Floating, v6: false)));
        tables.SetElements(s_floating6, legs.SelectMany(l => KeysOf(l, l.Floating, v6: true)));
        tables.SetElements(s_sources4, legs.SelectMany(l => KeysOf(l, l.Addresses, v6: false)));
        tables.SetElements(s_sources6, legs.SelectMany(l => KeysOf(l, l.Addresses, v6: true)));
        tables.SetElements(s_transit4, legs.Select(l => (FilterElementKey)NftValue.From(l.Transit.V4)));
        tables.SetElements(s_transit6, legs.Select(l => (FilterElementKey)NftValue.From(l.Transit.V6)));
        foreach (FilterChain chain in _chains) tables.SetChain(chain);
    }

    /// <summary>The kernel holds all that stands between this leg and the host.</summary>
    public bool Guards(HostLeg leg) =>
        _chains.All(c => tables.IsApplied(Name(c.Name)))
        && KeysOf(leg, leg.Addresses, v6: false).All(k => tables.IsApplied(s_sources4, k)) && KeysOf(leg, leg.Addresses, v6: true).All(k => tables.IsApplied(s_sources6, k));

    private static IEnumerable<FilterElementKey> KeysOf(HostLeg leg, IEnumerable<InetAddress> addresses, bool v6) =>
        addresses.Where(a => a.IsIPv6 == v6).Select(a => (FilterElementKey)NftValue.Concat(NftValue.IfName(leg.Link), NftValue.From(a)));

    /// <summary>Matches what is for one port of one address.</summary>
    internal static FilterStatement[] To(InetAddress address, byte protocol, ushort port) =>
    [
        new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(address.IsIPv6 ? IPv6 : IPv4)), new FilterCompare(address.IsIPv6 ? FilterField.DestinationV6 : FilterField.DestinationV4, NftValue.From(address)),
        new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(protocol)), new FilterCompare(FilterField.DestinationPort, NftValue.Port(port)),
    ];

    private static IEnumerable<FilterChain> Chains(IReadOnlyList<HostService> services)
    {
        FilterStatement v4 = new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(IPv4)), v6 = new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(IPv6));
        FilterRule answers = new("answers", new FilterAnyBit(FilterField.ConntrackState, (uint)(NftCtState.Established | NftCtState.Related)), FilterVerdict.Accept);

        yield return Base("leg-sources", FilterHook.Prerouting, -300,
            new FilterRule("not from a leg", s_notFromLeg, FilterVerdict.Accept),
            new FilterRule("the host's loopback", v4, Loopback(FilterField.DestinationV4), new FilterCounter(), FilterVerdict.Drop),
            new FilterRule("the leg's own address", v4, new FilterLookup([FilterField.InputInterface, FilterField.SourceV4], s_sources4.Name), FilterVerdict.Accept),
            new FilterRule("the leg's own address", v6, new FilterLookup([FilterField.InputInterface, FilterField.SourceV6], s_sources6.Name), FilterVerdict.Accept),
            new FilterRule("another's address", new FilterCounter(), FilterVerdict.Drop));
        FilterStatement redirected = new FilterAnyBit(FilterField.ConntrackStatus, OutsideManager.DestinationTranslated);
        yield return new FilterChain(FilterFamily.Inet, "leg-services", new FilterBase(FilterHook.Prerouting, OutsideManager.DestinationNatPriority, Nat: true),
            [.. services.Select(s => new FilterRule("service", [s_fromLeg, .. To(s.Address, s.Protocol, s.Port), new FilterRedirect(NftValue.From(s.Target), NftValue.Port(s.TargetPort))]))]);
        yield return Base("leg-input", FilterHook.Input, 0,
        [
            new FilterRule("not from a leg", s_notFromLeg, FilterVerdict.Accept),
            answers,
            .. services.Select(s => new FilterRule("service", [redirected, .. To(s.Target, s.Protocol, s.TargetPort), FilterVerdict.Accept])),
            new FilterRule("a network to the host", new FilterCounter(), FilterVerdict.Drop),
        ]);
        yield return Base("leg-forward", FilterHook.Forward, 0,
        [
            new FilterRule("no leg", s_notFromLeg, s_notToLeg, FilterVerdict.Accept),
            answers,
            new FilterRule("invalid for connection tracking", new FilterAnyBit(FilterField.ConntrackState, (uint)NftCtState.Invalid), new FilterCounter(), FilterVerdict.Drop),
            .. services.Select(s => new FilterRule("service", [s_fromLeg, redirected, .. To(s.Target, s.Protocol, s.TargetPort), FilterVerdict.Accept])),
            // Not forwarded by anyone (RFC 3927 §2.7): there may be another's services.
            new FilterRule("link-local", s_fromLeg, v4, LinkLocal(), new FilterCounter(), FilterVerdict.Drop),
            new FilterRule("floating address", v4, new FilterLookup([FilterField.OutputInterface, FilterField.DestinationV4], s_floating4.Name), FilterVerdict.Accept),
            new FilterRule("floating address", v6, new FilterLookup([FilterField.OutputInterface, FilterField.DestinationV6], s_floating6.Name), FilterVerdict.Accept),
            new FilterRule("into a network", s_toLeg, new FilterCounter(), FilterVerdict.Drop),
        ]);
        yield return new FilterChain(FilterFamily.Inet, "leg-masquerade", new FilterBase(FilterHook.Postrouting, PoolManager.SourceNatPriority, Nat: true),
        [
            new FilterRule("leaves a network", v4, new FilterLookup(FilterField.SourceV4, s_transit4.Name), new FilterMasquerade()),
            new FilterRule("leaves a network", v6, new FilterLookup(FilterField.SourceV6, s_transit6.Name), new FilterMasquerade()),
        ]);
    }

    /// <summary>127.0.0.0/8; the kernel itself refuses ::1 from elsewhere.</summary>
    private static FilterCompare Loopback(FilterField field) => new(field, NftValue.FromBytes([127, 0, 0, 0]), Mask: NftValue.FromBytes([255, 0, 0, 0]));

    private static FilterCompare LinkLocal() => new(FilterField.DestinationV4, NftValue.FromBytes([169, 254, 0, 0]), Mask: NftValue.FromBytes([255, 255, 0, 0]));

    private static FilterChain Base(string name, FilterHook hook, int priority, params FilterRule[] rules) => new(FilterFamily.Inet, name, new FilterBase(hook, priority), [.. rules]);

    private static FilterName Name(string name) => new(FilterFamily.Inet, name);
}
