using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Microsoft.Extensions.Logging;

namespace Margay.Bgp.Session;

/// <summary>What sessions need of the speaker, and what they tell it. All on the speaker's loop.</summary>
internal interface ISessionHost
{
    TimeSpan Now { get; }
    DateTimeOffset WallClock { get; }
    TimerQueue Timers { get; }
    Random Random { get; }
    ILogger Logger { get; }
    ITransport Transport { get; }
    uint LocalAs { get; }
    InetAddress RouterId { get; }

    /// <summary>The R bit of graceful restart is to be set.</summary>
    bool IsRestarting { get; }

    /// <summary>The F bits of graceful restart are to be clear towards a peer that had no session with us yet.</summary>
    bool HasLostForwarding { get; }

    /// <summary>Scratch for one call: a receive buffer.</summary>
    byte[] ReceiveBuffer { get; }

    /// <summary>Scratch for one call: gathered writes.</summary>
    ArraySegment<byte>[] SendBuffers { get; }

    /// <summary>The peer was started or stopped, or a connection shows which address of ours it uses (null: as before).</summary>
    void OnPathChanged(Peer peer, InetAddress? local);

    void OnEstablished(BgpSession session);

    /// <summary>An Established session has ended. <paramref name="graceful"/>: not by our or the peer's wish, its routes may be kept (RFC 4724).</summary>
    void OnDown(BgpSession session, bool graceful);

    /// <summary>The body of an UPDATE; null, or the NOTIFICATION that ends the session.</summary>
    NotificationMessage? OnUpdate(BgpSession session, ReadOnlySpan<byte> body);

    void OnRouteRefresh(BgpSession session, RouteRefreshMessage message);

    /// <summary>The session has something to send: do so at the end of this turn.</summary>
    void RequestFlush(BgpSession session);

    /// <summary>A dynamic neighbour's session has ended.</summary>
    void OnDynamicPeerGone(Peer peer);
}
