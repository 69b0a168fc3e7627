using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Session;

/// <summary>How sessions come up, go down and come back, on a simulated network and clock.</summary>
public class SessionTests
{
    private readonly Net _net = new();

    private (Speaker A, Speaker B) Pair(uint asA = 65001, uint asB = 65002, Func<PeerSpec, PeerSpec>? atA = null, Func<PeerSpec, PeerSpec>? atB = null)
    {
        Speaker a = _net.Add(1, asA), b = _net.Add(2, asB);
        _net.Link(a, 1, b, 2, atA, atB);
        return (a, b);
    }

    [Fact]
    public void BothConnect_OneSessionStays_BegunByTheHigherRouterId()
    {
        (Speaker a, Speaker b) = Pair();
        _net.AwaitUp(a, 2);
        _net.AwaitUp(b, 1);
        _net.Run(300);
        Assert.Equal(1, _net.Status(a, 2).TimesEstablished);
        Assert.Equal(1, _net.Status(b, 1).TimesEstablished);
    }

    [Fact]
    public void Collision_SimultaneousOpens_LeaveOneConnectionOnBothSides()
    {
        // Both connect in the same instant, so that both connections reach OpenConfirm.
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65001);
        _net.Link(a, 1, b, 2);
        _net.AwaitUp(a, 2);
        _net.AwaitUp(b, 1);
        _net.Run(1);
        Margay.Bgp.Session.Peer pa = a.Prepared.Peers.Find("s2")!, pb = b.Prepared.Peers.Find("s1")!;
        Assert.True(pb.Established!.Outgoing, "the connection begun by the higher identifier stays");
        Assert.False(pa.Established!.Outgoing);
        Assert.Null(pa.Outgoing);
        Assert.Null(pb.Incoming);
    }

    [Fact]
    public void Passive_WaitsForTheOther()
    {
        (Speaker a, Speaker b) = Pair(atA: p => p with { Passive = true });
        _net.AwaitUp(a, 2);
        Assert.False(a.Prepared.Peers.Find("s2")!.Established!.Outgoing);
        Assert.True(_net.IsUp(b, 1));
    }

    [Fact]
    public void TwoPassive_StayActive()
    {
        (Speaker a, _) = Pair(atA: p => p with { Passive = true }, atB: p => p with { Passive = true });
        _net.Run(60);
        Assert.Equal(SessionState.Active, _net.Status(a, 2).State);
    }

    [Fact]
    public void WrongAs_IsRefused_InWords()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Peer(a, 2, 65099);
        _net.Peer(b, 1, 65001);
        _net.Run(20);
        Assert.NotEqual(SessionState.Established, _net.Status(a, 2).State);
        Assert.Contains("AS 65002", _net.Status(a, 2).LastError, StringComparison.Ordinal);
        Assert.Contains("Bad Peer AS", _net.Status(b, 1).LastError, StringComparison.Ordinal);
    }

    [Fact]
    public void SameRouterIdInOneAs_IsRefused()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65001);
        _net.Change(b, c => c with { RouterId = Net.Address(1) });
        _net.Link(a, 1, b, 2);
        _net.Run(10);
        Assert.False(_net.IsUp(a, 2));
        Assert.Contains("router id", _net.Status(a, 2).LastError + _net.Status(b, 1).LastError, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void NoFamilyInCommon_IsRefused()
    {
        (Speaker a, _) = Pair(atA: p => p with { Families = FamilySet.IPv4Unicast }, atB: p => p with { Families = FamilySet.IPv6Unicast });
        _net.Run(10);
        Assert.False(_net.IsUp(a, 2));
        Assert.Contains("family", _net.Status(a, 2).LastError, StringComparison.Ordinal);
    }

    [Fact]
    public void HoldTime_IsTheLower_AndKeepalivesHoldTheSession()
    {
        (Speaker a, Speaker b) = Pair(atA: p => p with { Timers = p.Timers with { Hold = TimeSpan.FromSeconds(9) } });
        _net.AwaitUp(a, 2);
        _net.Run(600);
        Assert.Equal(TimeSpan.FromSeconds(9), _net.Status(b, 1).HoldTime);
        Assert.Equal(1, _net.Status(a, 2).TimesEstablished);
    }

    [Fact]
    public void HoldTimeZero_NeedsNoKeepalives()
    {
        (Speaker a, _) = Pair(atA: p => p with { Timers = p.Timers with { Hold = TimeSpan.Zero } });
        _net.AwaitUp(a, 2);
        long sent = _net.Status(a, 2).MessagesSent;
        _net.Run(3600);
        Assert.Equal(sent, _net.Status(a, 2).MessagesSent);
        Assert.True(_net.IsUp(a, 2));
    }

    [Fact]
    public void SilentLink_EndsAfterTheHoldTime_AndComesBack()
    {
        (Speaker a, Speaker b) = Pair(atA: p => p with { GracefulRestart = GracefulRestartSpec.Off }, atB: p => p with { Timers = p.Timers with { Hold = TimeSpan.FromSeconds(30) } });
        _net.AwaitUp(a, 2);
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitRoute(a, "192.0.2.0/24");
        _net.Sim.Network.Cut(Net.Address(1), Net.Address(2));
        _net.Run(15);
        Assert.True(_net.IsUp(a, 2));
        _net.Run(20);
        Assert.False(_net.IsUp(a, 2));
        Assert.Contains("hold timer", _net.Status(a, 2).LastError, StringComparison.Ordinal);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
        _net.Sim.Network.Restore(Net.Address(1), Net.Address(2));
        _net.AwaitUp(a, 2, 60);
        _net.AwaitRoute(a, "192.0.2.0/24");
    }

    [Fact]
    public void Shutdown_TellsThePeerWhy()
    {
        (Speaker a, Speaker b) = Pair();
        _net.AwaitUp(a, 2);
        _net.AwaitUp(b, 1);
        _net.Sim.Wait(b.ShutdownAsync("moving racks"));
        _net.Run(1);
        Assert.Contains("Cease / Administrative Shutdown: \"moving racks\"", _net.Status(a, 2).LastError, StringComparison.Ordinal);
    }

    [Fact]
    public void AdminDown_StaysDown_UntilItIsTakenBack()
    {
        (Speaker a, _) = Pair();
        _net.AwaitUp(a, 2);
        _net.ChangePeer(a, 2, p => p with { AdminDown = true });
        _net.Run(120);
        Assert.Equal(SessionState.Idle, _net.Status(a, 2).State);
        _net.ChangePeer(a, 2, p => p with { AdminDown = false });
        _net.AwaitUp(a, 2, 60);
    }

    [Fact]
    public void Reset_ComesBackByItself()
    {
        (Speaker a, _) = Pair();
        _net.AwaitUp(a, 2);
        Assert.True(_net.Sim.Wait(a.ResetAsync("s2", "try again")));
        _net.Run(1);
        _net.AwaitUp(a, 2);
        Assert.Equal(2, _net.Status(a, 2).TimesEstablished);
        Assert.False(_net.Sim.Wait(a.ResetAsync("nobody")));
    }

    [Fact]
    public void WrongPassword_DoesNotConnect()
    {
        (Speaker a, _) = Pair(atA: p => p with { Password = "one" }, atB: p => p with { Password = "two" });
        _net.Run(60);
        Assert.False(_net.IsUp(a, 2));
        _net.ChangePeer(a, 2, p => p with { Password = "two" });
        _net.AwaitUp(a, 2, 30);
    }

    [Fact]
    public void DynamicNeighbours_AreMadeAndForgotten()
    {
        Speaker hub = _net.Add(1, 65000);
        _net.Change(hub, c => c with
        {
            Peers = [new PeerSpec { Name = "rack", ListenRange = IpPrefix.Parse("10.0.0.0/24"), RemoteAs = RemoteAs.External, ListenLimit = 2, GracefulRestart = GracefulRestartSpec.Off }],
        });
        List<Speaker> spokes = [];
        for (int n = 2; n <= 4; n++)
        {
            spokes.Add(_net.Add(n, (uint)(65000 + n)));
            _net.Peer(spokes[^1], 1, 65000);
        }
        _net.Run(20);
        Assert.Equal(2, _net.Sim.Wait(hub.GetPeersAsync()).Count(p => p.State == SessionState.Established && p.Dynamic));
        _net.Sim.Kill(spokes[0]);
        Assert.True(_net.Sim.RunUntil(() => _net.Sim.Wait(hub.GetPeersAsync()).All(p => p.Name != "rack-10.0.0.2"), TimeSpan.FromSeconds(5)));
        Assert.True(_net.Sim.RunUntil(() => _net.Sim.Wait(hub.GetPeersAsync()).Count(p => p.State == SessionState.Established) == 2, TimeSpan.FromSeconds(60)), "the place was not given to the next");
    }

    [Fact]
    public void StrangerIsRefused()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Peer(b, 1, 65001);
        _net.Run(30);
        Assert.Empty(_net.Sim.Wait(a.GetPeersAsync()));
        Assert.False(_net.IsUp(b, 1));
    }

    [Fact]
    public void PrefixLimit_EndsTheSession_AndRestarts()
    {
        (Speaker a, Speaker b) = Pair(atA: p => p with { PrefixLimit = new PrefixLimit(5, TimeSpan.FromSeconds(60)) });
        _net.AwaitUp(a, 2);
        _net.AwaitUp(b, 1);
        for (int i = 0; i < 6; i++) _net.Announce(b, $"10.1.{i}.0/24");
        _net.Run(5);
        Assert.False(_net.IsUp(a, 2));
        Assert.Contains("Maximum Number of Prefixes", _net.Status(b, 1).LastError, StringComparison.Ordinal);
        _net.Withdraw(b, "10.1.5.0/24");
        _net.Run(30);
        Assert.False(_net.IsUp(a, 2));
        _net.AwaitUp(a, 2, 120);
        _net.Run(1);
        Assert.Equal(5, _net.Status(a, 2).RoutesReceived);
    }

    [Fact]
    public void ConfigurationThatContradictsItself_IsRefusedWhole_WithEveryFault()
    {
        Speaker a = _net.Add(1, 65001);
        System.Collections.Immutable.ImmutableArray<string> faults = _net.Sim.Wait(a.ApplyAsync(new SpeakerConfig
        {
            LocalAs = 0,
            RouterId = InetAddress.Parse("::1"),
            Peers =
            [
                new PeerSpec { Name = "x", RemoteAddress = Net.Address(2), Timers = PeerTimers.Default with { Hold = TimeSpan.FromSeconds(1) } },
                new PeerSpec { Name = "x", RemoteAddress = Net.Address(2) },
                new PeerSpec { Name = "y" },
            ],
        }));
        Assert.Equal(6, faults.Length);
        Assert.Contains(faults, f => f.StartsWith("LocalAs:", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.StartsWith("RouterId:", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.StartsWith("Peers[0] 'x'.Timers.Hold:", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.StartsWith("Peers[1] 'x'.Name:", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.StartsWith("Peers[1] 'x'.RemoteAddress:", StringComparison.Ordinal));
        Assert.Contains(faults, f => f.StartsWith("Peers[2] 'y': give either", StringComparison.Ordinal));
    }

    [Fact]
    public void ChangingOnePeer_TouchesNoOther()
    {
        Speaker hub = _net.Add(1, 65000);
        for (int n = 2; n <= 5; n++)
        {
            Speaker spoke = _net.Add(n, (uint)(65000 + n));
            _net.Link(hub, 1, spoke, n);
        }
        for (int n = 2; n <= 5; n++) _net.AwaitUp(hub, n);
        _net.Change(hub, c => c with { Peers = c.Peers.RemoveAt(0) });
        _net.ChangePeer(hub, 3, p => p with { Timers = p.Timers with { Hold = TimeSpan.FromSeconds(30) } });
        _net.ChangePeer(hub, 4, p => p with { Description = "only words" });
        _net.Peer(hub, 99, 65099);
        _net.Run(60);
        Assert.Equal(2, _net.Status(hub, 3).TimesEstablished);
        Assert.Equal(1, _net.Status(hub, 4).TimesEstablished);
        Assert.Equal(1, _net.Status(hub, 5).TimesEstablished);
    }
}
