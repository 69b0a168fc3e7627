using Margay.Bgp.Rib;
using Margay.Bgp.Wire;

namespace Margay.Bgp;

/// <summary>The speaker's own routes as paths of peer 0. Owned by the speaker's loop.</summary>
internal sealed class LocalRoutes
{
    private readonly RibTable[] _tables;
    private readonly PathAttributeTable _attributes;
    private readonly RibPeer _self = new(0, RouteSource.Local);

    internal LocalRoutes(RibTable[] tables, PathAttributeTable attributes)
    {
        _tables = tables;
        _attributes = attributes;
        foreach (RibTable t in tables) t.SetPeer(_self);
    }

    internal void Update(IReadOnlyCollection<LocalRouteChange> changes)
    {
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        LocalRoute? last = null;
        int id = 0;
        foreach (LocalRouteChange change in changes)
        {
            key.Clear();
            change.Nlri.Key.CopyTo(key);
            RibTable table = _tables[KnownFamilies.IndexOf(change.Nlri.Family)];
            if (change.Route is not { } route)
            {
                table.Withdraw(_self, key, 0);
                continue;
            }
            // A node's own routes mostly share one description.
            if (!ReferenceEquals(route, last))
            {
                _attributes.Release(id);
                id = _attributes.Intern(ToAttributes(route));
                last = route;
            }
            table.Announce(_self, key, 0, id, id, PathReason.Best);
        }
        _attributes.Release(id);
    }

    private static PathAttributes ToAttributes(LocalRoute route) => new PathAttributesBuilder()
        .SetNextHop(route.NextHop)
        .SetOrigin(route.Origin)
        .SetAsPath(route.AsPath)
        .SetMed(route.Med)
        .SetLocalPref(route.LocalPref)
        .SetCommunities(route.Communities.AsSpan())
        .SetExtendedCommunities(route.ExtendedCommunities.AsSpan())
        .SetLargeCommunities(route.LargeCommunities.AsSpan())
        .SetAtomicAggregate(route.AtomicAggregate)
        .SetNlriPayload(route.NlriPayload.Span)
        .Build();
}
