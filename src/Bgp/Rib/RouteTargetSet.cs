using System.Buffers.Binary;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>
/// The route targets of the routes that a peer is sent: what it subscribed to by route target membership (RFC 4684), or what is configured for one that cannot.
/// Immutable, equal by content: peers with the same share an update group.
/// </summary>
public sealed class RouteTargetSet : IEquatable<RouteTargetSet>
{
    private readonly SortedSet<(int Bits, ulong Value)> _prefixes = [];

    /// <summary>Exactly these; none is nothing at all.</summary>
    public RouteTargetSet(IEnumerable<ExtendedCommunity> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        foreach (ExtendedCommunity t in targets) _prefixes.Add((64, t.Value));
    }

    internal RouteTargetSet(IEnumerable<Nlri> subscriptions)
    {
        Span<byte> target = stackalloc byte[8];
        foreach (Nlri n in subscriptions)
        {
            ReadOnlySpan<byte> key = n.Key;
            // The origin AS says who asked, not for what.
            int bits = Math.Max(0, key[0] - 32);
            target.Clear();
            if (bits > 0) key[5..].CopyTo(target);
            _prefixes.Add((bits, BinaryPrimitives.ReadUInt64BigEndian(target)));
        }
    }

    private RouteTargetSet(IEnumerable<(int, ulong)> prefixes) => _prefixes.UnionWith(prefixes);

    /// <summary>What is in both: a wish narrows a permission down, and never widens it.</summary>
    internal RouteTargetSet Within(RouteTargetSet permitted) => new(
        from wish in _prefixes
        from limit in permitted._prefixes
        where ((wish.Value ^ limit.Value) & Mask(Math.Min(wish.Bits, limit.Bits))) == 0
        select wish.Bits >= limit.Bits ? wish : limit);

    private static ulong Mask(int bits) => bits == 0 ? 0 : ulong.MaxValue << (64 - bits);

    /// <summary>Whether one of the route's targets is in the set; a subscription to all matches routes without any, too.</summary>
    internal bool Matches(ReadOnlySpan<byte> extendedCommunities)
    {
        foreach ((int bits, ulong value) in _prefixes)
        {
            if (bits == 0) return true;
            ulong mask = ulong.MaxValue << (64 - bits);
            for (ReadOnlySpan<byte> rest = extendedCommunities; rest.Length >= 8; rest = rest[8..])
            {
                ulong c = BinaryPrimitives.ReadUInt64BigEndian(rest);
                if (new ExtendedCommunity(c).IsRouteTarget && (c & mask) == value) return true;
            }
        }
        return false;
    }

    public bool Equals(RouteTargetSet? other) => other is not null && _prefixes.SetEquals(other._prefixes);
    public override bool Equals(object? obj) => Equals(obj as RouteTargetSet);

    public override int GetHashCode()
    {
        HashCode h = default;
        foreach ((int, ulong) p in _prefixes) h.Add(p);
        return h.ToHashCode();
    }
}
