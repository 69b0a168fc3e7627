using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Networks;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Dataplane.Managers;

// A network's packets on their way out of its namespace:
//
//   workload ─► forward 0: its egress policy ─► forward 5: own subnets only, answers otherwise ─► postrouting 100: source becomes its floating, else the transit address ─► leg
//   leg ─► prerouting −100: floating address becomes its target ─► forward 5: these only, and answers ─► forward 10: ingress policy ─► workload
//
// The translation is in the network's own connection tracking: no tenant's connections meet another's.

/// <summary>What leads out of a virtual network on this host, inside of its namespace: default routes over the leg, who may use them, under which address. Owned by the dataplane's loop.</summary>
internal sealed class OutsideManager(FilterTables tables, RouteManager routes, FlowManager flows)
{
    /// <summary>IPS_DST_NAT (linux/netfilter/nf_conntrack_common.h).</summary>
    public const uint DestinationTranslated = 1 << 5;

    private const byte IPv4 = 2, IPv6 = 10;
    public const int DestinationNatPriority = -100;
    private const int SourceNatPriority = PoolManager.SourceNatPriority;
    private const string Leaving = "leaving", Translation = "leaving-source", Arrival = "arriving";
    private static readonly FilterName s_arriving4 = Name("floating4"), s_arriving6 = Name("floating6"), s_leaving4 = Name("floating-of4"), s_leaving6 = Name("floating-of6");
    private static readonly FilterName s_targets4 = Name("floating-targets4"), s_targets6 = Name("floating-targets6");
    private static readonly FilterName s_subnets4 = Name("subnets4"), s_subnets6 = Name("subnets6");
    private static readonly NftValue s_leg = NftValue.IfName(Leg.Name);

    /// <summary>The ranges whose unused addresses must not follow a default route.</summary>
    public IReadOnlyList<IpPrefix> Closed { get; private set; } = [];

    private IReadOnlyList<FloatingPair> _floating = [];

    public void Want(Outside? outside)
    {
        // Whoever has such an address next starts without its connections.
        flows.OnGone(_floating.Except(outside?.Floating ?? []).Select(f => f.Address));
        _floating = outside?.Floating ?? [];
        Closed = outside is { HasDefaultRoutes: true } ? outside.Subnets : [];
        routes.SetFixed("leg", Ways(outside).Distinct().ToDictionary(p => p, _ => new RouteNextHop(LegSpec.OtherEnd, Interface: Leg.Name)));
        if (outside is null)
        {
            foreach (string chain in (string[])[Leaving, Translation, Arrival]) tables.RemoveChain(Name(chain));
            foreach (FilterName set in (FilterName[])[s_subnets4, s_subnets6, s_arriving4, s_arriving6, s_leaving4, s_leaving6, s_targets4, s_targets6]) tables.RemoveSet(set);
            return;
        }
        Fill(s_subnets4, outside.Subnets.Where(s => !s.IsIPv6), FilterField.SourceV4);
        Fill(s_subnets6, outside.Subnets.Where(s => s.IsIPv6), FilterField.SourceV6);
        FillFloating(outside.Floating, v6: false);
        FillFloating(outside.Floating, v6: true);
        tables.SetChain(new FilterChain(FilterFamily.Inet, Arrival, new FilterBase(FilterHook.Prerouting, DestinationNatPriority, Nat: true),
        [
            new FilterRule("floating address", From(negate: false), Family(IPv4), new FilterTranslate(Source: false, FilterField.DestinationV4, s_arriving4.Name)),
            new FilterRule("floating address", From(negate: false), Family(IPv6), new FilterTranslate(Source: false, FilterField.DestinationV6, s_arriving6.Name)),
        ]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, Leaving, new FilterBase(FilterHook.Forward, 5), [.. MayLeave(outside)]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, Translation, new FilterBase(FilterHook.Postrouting, SourceNatPriority, Nat: true),
        [
            new FilterRule("floating address", To(negate: false), Family(IPv4), new FilterTranslate(Source: true, FilterField.SourceV4, s_leaving4.Name)),
            new FilterRule("floating address", To(negate: false), Family(IPv6), new FilterTranslate(Source: true, FilterField.SourceV6, s_leaving6.Name)),
            new FilterRule("leaves the network", To(negate: false), new FilterMasquerade()),
        ]));
    }

