using Margay.Bgp.Tests.Hostile;
using Margay.Bgp.Tests.Wire;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Tests.Session;

/// <summary>Graceful restart (RFC 4724, 8538) in both roles on a simulated clock.</summary>
public class GracefulRestartTests
{
    private readonly Net _net = new();

    private Speaker Restart(int n, uint asn, int peer, bool restarting = true)
    {
        Speaker again = _net.Add(n, asn, options: o => o with { Restarting = restarting });
        _net.Peer(again, peer, RemoteAs.Any);
        return again;
    }

    [Fact]
    public void Helper_KeepsStaleRoutes_UntilTheRestartTime()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2, atB: p => p with { GracefulRestart = new(true, TimeSpan.FromSeconds(60), TimeSpan.Zero) });
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitRoute(a, "192.0.2.0/24");
        _net.Sim.Kill(b);
        _net.Run(30);
        Assert.True(_net.Route(a, "192.0.2.0/24")!.Stale);
        _net.Run(40);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
    }

    [Fact]
    public void Helper_DropsWhatIsNotRenewed_AtEndOfRib()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2);
        _net.Announce(b, "192.0.2.0/24");
        _net.Announce(b, "198.51.100.0/24");
        _net.AwaitRoute(a, "198.51.100.0/24");
        _net.Sim.Kill(b);
        _net.Run(1);
        Speaker again = Restart(2, 65002, 1);
        _net.Announce(again, "192.0.2.0/24");
        _net.AwaitUp(a, 2);
        _net.AwaitNoRoute(a, "198.51.100.0/24");
        Assert.False(_net.Route(a, "192.0.2.0/24")!.Stale);
    }

    [Fact]
    public void RestartingReflector_WithdrawsNothing_WhileItLearnsAgain()
    {
        Speaker rr = _net.Add(1, 65000), a = _net.Add(2, 65000), b = _net.Add(3, 65000);
        _net.Link(rr, 1, a, 2, p => p with { RouteReflectorClient = true });
        _net.Link(rr, 1, b, 3, p => p with { RouteReflectorClient = true });
        for (int i = 0; i < 50; i++) _net.Announce(a, $"10.2.{i}.0/24");
        Assert.True(_net.Sim.RunUntil(() => _net.Status(b, 1).RoutesReceived == 50, TimeSpan.FromSeconds(10)));
        SpeakerConfig config = _net.Config(rr);
        _net.Sim.Kill(rr);
        _net.Run(2);
        Speaker again = _net.Add(1, 65000, options: o => o with { Restarting = true });
        _net.Change(again, _ => config);
        // At no instant does B lose a route.
        Assert.True(_net.Sim.RunUntil(() =>
        {
            Assert.Equal(50, _net.Routes(b).Length);
            return _net.IsUp(again, 2) && _net.IsUp(again, 3) && _net.Routes(b).All(r => !r.Stale);
        }, TimeSpan.FromSeconds(30)));
    }

    // bgpd of FRR sets the R bit for the whole first restart time of its life.
    [Fact]
    public void RestartingReflector_WaitsSomeSeconds_ForAClientThatSaysItRestartsToo()
    {
        Speaker rr = _net.Add(1, 65000), b = _net.Add(3, 65000);
        _net.Link(rr, 1, b, 3, p => p with { RouteReflectorClient = true });
        _net.Peer(rr, 2, 65000, p => p with { Passive = true, RouteReflectorClient = true });
        RawPeer young = new(_net.Sim.Network, Net.Address(2));
        ConnectYoung(young);
        young.Send(s_route, s_endOfRib);
        _net.AwaitRoute(b, "198.51.100.0/24");
        SpeakerConfig config = _net.Config(rr);
        _net.Sim.Kill(rr, fin: true);
        _net.Run(1);
        Speaker again = _net.Add(1, 65000, options: o => o with { Restarting = true });
        _net.Change(again, _ => config);
        ConnectYoung(young);
        _net.AwaitUp(b, 1);
        _net.Run(4);
        Assert.True(_net.Route(b, "198.51.100.0/24")!.Stale);
        young.Send(s_route, s_endOfRib);
        _net.Run(2);
        Assert.False(_net.Route(b, "198.51.100.0/24")!.Stale);
    }

    [Fact]
    public void TwoThatRestartAtOnce_DoNotWaitForEachOther()
    {
        Speaker a = _net.Add(1, 65001, options: o => o with { Restarting = true }), b = _net.Add(2, 65002, options: o => o with { Restarting = true });
        _net.Announce(b, "192.0.2.0/24");
        _net.Link(a, 1, b, 2);
        _net.AwaitUp(a, 2);
        _net.Run(12);
        Assert.NotNull(_net.Route(a, "192.0.2.0/24"));
    }

    private static readonly byte[] s_route = MessageHeader.Whole(
        MessageType.Update, Hex.Update("18 c63364", "", Hex.Origin, Hex.Attribute(0x40, 2, ""), Hex.Attribute(0x40, 3, "0a000002"), Hex.Attribute(0x40, 5, "00000064")));

    private static readonly byte[] s_endOfRib = MessageHeader.Whole(MessageType.Update, [0, 0, 0, 0]);

    private void ConnectYoung(RawPeer young)
    {
        young.Connect(Net.Address(1));
        _net.Run(0.1);
        young.Poll();
        young.Send(
            new OpenMessage(65000, 180, Net.Address(2), new Capabilities
            {
                HasMultiprotocol = true, Families = FamilySet.IPv4Unicast, FourOctetAs = 65000,
                GracefulRestart = new(true, false, 120, FamilySet.IPv4Unicast, FamilySet.IPv4Unicast),
            }).ToMessage(),
            MessageHeader.Keepalive);
        _net.Run(0.1);
    }

    [Fact]
    public void LostForwarding_TakesTheRoutesAway_OnceAndNotAtTheNextBreak()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2);
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitRoute(a, "192.0.2.0/24");
        _net.Sim.Kill(b);
        _net.Run(1);
        Assert.True(_net.Route(a, "192.0.2.0/24")!.Stale);
        // Up again, and before anything was announced or ended: what was kept is gone.
        Speaker again = _net.Add(2, 65002, options: o => o with { Restarting = true, ForwardingLost = true });
        _net.Peer(again, 1, RemoteAs.Any);
        _net.AwaitUp(a, 2);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
        _net.Announce(again, "192.0.2.0/24");
        _net.AwaitRoute(a, "192.0.2.0/24");
        // A break of the session alone: forwarding went on.
        _net.Sim.Wait(again.ResetAsync("s1", "again"));
        Assert.False(_net.Sim.RunUntil(() => _net.Route(a, "192.0.2.0/24") is null, TimeSpan.FromSeconds(5)));
        Assert.True(_net.IsUp(a, 2));
    }

    [Fact]
    public void ADeadPeer_DelaysWhatARestartedSpeakerSends_ByTheDeferralLimitOnly()
    {
        Speaker a = _net.Add(1, 65001);
        Speaker b = _net.Add(2, 65002, options: o => o with { Restarting = true, DeferralLimit = TimeSpan.FromSeconds(10) });
        _net.Announce(b, "192.0.2.0/24");
        _net.Link(a, 1, b, 2);
        _net.Peer(b, 9, RemoteAs.Any);
        _net.AwaitUp(a, 2);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
        _net.Run(8);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
        _net.Run(4);
        Assert.NotNull(_net.Route(a, "192.0.2.0/24"));
    }

    [Fact]
    public void Shutdown_IsNoRestart()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2);
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitRoute(a, "192.0.2.0/24");
        _net.Sim.Wait(b.ShutdownAsync("bye"));
        _net.Run(1);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
        Assert.Contains("Hard Reset: Cease / Administrative Shutdown: \"bye\"", _net.Status(a, 2).LastError, StringComparison.Ordinal);
    }

    [Fact]
    public void OperatorsReset_KeepsRoutes_ByTheNBit()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2);
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitRoute(a, "192.0.2.0/24");
        _net.Sim.Wait(b.ResetAsync("s1", "again"));
        bool gone = _net.Sim.RunUntil(() => _net.Route(a, "192.0.2.0/24") is null, TimeSpan.FromSeconds(5));
        Assert.False(gone);
        Assert.Equal(2, _net.Status(a, 2).TimesEstablished);
    }

    [Fact]
    public void NewConnectionOfARestartedPeer_ReplacesTheOldSession()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2, atA: p => p with { Passive = true });
        _net.AwaitUp(a, 2);
        // The machine went down without a FIN; its new incarnation connects while our hold timer still runs.
        _net.Sim.Kill(b, fin: false);
        Restart(2, 65002, 1);
        _net.Run(10);
        Assert.Equal((2, SessionState.Established), (_net.Status(a, 2).TimesEstablished, _net.Status(a, 2).State));
    }

    [Fact]
    public void LongLived_KeepsRoutesAsLeastPreferred_ThenLetsThemGo()
    {
        GracefulRestartSpec spec = new(true, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(10));
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002), c = _net.Add(3, 65003), old = _net.Add(4, 65004);
        _net.Link(a, 1, b, 2, p => p with { GracefulRestart = spec }, p => p with { GracefulRestart = spec });
        _net.Link(a, 1, c, 3, p => p with { GracefulRestart = spec }, p => p with { GracefulRestart = spec });
        _net.Link(a, 1, old, 4);
        _net.Announce(b, "192.0.2.0/24");
        _net.Announce(b, "198.51.100.0/24", new LocalRoute { Communities = [Community.NoLlgr] });
        _net.AwaitRoute(c, "198.51.100.0/24");
        _net.AwaitRoute(old, "192.0.2.0/24");
        _net.Sim.Kill(b);
        _net.Run(30);
        Assert.True(_net.Route(a, "192.0.2.0/24")!.Attributes.HasCommunity(Community.LlgrStale));
        Assert.True(_net.Route(c, "192.0.2.0/24")!.Attributes.HasCommunity(Community.LlgrStale));
        Assert.Null(_net.Route(a, "198.51.100.0/24"));
        Assert.Null(_net.Route(old, "192.0.2.0/24"));
        // Any other path is better, however long.
        _net.Announce(c, "192.0.2.0/24", new LocalRoute { AsPath = AsPath.Sequence(1, 2, 3, 4) });
        _net.Run(1);
        Assert.Equal("s3", _net.Route(a, "192.0.2.0/24")!.Peer);
        _net.Withdraw(c, "192.0.2.0/24");
        _net.Run(620);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
        Assert.Null(_net.Route(c, "192.0.2.0/24"));
    }
}
