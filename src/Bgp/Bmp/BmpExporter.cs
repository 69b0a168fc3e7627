using System.Collections.Immutable;
using System.Globalization;
using Margay.Bgp.Rib;
using Margay.Bgp.Session;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Bmp;

/// <summary>
/// Tells monitoring stations what the speaker sees (RFC 7854, and the Loc-RIB by RFC 9069).
/// <code>
/// session up/down ──► Peer Up, Peer Down ──────────────► every BmpStation ──► TCP
/// RibTable.PathChanged, changed best paths ──► BmpFeed of every station ──┘
/// </code>
/// Costs the speaker a name in a queue per changed route and station, and a portion of encoding per turn; nothing if no station is configured. Owned by the
/// speaker's loop.
/// </summary>
internal sealed class BmpExporter(SpeakerLoop loop)
{
    private const int LocRib = -1;
    private readonly List<BmpStation> _stations = [];
    private readonly Dictionary<int, MonitoredPeer> _up = [];

    internal IReadOnlyList<BmpStation> Stations => _stations;

    internal bool HasWork => _stations.Exists(static s => s.HasWork);

    internal bool Holds(int family) => _stations.Exists(s => s.Feed is { } f && f.Holds(family));

    /// <summary>Makes the stations those of <paramref name="specs"/>; equal ones keep their connections unless <paramref name="anew"/>.</summary>
    internal void Apply(ImmutableArray<BmpStationSpec> specs, bool anew)
    {
        foreach (BmpStation gone in _stations.Where(s => anew || !specs.Contains(s.Spec)).ToArray())
        {
            gone.Stop();
            _stations.Remove(gone);
        }
        if (anew || !_up.ContainsKey(LocRib)) _up[LocRib] = LocRibPeer();
        foreach (BmpStationSpec spec in specs.Where(spec => !_stations.Exists(s => s.Spec == spec)))
        {
            BmpStation station = new(spec, this, loop);
            _stations.Add(station);
            station.Connect();
        }
        foreach (RibTable t in loop.Tables) t.PathChanged = _stations.Count > 0 ? OnPathChanged : null;
    }

    internal void Stop() => Apply([], anew: false);

    // RFC 9069 §4.4, §5: OPENs are made up, with what its routes need.
    private MonitoredPeer LocRibPeer()
    {
        BmpPeerHeader header = new(BmpPeerType.LocRibInstancePeer, BmpPeerFlags.None, InetAddress.AnyV4, loop.LocalAs, loop.RouterId.IPv4Value);
        const FamilySet all = FamilySet.Unicast | FamilySet.Evpn | FamilySet.VpnIPv4 | FamilySet.VpnIPv6 | FamilySet.RouteTarget;
        byte[] open = new OpenMessage(loop.LocalAs, 0, loop.RouterId, new Capabilities { HasMultiprotocol = true, Families = all, FourOctetAs = loop.LocalAs }).ToMessage();
        return new MonitoredPeer(header, all, FamilySet.None, BmpMessage.PeerUp(header, loop.WallClock, new(InetAddress.AnyV4, 0, 0), open, open));
    }

    internal void PeerUp(BgpSession session)
    {
        Negotiated agreed = session.Agreed!;
        BmpPeerHeader header = new(BmpPeerType.GlobalInstancePeer, BmpPeerFlags.None, session.Peer.Address, agreed.RemoteAs, session.RemoteOpen!.RouterId.IPv4Value);
        BmpEndpoints ends = new(session.Connection.LocalAddress, session.Connection.LocalPort, session.Connection.RemotePort);
        byte[] up = BmpMessage.PeerUp(header, loop.WallClock, ends, session.LocalOpen!.ToMessage(), session.ReceivedOpen);
        _up[session.RibPeer!.Index] = new MonitoredPeer(header, agreed.Families, agreed.AddPathReceive, up);
        foreach (BmpStation s in _stations) s.Send(up);
    }

    /// <summary>Before the routes of the peer go: that they go is said by the message itself.</summary>
    internal void PeerDown(BgpSession session)
    {
        if (!_up.Remove(session.RibPeer!.Index, out MonitoredPeer? peer)) return;
        (BmpPeerDownReason reason, byte[] data) = session switch
        {
            { SentNotification: { } sent } => (BmpPeerDownReason.LocalNotification, sent.ToMessage()),
            { ReceivedNotification: { } received } => (BmpPeerDownReason.RemoteNotification, received.ToMessage()),
            { ClosedByPeer: true } => (BmpPeerDownReason.RemoteNoNotification, []),
            // RFC 4271 §8.1: AutomaticStop.
            _ => (BmpPeerDownReason.LocalNoNotification, new byte[] { 0, 8 }),
        };
        byte[] message = BmpMessage.PeerDown(peer.Header, loop.WallClock, reason, data);
        foreach (BmpStation s in _stations) s.Send(message);
    }

