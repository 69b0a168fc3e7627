using System.Collections.Immutable;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>Session state (RFC 4271 §8.2.2).</summary>
public enum SessionState
{
    Idle,
    Connect,
    Active,
    OpenSent,
    OpenConfirm,
    Established,
}

/// <summary>One peer as <c>show</c> prints it: a snapshot.</summary>
public sealed record PeerStatus
{
    public required string Name { get; init; }
    public required string Description { get; init; }

    /// <summary>Unspecified while an unnumbered peer has not been heard.</summary>
    public required InetAddress Address { get; init; }

    /// <summary>The interface that the peer is bound to, if any; the scope of a link-local <see cref="Address"/>.</summary>
    public string? Interface { get; init; }

    public required bool Dynamic { get; init; }
    public required SessionState State { get; init; }

    /// <summary>When the peer entered or left Established last, or was configured.</summary>
    public required DateTimeOffset Since { get; init; }

    public required uint LocalAs { get; init; }

    /// <summary>0 until an OPEN was received, if any AS is allowed.</summary>
    public required uint RemoteAs { get; init; }

    public InetAddress? RouterId { get; init; }
    public InetAddress? LocalAddress { get; init; }

    /// <summary>Negotiated; zero until Established, or if the peers agreed on no hold timer.</summary>
    public TimeSpan HoldTime { get; init; }

    public FamilySet Families { get; init; }

    /// <summary>The peer's capabilities in words.</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>Why the last session ended, or why an OPEN was refused, in words; empty if neither ever happened.</summary>
    public required string LastError { get; init; }

    /// <summary>Why there is no connection, in words; empty while there is one.</summary>
    public string ConnectError { get; init; } = "";

    /// <summary>Routes in the Adj-RIB-In, rejected ones included.</summary>
    public int RoutesReceived { get; init; }

    /// <summary>Routes accepted by import policy and loop checks.</summary>
    public int RoutesAccepted { get; init; }

    /// <summary>How often import policy did not believe a route, or part of it (<see cref="Rib.FilterResult.IsDistrusted"/>); counts up for ever.</summary>
    public long RoutesDistrusted { get; init; }

    /// <summary>Routes in the Adj-RIB-Out.</summary>
    public int RoutesAdvertised { get; init; }

    public long MessagesReceived { get; init; }

    /// <summary>OPEN, KEEPALIVE, ROUTE-REFRESH and NOTIFICATION messages of this session; UPDATEs are shared with other peers and not counted for each.</summary>
    public long MessagesSent { get; init; }

    /// <summary>Octets of this session that TCP has taken, UPDATEs included.</summary>
    public long OctetsSent { get; init; }

    public long UpdatesReceived { get; init; }
    public int TimesEstablished { get; init; }

    /// <summary>Null: no BFD with this peer, or not yet, because no connection has shown which address of ours it is for.</summary>
    public BfdStatus? Bfd { get; init; }

    /// <summary>The peer reads more slowly than routes change, and is served from the RIB.</summary>
    public bool IsSlow { get; init; }
}

/// <summary>Which table a <see cref="RouteRow"/> is from.</summary>
public enum RibKind
{
    AdjRibIn,
    LocRib,
    AdjRibOut,
}

/// <summary>One path as <c>show</c> and <c>explain</c> print it.</summary>
/// <param name="Peer">Adj-RIB-Out: the peer it is sent to; else the one it came from, empty for our own.</param>
/// <param name="PathId">Of ADD-PATH, 0 without.</param>
/// <param name="Reason">Why it is, or is not, the best path.</param>
public sealed record RouteRow(Nlri Nlri, string Peer, uint PathId, PathAttributes Attributes, bool Best, bool Stale, string Reason)
{
    /// <summary>When it was received, in whole seconds; null for what is sent.</summary>
    public DateTimeOffset? Since { get; init; }
}

/// <summary>All candidates for a prefix, the best first, each with the step that decided against it.</summary>
/// <param name="AdvertisedTo">Peers that are sent the best path; <paramref name="NotAdvertisedTo"/> gives the others with the reason.</param>
public sealed record RouteExplanation(
    Nlri Nlri, ImmutableArray<RouteRow> Candidates, ImmutableArray<string> AdvertisedTo, ImmutableArray<(string Peer, string Reason)> NotAdvertisedTo);
