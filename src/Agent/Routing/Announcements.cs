using System.Collections.Immutable;
using Margay.Agent.Attach;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Agent.Routing;

/// <summary>
/// What this node originates: the blocks it owns, and each address in use here that lies in none of them (moved here, or left over from a
/// block that was given up), and each floating address whose target is in use here. Whom it is told to is <see cref="PeerPolicies"/>. Pure.
/// </summary>
internal static class Announcements
{
    public static IReadOnlyDictionary<IpPrefix, LocalRoute> Of(HeldView view, AddressUseSnapshot use)
    {
        List<(IpPrefix Cidr, LocalRoute Route)> communities = [.. (view.Settings?.PrefixCommunities ?? [])
            .Where(c => IpPrefix.TryParse(c.Cidr, out _))
            .Select(c => (IpPrefix.Parse(c.Cidr), With(c)))];

        Dictionary<IpPrefix, LocalRoute> routes = [];
        foreach (NetworkPrefix prefix in use.Blocks.Concat(use.Strays).Concat(Floating(view, use)))
        {
            if (!prefix.Network.IsDefault) continue;
            int? priority = prefix.Prefix.IsIPv6 ? view.Settings?.RoutePriorityIPv6 : view.Settings?.RoutePriorityIPv4;
            LocalRoute plain = LocalRoute.Default with { LocalPref = RoutePriority.ToLocalPref(priority ?? RoutePriority.Normal) };
            routes[prefix.Prefix] = communities.Where(c => c.Cidr.Contains(prefix.Prefix)).Select(c => c.Route).Aggregate(plain, Join);
        }
        return routes;
    }

    private static IEnumerable<NetworkPrefix> Floating(HeldView view, AddressUseSnapshot use)
    {
        HashSet<NetworkPrefix> here = [.. use.Hosts];
        return view.Networks.Values.SelectMany(n => n.Floating.Where(f => here.Contains(new NetworkPrefix(new NetworkName(n.Name), IpPrefix.Host(InetAddress.Parse(f.Target))))))
            .Select(f => new NetworkPrefix(NetworkName.Default, IpPrefix.Host(InetAddress.Parse(f.Address))));
    }

    /// <summary>What must be said to get from one set of announcements to another.</summary>
    public static IReadOnlyList<LocalRouteChange> Difference(IReadOnlyDictionary<IpPrefix, LocalRoute> before, IReadOnlyDictionary<IpPrefix, LocalRoute> after)
    {
        List<LocalRouteChange> changes = [];
        foreach ((IpPrefix prefix, LocalRoute route) in after)
            if (!before.TryGetValue(prefix, out LocalRoute? old) || !SameAs(old, route)) changes.Add(new(prefix, route));
        foreach (IpPrefix prefix in before.Keys)
            if (!after.ContainsKey(prefix)) changes.Add(new(prefix, null));
        return changes;
    }

    private static bool SameAs(LocalRoute a, LocalRoute b) => a.LocalPref == b.LocalPref && a.Communities.SequenceEqual(b.Communities) && a.LargeCommunities.SequenceEqual(b.LargeCommunities);

    private static LocalRoute With(PrefixCommunities given)
    {
        ImmutableArray<Community>.Builder standard = ImmutableArray.CreateBuilder<Community>();
        ImmutableArray<LargeCommunity>.Builder large = ImmutableArray.CreateBuilder<LargeCommunity>();
        foreach (string text in given.Communities)
        {
            if (Community.TryParse(text, out Community community)) standard.Add(community);
            else if (LargeCommunity.TryParse(text, out LargeCommunity wide)) large.Add(wide);
        }
        return new LocalRoute { Communities = standard.ToImmutable(), LargeCommunities = large.ToImmutable() };
    }

    private static LocalRoute Join(LocalRoute a, LocalRoute b) => a with
    {
        Communities = [.. a.Communities.Union(b.Communities).OrderBy(c => c.Value)],
        LargeCommunities = [.. a.LargeCommunities.Union(b.LargeCommunities)],
    };
}
