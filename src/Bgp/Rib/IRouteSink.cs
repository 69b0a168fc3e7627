using System.Collections.Immutable;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Rib;

/// <summary>
/// Takes best paths (the FIB side). Called on the speaker's loop, in order; it must not block: queue and coalesce per prefix.
/// </summary>
public interface IRouteSink
{
    /// <summary>The prefixes whose best paths changed since the last call, each once, with their new paths.</summary>
    void Apply(RouteChangeBatch batch);

    /// <summary>
    /// The session with the peer at this address ended, and what it told is not kept for a restart: most likely nothing arrives at it any more. Called before its routes are looked at, of
    /// which there may be many; the batch that follows from them names it (<see cref="RouteChangeBatch.Lost"/>), whether or not a best path changed.
    /// </summary>
    void PeerLost(InetAddress peer)
    {
    }
}

/// <param name="Changes">Each prefix at most once.</param>
/// <param name="Initial">True until <see cref="Converged"/> has been reported once.</param>
/// <param name="Converged">
/// True once: every configured peer has sent its End-of-RIB (RFC 4724 §2), or has failed to come up within the deferral
/// time. Routes of an earlier life that are not renewed by now are stale.
/// </param>
public sealed record RouteChangeBatch(ImmutableArray<RouteChange> Changes, bool Initial, bool Converged)
{
    /// <summary>Peers that were lost; with this batch all that follows from it has been said.</summary>
    public ImmutableArray<InetAddress> Lost { get; init; } = [];
}

/// <param name="NextHops">Empty: the prefix has no path any more. Several: equal paths (ECMP).</param>
/// <param name="Attributes">Of the best path; null if there is none.</param>
/// <param name="Source">The peer of the best path; null if there is none or the route is local.</param>
/// <param name="IsLocal">The best path is the speaker's own route: nothing to install.</param>
public readonly record struct RouteChange(
    Nlri Nlri, ImmutableArray<NextHop> NextHops, PathAttributes? Attributes, RouteSource? Source, bool IsLocal);

/// <param name="Interface">Set for a link-local address.</param>
public readonly record struct NextHop(InetAddress Address, string? Interface, string PeerName);

/// <summary>Whom a path was learned from, as filters and rows see it.</summary>
/// <param name="PeerName"><see cref="Local"/>'s name is empty.</param>
/// <param name="IsExternal">eBGP.</param>
public sealed record RouteSource(string PeerName, InetAddress Address, uint Asn, InetAddress RouterId, bool IsExternal, bool IsClient)
{
    /// <summary>The speaker's own routes.</summary>
    public static RouteSource Local { get; } = new("", InetAddress.AnyV4, 0, InetAddress.AnyV4, false, false);

    public bool IsLocal => PeerName.Length == 0;

    /// <summary>The interface that the session is bound to, if any.</summary>
    public string? Interface { get; init; }
}
