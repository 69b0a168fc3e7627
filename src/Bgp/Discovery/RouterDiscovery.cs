using Margay.Core.Net;

namespace Margay.Bgp.Discovery;

// Who is at the other end of this cable? (unnumbered peers: an interface is configured, and no address)
//
//   RouterSocket (ICMPv6, one per interface) ──► RouterDiscovery (pure: when to speak, whom we heard) ──► UnnumberedPeers ──► Peer
//
// Both ends say that they are routers by router advertisements (RFC 4861), from their link-local addresses and with hop limit 255, which no packet from beyond the
// link can have. The source of such an advertisement is the neighbour's address, and BGP is spoken with it. FRR and others find their
// neighbours in the same way ("neighbor IF interface remote-as external"). Our advertisements carry no prefixes, so that nobody configures addresses
// from them; hosts that accept them take us for a default router, as they would any router: an unnumbered interface is a cable between routers, no LAN.

/// <summary>
/// Router discovery on one interface: says that we are there, and remembers who else is. Pure but for <see cref="IRouterOutput"/>; whoever owns it calls
/// <see cref="OnTimer"/> at <see cref="Due"/>.
/// </summary>
internal sealed class RouterDiscovery(IRouterOutput output, Random random)
{
    /// <summary>Between two advertisements: RFC 4861 §6.2.1 allows hosts' routers less often, but a peering waits for the first.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Three of ours may be lost (§6.2.1).</summary>
    internal static readonly TimeSpan Lifetime = 3 * Interval;

    /// <summary>MIN_DELAY_BETWEEN_RAS (§10), also for solicitations, so that nobody makes us a source of floods.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(3);

    /// <summary>At the start a lost packet shall not cost ten seconds (MAX_INITIAL_RTR_ADVERTISEMENTS, §10).</summary>
    private const int InitialAdvertisements = 3;

    private int _sent;
    private TimeSpan? _lastSent;
    private TimeSpan _next;
    private TimeSpan? _expires;

    /// <summary>The neighbour that was heard; null: none, or not for its lifetime.</summary>
    internal InetAddress? Neighbour { get; private set; }

    /// <summary>Another router was heard beside <see cref="Neighbour"/>: this is no cable between two.</summary>
    internal InetAddress? Rival { get; private set; }

    internal TimeSpan Due => _expires is { } e && e < _next ? e : _next;

    internal void Start(TimeSpan now)
    {
        output.Send(new RouterMessage(RouterMessageType.RouterSolicitation, TimeSpan.Zero));
        Advertise(now);
    }

    /// <summary>A message from the link.</summary>
    internal void OnMessage(in RouterMessage message, InetAddress source, byte hopLimit, TimeSpan now)
    {
        // §6.1: from beyond the link nothing is believed. A solicitation may come from an address not yet sure of itself.
        if (hopLimit != 255) return;
        if (message.Type == RouterMessageType.RouterSolicitation)
        {
            TimeSpan soon = _lastSent is { } last && last + s_pause > now ? last + s_pause : now;
            if (soon < _next) _next = soon;
        }
        else if (source is { IsIPv6: true, IsLinkLocal: true })
        {
            OnAdvertisement(source, message.Lifetime, now);
        }
    }

    private void OnAdvertisement(InetAddress source, TimeSpan lifetime, TimeSpan now)
    {
        if (Neighbour is { } known && known != source)
        {
            Rival = source;
            return;
        }
        // "No default router" does not mean "no router": such a one is expected to speak as often as we do.
        _expires = now + (lifetime > Interval ? lifetime : Lifetime);
        if (Neighbour == source) return;
        Neighbour = source;
        output.OnNeighbour();
    }

    internal void OnTimer(TimeSpan now)
    {
        if (_expires <= now)
        {
            if (output.IsNeighbourAlive)
            {
                // BGP has its own ways to know.
                _expires = now + Lifetime;
            }
            else
            {
                _expires = null;
                Neighbour = Rival = null;
                output.OnNeighbour();
            }
        }
        if (_next <= now) Advertise(now);
    }

    private void Advertise(TimeSpan now)
    {
        output.Send(new RouterMessage(RouterMessageType.RouterAdvertisement, Lifetime));
        _lastSent = now;
        TimeSpan interval = ++_sent < InitialAdvertisements ? s_pause : Interval;
        _next = now + interval * (0.75 + (0.25 * random.NextDouble()));
    }
}

/// <summary>What a <see cref="RouterDiscovery"/> brings about, and asks.</summary>
internal interface IRouterOutput
{
    void Send(in RouterMessage message);

    /// <summary><see cref="RouterDiscovery.Neighbour"/> is another than before.</summary>
    void OnNeighbour();

    /// <summary>There is a session with the neighbour.</summary>
    bool IsNeighbourAlive { get; }
}
