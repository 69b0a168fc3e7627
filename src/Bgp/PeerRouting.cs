using Margay.Bgp.Rib;
using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>Where a session meets the RIB: its routes in, its place in the update groups, and what becomes of its routes when it ends. On the speaker's loop.</summary>
internal readonly struct PeerRouting(SpeakerLoop loop, Peer peer)
{
    /// <summary>RFC 4724 §4.2: after the session is back, stale routes wait for End-of-RIB at most this long.</summary>
    private static readonly TimeSpan s_staleLimit = TimeSpan.FromMinutes(6);

    /// <summary>RFC 4684 §6: VPN routes wait for the peer's subscriptions at most this long.</summary>
    private static readonly TimeSpan s_targetsLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a restarted speaker waits for the End-of-RIB of a peer that says that it restarts too. RFC 4724 §4.1 does not wait for it at all, lest two wait for each other;
    /// but bgpd says so for the whole first restart time of its life, and sends its routes all the same: what we then told the others without them would be withdrawn.
    /// As long, restarted or not, we wait for what such a peer subscribes to.
    /// </summary>
    private static readonly TimeSpan s_restarterLimit = TimeSpan.FromSeconds(10);

    private static readonly int s_membership = KnownFamilies.IndexOf(Family.RouteTarget);

    internal void Up(BgpSession session)
    {
        Negotiated agreed = session.Agreed!;
        PeerSpec spec = peer.Spec;
        RibPeer rib = loop.Peers.RibPeerFor(peer, new RouteSource(
            peer.Name, peer.Address, agreed.RemoteAs, session.RemoteOpen!.RouterId, agreed.External, !agreed.External && spec.RouteReflectorClient) { Interface = spec.Interface });
        rib.Interface = spec.Interface;
        rib.Import = spec.Import;
        rib.DenyImport = agreed.External && spec.RequirePolicy && spec.Import is null;
        session.RibPeer = rib;
        session.Link = FindLink(session.Connection.LocalAddress);
        session.Inbound = MakeInbound(session);
        if (agreed.Families.HasFlag(FamilySet.RouteTarget)) session.Targets = ReadTargets(rib);
        DropStaleNotPreserved(session, rib);
        loop.Bmp.PeerUp(session);
        AwaitTargets(session);
        AwaitRestarter(session);
        JoinAll(session);
    }

    // Only one with graceful restart promises an End-of-RIB (RFC 4724 §3), and only to it one of ours that comes too early does harm.
    private void AwaitTargets(BgpSession session)
    {
        if (session.Targets is null || session.Agreed!.GracefulRestart is null) return;
        PeerRouting self = this;
        session.TargetsTimer = new LoopTimer(() => self.TargetsKnown(session));
        // GoBGP, restarted, passes on what others subscribe to, but says that this was all only after our End-of-RIB of every family.
        loop.Timers.Set(session.TargetsTimer, loop.Now + (session.Agreed.GracefulRestart.Restarting ? s_restarterLimit : s_targetsLimit));
    }

    private void AwaitRestarter(BgpSession session)
    {
        if (!loop.IsRestarting || session.Agreed!.GracefulRestart is not { Restarting: true }) return;
        session.RestarterTimer = new LoopTimer(() => session.RestarterTimer = null);
        loop.Timers.Set(session.RestarterTimer, loop.Now + s_restarterLimit);
    }

    // Its End-of-RIB for the family came, or the time is over.
    private void TargetsKnown(BgpSession session)
    {
        TimerQueue.Cancel(session.TargetsTimer!);
        session.TargetsTimer = null;
        session.Targets = ReadTargets(session.RibPeer!);
        JoinAll(session);
    }

    /// <summary>
    /// Has the session sent our routes: the table, End-of-RIB, then changes. After a restart of ours nothing goes out yet but what we subscribe to ourselves, without which
    /// the peer does not know what to send us; VPN and EVPN routes, and their End-of-RIB, wait for what the peer subscribes to (RFC 4684 §6).
    /// </summary>
    internal void JoinAll(BgpSession session)
    {
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            if (!session.Agreed!.Families.Has(f) || session.Output.Members.Any(m => m.Group.Policy.Family == f)) continue;
            if (WhyNotJoined(session, f) is null) Join(session, f);
        }
        loop.RequestFlush(session);
    }

    /// <summary>Why the peer is not yet sent anything of an agreed family; null: it is.</summary>
    internal string? WhyNotJoined(BgpSession session, int family)
    {
        if (loop.IsRestarting && family != s_membership) return "after a restart, until the peers have told their routes (RFC 4724)";
        return session.TargetsTimer is not null && CarriesTargets(family) ? "until the peer has said what it subscribes to (RFC 4684)" : null;
    }

    // Only if the peer is on it too. The link-local subnet is the same on every link, and says nothing.
    private LocalLink? FindLink(InetAddress local)
    {
        if (peer.Address is { IsIPv6: true, IsLinkLocal: true }) return new LocalLink(peer.Spec.Interface ?? "", IpPrefix.Host(local), local);
        return loop.Transport.FindLink(local) is { } link && link.Subnet.Contains(peer.Address) ? link : null;
    }

    private InboundContext MakeInbound(BgpSession session) => new()
    {
        Families = session.Agreed!.Families,
        AddPath = session.Agreed.AddPathReceive,
        LocalAs = peer.LocalAs,
        SpeakerAs = loop.LocalAs,
        AllowOwnAs = peer.Spec.AllowOwnAs,
        PrependAs = session.Agreed.External && peer.Spec.LocalAsMode.HasFlag(LocalAsModes.PrependInbound) && peer.LocalAs != loop.LocalAs ? peer.LocalAs : 0,
        RouterId = loop.RouterId.IPv4Value,
        ClusterId = ClusterId.IPv4Value,
        LocalAddress = session.Connection.LocalAddress,
    };

    private InetAddress ClusterId => peer.Spec.ClusterId ?? loop.Config!.ClusterId ?? loop.RouterId;

    private void Join(BgpSession session, int family)
    {
        GroupMember member = new(loop.GroupFor(PolicyFor(session, family)), session.RibPeer!.Index) { Owner = session };
        session.Output.Add(member);
        member.Group.Join(member);
    }

    private ExportPolicy PolicyFor(BgpSession session, int family)
    {
        Negotiated agreed = session.Agreed!;
        PeerSpec spec = peer.Spec;
        bool extended = agreed.ExtendedNextHop.Has(family);
        bool isIPv6Unicast = KnownFamilies.Of(family) == Family.IPv6Unicast;
        return new ExportPolicy
        {
            Family = family,
            External = agreed.External,
            Client = !agreed.External && spec.RouteReflectorClient,
            LocalAs = peer.LocalAs,
            SecondAs = agreed.External && spec.LocalAsMode.HasFlag(LocalAsModes.ShowOwnAs) && peer.LocalAs != loop.LocalAs ? loop.LocalAs : 0,
            ClusterId = ClusterId.IPv4Value,
            NextHop = spec.NextHop,
            Self = SelfFor(session.Connection.LocalAddress, family, extended),
            SelfLinkLocal = isIPv6Unicast && session.Connection.LocalAddress.IsIPv6 ? session.Link?.LinkLocal : null,
            Shared = agreed.External ? (spec.ThirdPartyNextHop ? session.Link?.Subnet : null) : (isIPv6Unicast ? session.Link?.Subnet : null),
            FourOctetAs = agreed.FourOctetAs,
            ExtendedNextHop = extended,
            ExtendedMessage = agreed.ExtendedMessage,
            AddPath = agreed.AddPathSend.Has(family),
            Filter = spec.Export,
            LongLived = agreed.LongLived,
            Targets = !CarriesTargets(family) ? null : session.Targets is { } wanted && spec.RouteTargets is { } permitted ? wanted.Within(permitted) : session.Targets ?? spec.RouteTargets,
            DenyAll = agreed.External && spec.RequirePolicy && spec.Export is null,
        };
    }

    private static bool CarriesTargets(int family) => KnownFamilies.Of(family).Safi is Safi.Evpn or Safi.MplsVpn;

    private RouteTargetSet ReadTargets(RibPeer rib)
    {
        int f = s_membership;
        RibTable table = loop.Tables[f];
        List<Nlri> subscriptions = [];
        Span<byte> key = stackalloc byte[NlriCodec.MaxKey];
        for (int p = rib.FirstPath[f]; p >= 0; p = table.Path(p).NextOfPeer)
        {
            if (table.Path(p).Unusable == PathReason.Best) subscriptions.Add(new Nlri(Family.RouteTarget, key[..table.CopyKey(table.Path(p).Prefix, key)].ToArray()));
        }
        return new RouteTargetSet(subscriptions);
    }

    /// <summary>The peer's subscriptions may have changed: it is sent, and is told to forget, what now differs.</summary>
    internal void UpdateTargets(BgpSession session)
    {
        if (session.Targets is null || session.IsClosed) return;
        RouteTargetSet targets = ReadTargets(session.RibPeer!);
        if (targets.Equals(session.Targets)) return;
        session.Targets = targets;
        foreach (GroupMember m in session.Output.Members.ToArray())
        {
            if (CarriesTargets(m.Group.Policy.Family)) Move(session, m);
        }
        loop.RequestFlush(session);
    }

    private InetAddress? SelfFor(InetAddress local, int family, bool extended)
    {
        Family f = KnownFamilies.Of(family);
        // RFC 4659 §3.2.1.2: the IPv4 address of a backbone that knows no other, as an IPv6 one.
        if (f == Family.VpnIPv6 && local.IsIPv4) return InetAddress.FromIPv6((UInt128)0xffff << 32 | local.IPv4Value);
        if (f.Safi != Safi.Unicast) return local;
        if (f.Afi == Afi.IPv6) return local is { IsIPv6: true, IsLinkLocal: false } ? local : peer.Spec.SelfIPv6 ?? (local.IsIPv6 ? local : null);
        return local.IsIPv4 ? local : peer.Spec.SelfIPv4 ?? (extended ? local : null);
    }

    internal void Down(BgpSession session, bool graceful)
    {
        loop.Bmp.PeerDown(session);
        foreach (GroupMember m in session.Output.Members) loop.Leave(m);
        RibPeer rib = session.RibPeer!;
        GracefulRestartCapability? gr = graceful ? session.Agreed!.GracefulRestart : null;
        FamilySet kept = (gr?.Families ?? 0) & session.Agreed!.Families;
        if (kept == 0 && rib.Received.Any(static n => n > 0)) loop.PeerLost(peer.Address);
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            if (!kept.Has(f)) loop.Tables[f].RemoveAll(rib);
            else loop.Tables[f].MarkStale(rib);
        }
        peer.StaleFamilies = kept;
        peer.LongLivedStale = session.Agreed.LongLivedStale;
        Array.Clear(peer.LongLivedUntil);
        if (kept == 0) return;
        Log.GracefulRestart(loop.Logger, peer.Name, gr!.RestartSeconds);
        loop.Timers.Set(peer.RestartTimer, loop.Now + TimeSpan.FromSeconds(gr.RestartSeconds));
    }

    // RFC 4724 §4.2: the F bit says whether the peer still forwards by what it told us before.
    private void DropStaleNotPreserved(BgpSession session, RibPeer rib)
    {
        if (peer.StaleFamilies == 0) return;
        FamilySet preserved = session.Agreed!.GracefulRestart is { } gr ? gr.Families & gr.Forwarding : 0;
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            // RFC 9494 §4.2: once the long-lived time runs, its own F bit counts too.
            if (peer.LongLivedUntil[f] > TimeSpan.Zero && !session.Agreed.LongLivedForwarding.Has(f)) preserved &= ~KnownFamilies.Bit(f);
            if (peer.StaleFamilies.Has(f) && !preserved.Has(f)) loop.Tables[f].RemoveAll(rib, onlyStale: true);
        }
        Array.Clear(peer.LongLivedUntil);
        peer.StaleFamilies &= preserved;
        if (peer.StaleFamilies != 0) loop.Timers.Set(peer.RestartTimer, loop.Now + s_staleLimit);
        else TimerQueue.Cancel(peer.RestartTimer);
    }

    internal void EndOfRib(BgpSession session, int family)
    {
        if (family < 0 || !session.Agreed!.Families.Has(family)) return;
        session.EndOfRib |= KnownFamilies.Bit(family);
        if (peer.StaleFamilies.Has(family))
        {
            loop.Tables[family].RemoveAll(session.RibPeer!, onlyStale: true);
            peer.StaleFamilies &= ~KnownFamilies.Bit(family);
            if (peer.StaleFamilies == 0) TimerQueue.Cancel(peer.RestartTimer);
        }
        loop.Bmp.OnEndOfRib(session, family);
        if (family == s_membership && session.TargetsTimer is not null) TargetsKnown(session);
    }

    /// <summary>RFC 2918 both ways: asks for the peer's routes, sends ours.</summary>
    internal void Refresh(BgpSession session)
    {
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            if (!session.Agreed!.Families.Has(f)) continue;
            SendAgain(session, f);
            if (session.Agreed.RouteRefresh) session.Send(RouteRefreshMessage.Of(f, 0).ToMessage());
        }
    }

    /// <summary>Sends our routes again, between demarcations where the peer knows them (RFC 7313 §4).</summary>
    internal void SendAgain(BgpSession session, int family)
    {
        bool demarcate = session.Agreed!.EnhancedRouteRefresh;
        foreach (GroupMember m in session.Output.Members)
        {
            if (m.Group.Policy.Family != family) continue;
            if (demarcate) session.Send(RouteRefreshMessage.Of(family, 1).ToMessage());
            m.Group.Resend(m, demarcate);
        }
        loop.RequestFlush(session);
    }

    /// <summary>The peer begins to send a family anew: what it has told so far counts as stale until it says it again.</summary>
    internal void RefreshBegins(BgpSession session, int family)
    {
        // RFC 7313 §4: before the first End-of-RIB of a graceful restart it says nothing.
        if (!session.Agreed!.EnhancedRouteRefresh || peer.StaleFamilies.Has(family)) return;
        loop.Tables[family].MarkStale(session.RibPeer!);
        session.Refreshing |= KnownFamilies.Bit(family);
        PeerRouting self = this;
        session.RefreshTimer ??= new LoopTimer(() => self.RefreshExpired(session));
        loop.Timers.Set(session.RefreshTimer, loop.Now + s_staleLimit);
    }

    internal void RefreshEnds(BgpSession session, int family)
    {
        if (!session.Refreshing.Has(family)) return;
        session.Refreshing &= ~KnownFamilies.Bit(family);
        loop.Tables[family].RemoveAll(session.RibPeer!, onlyStale: true);
    }

    // A peer that never ends its refresh must not keep old routes alive.
    private void RefreshExpired(BgpSession session)
    {
        for (int f = 0; f < KnownFamilies.Count; f++) RefreshEnds(session, f);
    }

    /// <summary>The peer did not come back, or did not finish, in time: its routes go, or stay as least preferred for the long-lived time (RFC 9494 §4.2).</summary>
    internal void RestartExpired()
    {
        TimeSpan next = TimeSpan.MaxValue;
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            if (!peer.StaleFamilies.Has(f)) continue;
            ref TimeSpan until = ref peer.LongLivedUntil[f];
            if (until == TimeSpan.Zero && peer.Established is null && peer.LongLivedStale[f] > TimeSpan.Zero)
            {
                until = loop.Now + peer.LongLivedStale[f];
                loop.Tables[f].MarkLongLivedStale(peer.RibPeer!);
            }
            if (until > loop.Now)
            {
                next = until < next ? until : next;
                continue;
            }
            loop.Tables[f].RemoveAll(peer.RibPeer!, onlyStale: true);
            peer.StaleFamilies &= ~KnownFamilies.Bit(f);
        }
        if (next < TimeSpan.MaxValue) loop.Timers.Set(peer.RestartTimer, next);
        else if (peer is { IsDynamic: true, Established: null }) loop.Peers.RemoveDynamic(peer);
    }

    /// <summary>Forwarding to the peer has failed while its routes were kept for its restart: they go.</summary>
    internal void RestartAborted()
    {
        loop.PeerLost(peer.Address);
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            if (peer.StaleFamilies.Has(f)) loop.Tables[f].RemoveAll(peer.RibPeer!, onlyStale: true);
        }
        peer.StaleFamilies = 0;
        peer.LongLivedStale = new TimeSpan[KnownFamilies.Count];
        Array.Clear(peer.LongLivedUntil);
        TimerQueue.Cancel(peer.RestartTimer);
        if (peer.IsDynamic) loop.Peers.RemoveDynamic(peer);
    }

    /// <summary>Once a session, and again after policy has changed: who says much says it often.</summary>
    internal void WarnOfDistrust(BgpSession session)
    {
        if (session.WarnedOfDistrust || session.RibPeer!.WhyDistrusted is not { } why) return;
        session.WarnedOfDistrust = true;
        session.RibPeer.WhyDistrusted = null;
        Log.Distrusted(loop.Logger, peer.Name, why);
    }

    internal NotificationMessage? CheckPrefixLimit(BgpSession session)
    {
        PrefixLimit limit = peer.Spec.PrefixLimit;
        if (limit.Maximum <= 0) return null;
        foreach (int received in session.RibPeer!.Received)
        {
            if (limit.WarnAtPercent > 0 && !session.WarnedOfPrefixLimit && received > (long)limit.Maximum * limit.WarnAtPercent / 100)
            {
                session.WarnedOfPrefixLimit = true;
                Log.PrefixLimitNear(loop.Logger, peer.Name, received, limit.Maximum);
            }
            if (received <= limit.Maximum) continue;
            Log.PrefixLimit(loop.Logger, peer.Name, received, limit.Maximum);
            peer.Hold(limit.RestartAfter);
            return NotificationMessage.Cease(CeaseSubcode.MaximumNumberOfPrefixesReached);
        }
        return null;
    }

    /// <summary>The spec changed in what needs no new session: routes are judged anew, in from what was received, out by what now differs.</summary>
    internal void ApplyPolicy(PeerSpec before, bool clusterChanged = false)
    {
        if (peer.Established is not { } session || session.RibPeer is not { } rib) return;
        PeerSpec spec = peer.Spec;
        rib.Import = spec.Import;
        rib.DenyImport = session.Agreed!.External && spec.RequirePolicy && spec.Import is null;
        rib.Source = rib.Source with { IsClient = !session.Agreed.External && spec.RouteReflectorClient };
        session.Inbound = MakeInbound(session);
        bool import = clusterChanged || !Equals(before.Import, spec.Import) || before.RequirePolicy != spec.RequirePolicy || before.AllowOwnAs != spec.AllowOwnAs || before.ClusterId != spec.ClusterId || before.LocalAsMode != spec.LocalAsMode;
        if (import) (session.WarnedOfDistrust, rib.WhyDistrusted) = (false, null);
        for (int f = 0; f < KnownFamilies.Count; f++)
        {
            if (import && session.Agreed.Families.Has(f)) loop.Inbound.Reimport(rib, session.Inbound, f);
        }
        if (import) WarnOfDistrust(session);
        foreach (GroupMember m in session.Output.Members.ToArray()) Move(session, m);
        // Its routes go to other peers than before (RFC 4456 §6).
        if (before.RouteReflectorClient != spec.RouteReflectorClient) loop.Reconsider(rib);
        loop.RequestFlush(session);
    }

    private void Move(BgpSession session, GroupMember member)
    {
        ExportPolicy policy = PolicyFor(session, member.Group.Policy.Family);
        if (policy == member.Group.Policy) return;
        if (policy.AddPath)
        {
            // Path ids belong to a group: there is no telling the peer what differs.
            session.Close(NotificationMessage.Cease(CeaseSubcode.OtherConfigurationChange), "the export policy of a session with ADD-PATH changed");
            return;
        }
        UpdateGroup to = loop.GroupFor(policy);
        GroupMember next = new(to, member.Peer) { Owner = session };
        session.Output.Remove(member);
        session.Output.Add(next);
        to.JoinFrom(next, member);
        loop.Leave(member);
    }
}
