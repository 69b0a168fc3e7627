using Margay.Bgp.Wire;

namespace Margay.Bgp.Rib;

/// <summary>
/// Import or export policy of a peer: a pure function of the route. The result is remembered, so that it must not depend on anything else
/// (time, counters, other routes). Equality decides whether a changed configuration re-evaluates the routes: make filters records.
/// Called on the speaker's loop; it must not throw.
/// </summary>
public interface IRouteFilter
{
    FilterResult Apply(in FilterContext route);
}

/// <summary>The route, whom it was learned from, and whether the session that the filter belongs to is eBGP.</summary>
public readonly ref struct FilterContext(Nlri nlri, PathAttributes attributes, RouteSource source, bool peerIsExternal)
{
    public Nlri Nlri { get; } = nlri;
    public PathAttributes Attributes { get; } = attributes;
    public RouteSource Source { get; } = source;
    public bool PeerIsExternal { get; } = peerIsExternal;
}

/// <summary>Accept as it is, accept with other attributes, or reject.</summary>
public readonly struct FilterResult
{
    private FilterResult(bool accepted, PathAttributes? attributes, string? reason = null)
    {
        Accepted = accepted;
        Attributes = attributes;
        Reason = reason;
    }

    public bool Accepted { get; }

    /// <summary>The attributes in place of the route's; null leaves them.</summary>
    public PathAttributes? Attributes { get; }

    /// <summary>Why it was rejected, or not taken as it is, in words; null if the filter does not say.</summary>
    public string? Reason { get; }

    /// <summary>The peer said what it may not: somebody ought to know.</summary>
    public bool IsDistrusted { get; private init; }

    public static FilterResult Accept => new(true, null);
    public static FilterResult Reject => default;
    public static FilterResult Rejected(string reason) => new(false, null, reason);
    public static FilterResult Modify(PathAttributes attributes) => new(true, attributes);

    /// <summary>The peer says what it may not: the route is rejected, or accepted as far as it may.</summary>
    /// <param name="kept">Null: nothing of it.</param>
    public static FilterResult Distrusted(string reason, PathAttributes? kept = null) => new(kept is not null, kept, reason) { IsDistrusted = true };
}
