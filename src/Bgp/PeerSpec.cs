using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>
/// One neighbour, or one range of dynamic neighbours, as asked for. Immutable; two specs that are equal ask
/// for the same thing, so that <see cref="Speaker.ApplyAsync"/> leaves the session alone.
/// </summary>
public sealed record PeerSpec
{
    /// <summary>Identity of the peer across configurations, and its name in logs and status. Unique.</summary>
    public required string Name { get; init; }

    public string Description { get; init; } = "";

    /// <summary>The neighbour's address. Null for dynamic neighbours, which then need <see cref="ListenRange"/>, and for unnumbered ones, which need <see cref="Interface"/>.</summary>
    public InetAddress? RemoteAddress { get; init; }

    /// <summary>Dynamic neighbours: whoever connects from this prefix gets a peer named <c>name-address</c>. Always passive.</summary>
    public IpPrefix? ListenRange { get; init; }

    /// <summary>At most this many dynamic neighbours of the range at a time.</summary>
    public int ListenLimit { get; init; } = 10_000;

    public ushort RemotePort { get; init; } = 179;

    /// <summary>
    /// The interface of a link-local <see cref="RemoteAddress"/>, and the one the connection is bound to. By itself, without an address: an unnumbered peer. It is
    /// whoever sends router advertisements (RFC 4861) on the link; we send them too.
    /// </summary>
    public string? Interface { get; init; }

    internal bool IsUnnumbered => RemoteAddress is null && ListenRange is null && Interface is not null;

    public RemoteAs RemoteAs { get; init; } = RemoteAs.External;

    /// <summary>Our AS towards this peer (local-AS); null is the speaker's own.</summary>
    public uint? LocalAs { get; init; }

    /// <summary>What <see cref="LocalAs"/> does to AS_PATH besides standing first in what the external peer is sent.</summary>
    public LocalAsModes LocalAsMode { get; init; }

    /// <summary>Source address of the connection; null lets the kernel choose.</summary>
    public InetAddress? LocalAddress { get; init; }

    /// <summary>Our own address as a next hop of IPv4 routes, for a session over IPv6. Null: the session's if it is IPv4, else an IPv6 next hop if the peer takes it (RFC 8950).</summary>
    public InetAddress? SelfIPv4 { get; init; }

    /// <summary>Our own address as a next hop of IPv6 routes, for a session over IPv4. Null: the session's if it is IPv6, else such routes are not sent.</summary>
    public InetAddress? SelfIPv6 { get; init; }

    /// <summary>Waits for the peer to connect, never connects itself.</summary>
    public bool Passive { get; init; }

    /// <summary>Down by the operator's wish: the session is ended with Cease / Administrative Shutdown (RFC 9003) and stays down.</summary>
    public bool AdminDown { get; init; }

    /// <summary>Sent with the shutdown NOTIFICATION (RFC 9003), at most 255 octets of UTF-8.</summary>
    public string ShutdownText { get; init; } = "";

    /// <summary>IP TTL of sent packets, 1–255. Null: 1 for a directly connected external peer, 64 for an internal one.</summary>
    public byte? Ttl { get; init; }

    /// <summary>Generalised TTL security (RFC 5082): send 255 and accept only 256 - hops or more. 0 is off.</summary>
    public byte TtlSecurityHops { get; init; }

    /// <summary>The external peer may be more than one hop away.</summary>
    public bool Multihop { get; init; }

    /// <summary>TCP MD5 signature key (RFC 2385), at most 80 octets of UTF-8. Null is off.</summary>
    public string? Password { get; init; }

    public PeerTimers Timers { get; init; } = PeerTimers.Default;

    public FamilySet Families { get; init; } = FamilySet.IPv4Unicast;

    /// <summary>Internal peers only: this peer is our route reflector client (RFC 4456).</summary>
    public bool RouteReflectorClient { get; init; }

    /// <summary>Internal peers only: the cluster id towards this peer; null is the speaker's.</summary>
    public InetAddress? ClusterId { get; init; }

    public NextHopMode NextHop { get; init; } = NextHopMode.Auto;

    /// <summary>External peers: a next hop in the subnet that we share with the peer is left as it is, instead of naming ourselves ("third party", RFC 4271 §5.1.3).</summary>
    public bool ThirdPartyNextHop { get; init; }

    /// <summary>Accept routes that carry our own AS up to this often. 0 refuses them.</summary>
    public int AllowOwnAs { get; init; }

    /// <summary>Null accepts all (subject to <see cref="RequirePolicy"/>).</summary>
    public IRouteFilter? Import { get; init; }

    /// <summary>Null sends all (subject to <see cref="RequirePolicy"/>).</summary>
    public IRouteFilter? Export { get; init; }

    /// <summary>RFC 8212: an external peer without an import (export) filter accepts (is sent) nothing.</summary>
    public bool RequirePolicy { get; init; }

    /// <summary>0 is no limit.</summary>
    public PrefixLimit PrefixLimit { get; init; } = PrefixLimit.None;