    private void OnPathChanged(int family, int prefix, int peer, uint pathId)
    {
        if (!_up.ContainsKey(peer)) return;
        foreach (BmpStation s in _stations) s.Feed?.OnPathChanged(family, prefix, peer, pathId);
    }

    internal void OnBestChanged(int family, List<int> prefixes)
    {
        foreach (BmpStation s in _stations)
        {
            if (s.Feed is not { } feed) continue;
            foreach (int prefix in prefixes) feed.OnBestChanged(family, prefix);
        }
    }

    internal void OnEndOfRib(BgpSession session, int family)
    {
        foreach (BmpStation s in _stations) s.Feed?.OnEndOfRib(family, session.RibPeer!.Index);
    }

    internal void Flush()
    {
        foreach (BmpStation s in _stations) s.Flush();
    }

    internal BmpFeed NewFeed(BmpStationSpec spec) => new(spec, _up, loop.Tables);

    /// <summary>What a new connection begins with.</summary>
    internal IEnumerable<byte[]> FirstMessages(BmpStationSpec spec)
    {
        string name = loop.Config!.SystemName.Length > 0 ? loop.Config.SystemName : loop.RouterId.ToString();
        yield return BmpMessage.Initiation("Margay BGP speaker", name);
        foreach ((int index, MonitoredPeer peer) in _up)
        {
            if (index != LocRib || spec.LocRib) yield return peer.Up;
        }
    }

    internal IEnumerable<byte[]> StatsReports(BmpStationSpec spec)
    {
        foreach (Peer p in loop.Peers.All)
        {
            if (p.Established is { } session && _up.TryGetValue(session.RibPeer!.Index, out MonitoredPeer? peer)) yield return Report(session, peer);
        }
        if (spec.LocRib) yield return ReportLocRib(_up[LocRib]);
    }

    private byte[] Report(BgpSession session, MonitoredPeer peer)
    {
        RibPeer rib = session.RibPeer!;
        BmpStatsWriter w = new(stackalloc byte[1024], peer.Header, loop.WallClock);
        w.Counter(BmpStatistic.RejectedPrefixes, rib.Refused[(int)PathReason.ImportFilter] + rib.Refused[(int)PathReason.NoImportPolicy]);
        w.Counter(BmpStatistic.ClusterListLoop, rib.Refused[(int)PathReason.ClusterLoop]);
        w.Counter(BmpStatistic.AsPathLoop, rib.Refused[(int)PathReason.AsLoop]);
        w.Counter(BmpStatistic.OriginatorId, rib.Refused[(int)PathReason.OriginatorLoop]);
        w.Counter(BmpStatistic.UpdatesTreatedAsWithdraw, session.UpdatesTreatedAsWithdraw);
        w.Gauge(BmpStatistic.AdjRibInRoutes, rib.Received.Sum());
        w.Gauge(BmpStatistic.AdjRibOutRoutes, session.Output.Members.Sum(m => m.Group.AdvertisedTo(m.Peer)));
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            if (peer.Families.Has(f)) w.Gauge(BmpStatistic.AdjRibInRoutesOfFamily, KnownFamilies.Of(f), rib.Received[f]);
        }
        foreach (GroupMember m in session.Output.Members) w.Gauge(BmpStatistic.AdjRibOutRoutesOfFamily, KnownFamilies.Of(m.Group.Policy.Family), m.Group.AdvertisedTo(m.Peer));
        return w.End();
    }

    private byte[] ReportLocRib(MonitoredPeer peer)
    {
        BmpStatsWriter w = new(stackalloc byte[1024], peer.Header, loop.WallClock);
        w.Gauge(BmpStatistic.LocRibRoutes, loop.Tables.Sum(t => (long)t.PrefixCount));
        foreach (RibTable t in loop.Tables) w.Gauge(BmpStatistic.LocRibRoutesOfFamily, KnownFamilies.Of(t.Family), t.PrefixCount);
        return w.End();
    }

    internal ImmutableArray<BmpStationStatus> Status() => [.. _stations.Select(s => new BmpStationStatus(
        s.Spec.Address, s.Spec.Port, s.Feed is not null, s.Since, s.TimesConnected, s.MessagesSent, s.BytesSent, s.Feed?.Count ?? 0, s.LastError))];
}

/// <summary>A monitoring station as <c>show</c> prints it.</summary>
/// <param name="Since">When it was connected or lost last.</param>
/// <param name="Pending">Routes that it has still to be told of.</param>
/// <param name="LastError">Why there is no connection, in words; empty while there is one.</param>
public sealed record BmpStationStatus(InetAddress Address, ushort Port, bool Connected, DateTimeOffset Since, int TimesConnected, long MessagesSent, long BytesSent, int Pending, string LastError)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address} port {Port}: {(Connected ? "connected" : LastError)}");
}