    private static IEnumerable<IpPrefix> Ways(Outside? outside) =>
    [
        .. outside is { HasDefaultRoutes: true } ? (IpPrefix[])[new(InetAddress.AnyV4, 0), new(InetAddress.AnyV6, 0)] : [],
        .. (outside?.Services ?? []).Select(s => IpPrefix.Host(s.Address)),
    ];

    private static IEnumerable<FilterRule> MayLeave(Outside outside)
    {
        yield return new FilterRule("stays inside", From(negate: true), To(negate: true), FilterVerdict.Accept);
        yield return new FilterRule("answers", new FilterAnyBit(FilterField.ConntrackState, (uint)(NftCtState.Established | NftCtState.Related)), FilterVerdict.Accept);
        FilterAnyBit translated = new(FilterField.ConntrackStatus, DestinationTranslated);
        foreach ((byte family, FilterField from, FilterField to, string targets) in ((byte, FilterField, FilterField, string)[])
            [(IPv4, FilterField.SourceV4, FilterField.DestinationV4, s_targets4.Name), (IPv6, FilterField.SourceV6, FilterField.DestinationV6, s_targets6.Name)])
        {
            yield return new FilterRule("to a floating address", From(negate: false), Family(family), translated, new FilterLookup(to, targets), FilterVerdict.Accept);
            yield return new FilterRule("from a floating address", From(negate: true), Family(family), new FilterLookup(from, targets), FilterVerdict.Accept);
        }
        foreach (HostService service in outside.Services)
            yield return new FilterRule("service", [From(negate: true), .. LegManager.To(service.Address, service.Protocol, service.Port), FilterVerdict.Accept]);
        if (outside.LetsOut)
        {
            yield return new FilterRule("own subnets", From(negate: true), Family(IPv4), new FilterLookup(FilterField.SourceV4, s_subnets4.Name), FilterVerdict.Accept);
            yield return new FilterRule("own subnets", From(negate: true), Family(IPv6), new FilterLookup(FilterField.SourceV6, s_subnets6.Name), FilterVerdict.Accept);
        }
        yield return new FilterRule("not let through the leg", new FilterCounter(), FilterVerdict.Drop);
    }

    private void FillFloating(IReadOnlyList<FloatingPair> floating, bool v6)
    {
        FloatingPair[] pairs = [.. floating.Where(f => f.Address.IsIPv6 == v6)];
        FilterSetData address = v6 ? FilterSetData.AddressV6 : FilterSetData.AddressV4;
        FilterName arriving = v6 ? s_arriving6 : s_arriving4, leaving = v6 ? s_leaving6 : s_leaving4, targets = v6 ? s_targets6 : s_targets4;
        FilterField source = v6 ? FilterField.SourceV6 : FilterField.SourceV4, destination = v6 ? FilterField.DestinationV6 : FilterField.DestinationV4;
        tables.SetSet(new FilterSet(FilterFamily.Inet, arriving.Name, [destination], address));
        tables.SetSet(new FilterSet(FilterFamily.Inet, leaving.Name, [source], address));
        tables.SetSet(new FilterSet(FilterFamily.Inet, targets.Name, [source]));
        tables.SetElements(arriving, pairs.Select(p => Map(p.Address, p.Target)));
        tables.SetElements(leaving, pairs.DistinctBy(p => p.Target).Select(p => Map(p.Target, p.Address)));
        tables.SetElements(targets, pairs.Select(p => p.Target).Distinct().Select(t => (FilterElementKey)NftValue.From(t)));
    }

    private static KeyValuePair<FilterElementKey, FilterElementData> Map(InetAddress from, InetAddress to) => new(NftValue.From(from), new FilterElementData(0, Address: NftValue.From(to)));

    private void Fill(FilterName set, IEnumerable<IpPrefix> prefixes, FilterField field)
    {
        tables.SetSet(new FilterSet(FilterFamily.Inet, set.Name, [field], Interval: true));
        tables.SetElements(set, Intervals.Of(prefixes.Order()));
    }

    private static FilterCompare From(bool negate) => new(FilterField.InputInterface, s_leg, negate);

    private static FilterCompare To(bool negate) => new(FilterField.OutputInterface, s_leg, negate);

    private static FilterCompare Family(byte family) => new(FilterField.NetworkProtocol, NftValue.Byte(family));

    private static FilterName Name(string name) => new(FilterFamily.Inet, name);
}