    public GracefulRestartSpec GracefulRestart { get; init; } = GracefulRestartSpec.Default;

    /// <summary>Watches the way to the peer (RFC 5880, 5882); null is off.</summary>
    public BfdSpec? Bfd { get; init; }

    /// <summary>VPN and EVPN: the route targets of the routes that the peer may be sent; what it says itself by RFC 4684 narrows them down. Null: all.</summary>
    public RouteTargetSet? RouteTargets { get; init; }

    /// <summary>ADD-PATH (RFC 7911) offered for all <see cref="Families"/>.</summary>
    public AddPathMode AddPath { get; init; }

    /// <summary>Offer IPv6 next hops for IPv4 routes (RFC 8950).</summary>
    public bool ExtendedNextHop { get; init; } = true;
}

/// <summary>Which AS the peer may have.</summary>
/// <param name="Asn">A number, or 0 for a kind.</param>
/// <param name="Kind">Read if <paramref name="Asn"/> is 0.</param>
public readonly record struct RemoteAs(uint Asn, RemoteAsKind Kind)
{
    /// <summary>Any AS but our own.</summary>
    public static RemoteAs External => new(0, RemoteAsKind.External);

    /// <summary>Our own AS.</summary>
    public static RemoteAs Internal => new(0, RemoteAsKind.Internal);

    public static RemoteAs Any => new(0, RemoteAsKind.Any);

    public static implicit operator RemoteAs(uint asn) => new(asn, RemoteAsKind.Any);

    internal bool Accepts(uint remote, uint local) => Asn != 0 ? remote == Asn : Kind switch
    {
        RemoteAsKind.External => remote != local,
        RemoteAsKind.Internal => remote == local,
        _ => true,
    };
}

public enum RemoteAsKind
{
    External,
    Internal,
    Any,
}

/// <summary>Which next hop the peer is told.</summary>
public enum NextHopMode
{
    /// <summary>External peers: ourselves. Internal: unchanged, except for our own routes that name none.</summary>
    Auto,

    /// <summary>Ourselves, also to internal peers; reflected routes keep theirs (RFC 4456 §10).</summary>
    Self,

    /// <summary>Unchanged, to external peers too (route server, multihop EVPN).</summary>
    Keep,
}

/// <summary>Other vendors' ways with a local AS; without any of them the peer sees only the local AS, and routes from it do not show it (no-prepend replace-as).</summary>
[Flags]
public enum LocalAsModes
{
    None = 0,

    /// <summary>The external peer sees the speaker's own AS behind the local one (no replace-as).</summary>
    ShowOwnAs = 1,

    /// <summary>Routes from the external peer get the local AS in front (no no-prepend).</summary>
    PrependInbound = 2,
}

[Flags]
public enum AddPathMode
{
    None = 0,
    Receive = 1,
    Send = 2,
    Both = 3,
}

/// <summary>Timers of RFC 4271 §10. Jitter (0.75–1.0) is applied to connect retry and keepalive.</summary>
/// <param name="Hold">Offered; the lower of both sides counts. 0 or at least 3 s.</param>
/// <param name="ConnectRetry">Between two attempts to connect.</param>
/// <param name="IdleHold">After an error, before the next attempt; doubles up to <paramref name="IdleHoldMax"/> with each failure.</param>
public sealed record PeerTimers(TimeSpan Hold, TimeSpan ConnectRetry, TimeSpan IdleHold, TimeSpan IdleHoldMax)
{
    /// <summary>90 s, 5 s, 0.1 s doubling to 30 s.</summary>
    public static PeerTimers Default { get; } = new(TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30));
}

/// <summary>At most <paramref name="Maximum"/> routes per family from the peer; 0 is no limit.</summary>
/// <param name="RestartAfter">Null: stays down until it is configured anew.</param>
/// <param name="WarnAtPercent">Of the maximum, at which the log has a warning; 0 is none.</param>
public sealed record PrefixLimit(int Maximum, TimeSpan? RestartAfter, int WarnAtPercent = 75)
{
    public static PrefixLimit None { get; } = new(0, null);
}

/// <summary>Graceful restart (RFC 4724), both roles, and its long-lived form (RFC 9494).</summary>
/// <param name="Enabled">Offer the capability and act as helper.</param>
/// <param name="RestartTime">How long the peer shall keep our routes after our session dropped; 0–4095 s.</param>
/// <param name="LongLivedTime">Further time during which routes stay as least preferred; zero is off.</param>
public sealed record GracefulRestartSpec(bool Enabled, TimeSpan RestartTime, TimeSpan LongLivedTime)
{
    /// <summary>On, 120 s, no long-lived time.</summary>
    public static GracefulRestartSpec Default { get; } = new(true, TimeSpan.FromSeconds(120), TimeSpan.Zero);

    public static GracefulRestartSpec Off { get; } = new(false, TimeSpan.Zero, TimeSpan.Zero);
}
