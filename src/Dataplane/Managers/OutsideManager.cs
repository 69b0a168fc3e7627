using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Networks;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Dataplane.Managers;

// A network's packets on their way out of its namespace:
//
//   workload ─► forward 0: its egress policy ─► forward 5: own subnets only, answers otherwise ─► postrouting 100: source becomes the transit address ─► leg
//
// The translation is in the network's own connection tracking: no tenant's connections meet another's.

/// <summary>What leads out of a virtual network on this host, inside of its namespace: default routes over the leg, who may use them, under which address. Owned by the dataplane's loop.</summary>
internal sealed class OutsideManager(FilterTables tables, RouteManager routes)
{
    private const byte IPv4 = 2, IPv6 = 10;
    private const string Leaving = "leaving", Translation = "leaving-source";
    private static readonly FilterName s_subnets4 = Name("subnets4"), s_subnets6 = Name("subnets6");
    private static readonly NftValue s_leg = NftValue.IfName(Leg.Name);

    /// <summary>The ranges whose unused addresses must not follow a default route.</summary>
    public IReadOnlyList<IpPrefix> Closed { get; private set; } = [];

    public void Want(Outside? outside)
    {
        Closed = outside?.Subnets ?? [];
        RouteNextHop over = new(LegSpec.OtherEnd, Interface: Leg.Name);
        routes.SetFixed(outside is { LetsOut: true }
            ? new Dictionary<IpPrefix, RouteNextHop> { [new(InetAddress.AnyV4, 0)] = over, [new(InetAddress.AnyV6, 0)] = over }
            : new Dictionary<IpPrefix, RouteNextHop>());
        if (outside is null)
        {
            foreach (string chain in (string[])[Leaving, Translation]) tables.RemoveChain(Name(chain));
            foreach (FilterName set in (FilterName[])[s_subnets4, s_subnets6]) tables.RemoveSet(set);
            return;
        }
        Fill(s_subnets4, outside.Subnets.Where(s => !s.IsIPv6), FilterField.SourceV4);
        Fill(s_subnets6, outside.Subnets.Where(s => s.IsIPv6), FilterField.SourceV6);
        tables.SetChain(new FilterChain(FilterFamily.Inet, Leaving, new FilterBase(FilterHook.Forward, 5), [.. MayLeave(outside)]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, Translation, new FilterBase(FilterHook.Postrouting, PoolManager.SourceNatPriority, Nat: true),
            [new FilterRule("leaves the network", To(negate: false), new FilterMasquerade())]));
    }

    private static IEnumerable<FilterRule> MayLeave(Outside outside)
    {
        yield return new FilterRule("stays inside", From(negate: true), To(negate: true), FilterVerdict.Accept);
        yield return new FilterRule("answers", new FilterAnyBit(FilterField.ConntrackState, (uint)(NftCtState.Established | NftCtState.Related)), FilterVerdict.Accept);
        if (outside.LetsOut)
        {
            yield return new FilterRule("own subnets", From(negate: true), Family(IPv4), new FilterLookup(FilterField.SourceV4, s_subnets4.Name), FilterVerdict.Accept);
            yield return new FilterRule("own subnets", From(negate: true), Family(IPv6), new FilterLookup(FilterField.SourceV6, s_subnets6.Name), FilterVerdict.Accept);
        }
        yield return new FilterRule("not let through the leg", new FilterCounter(), FilterVerdict.Drop);
    }

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
