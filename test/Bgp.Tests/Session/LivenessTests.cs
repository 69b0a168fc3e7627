using Margay.Bgp.Bfd;
using Margay.Bgp.Transport;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Session;

/// <summary>What BFD means to BGP (RFC 5882), on a simulated network.</summary>
public class LivenessTests
{
    private static readonly BfdSpec s_fast = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50), 3);
    private readonly Net _net = new();
    private readonly Dictionary<Speaker, SimBfdTransport> _transports = [];

    private Speaker Add(int n, uint asn) => Add(n, asn, false);

    private Speaker Add(int n, uint asn, bool restarting)
    {
        SimBfdTransport? transport = null;
        Speaker s = _net.Add(n, asn, options: o =>
        {
            transport = (SimBfdTransport)o.BfdTransport!;
            return o with { Restarting = restarting };
        });
        _transports[s] = transport!;
        return s;
    }

    private (Speaker A, Speaker B) Linked(BfdSpec? atA, BfdSpec? atB, GracefulRestartSpec? gr = null)
    {
        Speaker a = Add(1, 65001), b = Add(2, 65002);
        _net.Link(a, 1, b, 2, p => p with { Bfd = atA, GracefulRestart = gr ?? p.GracefulRestart }, p => p with { Bfd = atB, GracefulRestart = gr ?? p.GracefulRestart });
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitRoute(a, "192.0.2.0/24");
        return (a, b);
    }

    private BfdStatus Bfd(Speaker s, int remote) => _net.Status(s, remote).Bfd!;

    private void AwaitBfd(Speaker s, int remote, BfdState state, double seconds = 20) =>
        Assert.True(_net.Sim.RunUntil(() => _net.Status(s, remote).Bfd?.State == state, TimeSpan.FromSeconds(seconds)), $"BFD is {_net.Status(s, remote).Bfd}");

    [Fact]
    public void CutLink_EndsTheSession_WithinTheDetectionTime_AndKeepsNothing()
    {
        (Speaker a, Speaker b) = Linked(s_fast, s_fast);
        AwaitBfd(a, 2, BfdState.Up);
        AwaitBfd(b, 1, BfdState.Up);
        _net.Run(5);
        Assert.Equal((TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(150)), (Bfd(a, 2).TransmitInterval, Bfd(a, 2).DetectionTime));
        _net.Sim.Network.Cut(Net.Address(1), Net.Address(2));
        TimeSpan cut = _net.Sim.Clock.Now;
        Assert.True(_net.Sim.RunUntil(() => !_net.IsUp(a, 2), TimeSpan.FromSeconds(1)));
        Assert.InRange((_net.Sim.Clock.Now - cut).TotalMilliseconds, 80, 153);
        Assert.Null(_net.Route(a, "192.0.2.0/24"));
        Assert.Contains("nothing was heard within the detection time", _net.Status(a, 2).LastError, StringComparison.Ordinal);
        Assert.Contains("BFD Down", _net.Status(a, 2).LastError, StringComparison.Ordinal);
        _net.Sim.Network.Restore(Net.Address(1), Net.Address(2));
        _net.AwaitRoute(a, "192.0.2.0/24", 60);
        AwaitBfd(a, 2, BfdState.Up);
        Assert.Equal(2, Bfd(a, 2).TimesUp);
    }

    [Fact]
    public void WithoutBfd_TheSameCut_IsNoticedByTheHoldTimerOnly()
    {
        (Speaker a, _) = Linked(null, null);
        _net.Sim.Network.Cut(Net.Address(1), Net.Address(2));
        Assert.False(_net.Sim.RunUntil(() => !_net.IsUp(a, 2), TimeSpan.FromSeconds(30)));
        Assert.Null(_net.Status(a, 2).Bfd);
    }

    [Fact]
    public void OneWayLoss_IsTold_ByTheSideThatHearsNothing()
    {
        (Speaker a, Speaker b) = Linked(s_fast, s_fast);
        AwaitBfd(a, 2, BfdState.Up);
        AwaitBfd(b, 1, BfdState.Up);
        _net.Run(1);
        _net.Sim.Network.DropDatagrams(Net.Address(2), Net.Address(1));
        Assert.True(_net.Sim.RunUntil(() => _net.Status(b, 1).LastError.Length > 0, TimeSpan.FromSeconds(1)));
        Assert.Contains("ControlDetectionTimeExpired", _net.Status(b, 1).LastError + Bfd(b, 1).RemoteDiagnostic, StringComparison.Ordinal);
        Assert.Equal(BfdDiagnostic.NeighborSignaledSessionDown, Bfd(b, 1).Diagnostic);
    }

    [Fact]
    public void NeverUp_EndsNothing()
    {
        (Speaker a, _) = Linked(s_fast, null);
        _net.Run(60);
        Assert.Equal((BfdState.Down, 1, SessionState.Established), (Bfd(a, 2).State, _net.Status(a, 2).TimesEstablished, _net.Status(a, 2).State));
    }

    [Fact]
    public void SwitchedOff_OnEitherSide_TheSessionStays()
    {
        (Speaker a, Speaker b) = Linked(s_fast, s_fast);
        AwaitBfd(a, 2, BfdState.Up);
        _net.ChangePeer(b, 1, p => p with { Bfd = null });
        _net.Run(10);
        Assert.Equal((BfdState.Down, BfdState.AdminDown), (Bfd(a, 2).State, Bfd(a, 2).RemoteState));
        Assert.Equal((1, SessionState.Established), (_net.Status(a, 2).TimesEstablished, _net.Status(a, 2).State));
        // And on again, without a reset.
        _net.ChangePeer(b, 1, p => p with { Bfd = s_fast });
        AwaitBfd(a, 2, BfdState.Up);
        Assert.Equal(1, _net.Status(a, 2).TimesEstablished);
    }

    [Fact]
    public void OtherTimers_NeedNoFlap()
    {
        (Speaker a, Speaker b) = Linked(s_fast, s_fast);
        AwaitBfd(a, 2, BfdState.Up);
        AwaitBfd(b, 1, BfdState.Up);
        _net.ChangePeer(a, 2, p => p with { Bfd = new BfdSpec(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(400), 5) });
        _net.Run(10);
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(1200)), (Bfd(a, 2).TransmitInterval, Bfd(a, 2).DetectionTime));
        Assert.Equal((TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(5)), (Bfd(b, 1).TransmitInterval, Bfd(b, 1).DetectionTime));
        Assert.Equal((1, 1, 1), (Bfd(a, 2).TimesUp, Bfd(b, 1).TimesUp, _net.Status(a, 2).TimesEstablished));
    }

    [Fact]
    public void ARestartingPeer_KeepsItsRoutes_ThoughItsBfdFellSilent()
    {
        (Speaker a, Speaker b) = Linked(s_fast, s_fast);
        AwaitBfd(a, 2, BfdState.Up);
        // The process dies: the kernel closes its connection, and BFD stops with it.
        _net.Sim.Kill(b);
        _net.Run(5);
        Assert.Equal(BfdState.Down, Bfd(a, 2).State);
        Assert.True(_net.Route(a, "192.0.2.0/24")!.Stale);
        Speaker again = Add(2, 65002, restarting: true);
        _net.Peer(again, 1, 65001, p => p with { Bfd = s_fast });
        _net.Announce(again, "192.0.2.0/24");
        AwaitBfd(a, 2, BfdState.Up);
        _net.AwaitUp(a, 2);
        _net.Run(1);
        Assert.False(_net.Route(a, "192.0.2.0/24")!.Stale);
    }

    [Theory]
    // The C bit: its BFD would not have stopped.
    [InlineData(true, BfdDiagnostic.None, false)]
    // It says itself that it does not hear us.
    [InlineData(false, BfdDiagnostic.ControlDetectionTimeExpired, false)]
    // What a new incarnation says first.
    [InlineData(false, BfdDiagnostic.None, true)]
    public void DownDuringARestart(bool independent, BfdDiagnostic says, bool keeps)
    {
        (Speaker a, Speaker b) = Linked(s_fast, s_fast);
        AwaitBfd(a, 2, BfdState.Up);
        _net.Sim.Kill(b);
        Assert.True(_net.Sim.RunUntil(() => !_net.IsUp(a, 2), TimeSpan.FromSeconds(1)));
        Assert.Equal(BfdState.Up, Bfd(a, 2).State);
        Assert.True(_net.Route(a, "192.0.2.0/24")!.Stale);
        Inject(a, new BfdPacket { State = BfdState.Down, Diagnostic = says, ControlPlaneIndependent = independent, DetectMultiplier = 3, MyDiscriminator = 5, YourDiscriminator = Bfd(a, 2).LocalDiscriminator, DesiredMinTx = 1_000_000, RequiredMinRx = 50_000 });
        _net.Run(0.1);
        Assert.NotEqual(BfdState.Up, Bfd(a, 2).State);
        Assert.Equal(keeps, _net.Route(a, "192.0.2.0/24") is not null);
    }

    private void Inject(Speaker to, BfdPacket packet, Func<BfdArrival, BfdArrival>? changed = null)
    {
        byte[] bytes = new byte[BfdPacket.Length];
        packet.Write(bytes);
        Inject(to, bytes, changed);
    }

    private void Inject(Speaker to, byte[] packet, Func<BfdArrival, BfdArrival>? changed = null)
    {
        BfdArrival arrival = new(Net.Address(2), Net.Address(1), 0, 255, false);
        _transports[to].Inject(changed?.Invoke(arrival) ?? arrival, packet);
    }

    /// <summary>Each would end the session if it were believed.</summary>
    [Fact]
    public void HostilePackets_ChangeNothing()
    {
        (Speaker a, Speaker b) = Linked(s_fast, s_fast);
        AwaitBfd(a, 2, BfdState.Up);
        AwaitBfd(b, 1, BfdState.Up);
        _net.Run(1);
        BfdStatus before = Bfd(a, 2);
        BfdPacket down = new() { State = BfdState.Down, DetectMultiplier = 3, MyDiscriminator = before.RemoteDiscriminator, YourDiscriminator = before.LocalDiscriminator, DesiredMinTx = 50_000, RequiredMinRx = 50_000 };
        byte[] good = new byte[BfdPacket.Length];
        down.Write(good);
        byte[] With(int at, byte value)
        {
            byte[] bad = [.. good];
            bad[at] = value;
            return bad;
        }
        // From a router behind the link, from another host, to another of our addresses, to the other port.
        Inject(a, down, x => x with { Ttl = 254 });
        Inject(a, down, x => x with { Source = Net.Address(9) });
        Inject(a, down, x => x with { Destination = Net.Address(8) });
        Inject(a, down, x => x with { Multihop = true });
        // A discriminator that is nobody's.
        Inject(a, down with { YourDiscriminator = before.LocalDiscriminator + 1 });
        Inject(a, down with { MyDiscriminator = 0 });
        Inject(a, With(0, 0x40));
        Inject(a, With(1, 0x44));
        Inject(a, With(1, 0x41));
        Inject(a, With(2, 0));
        Inject(a, With(3, 23));
        Inject(a, With(3, 25));
        Inject(a, good[..23]);
        Inject(a, []);
        _net.Run(2);
        BfdStatus after = Bfd(a, 2);
        Assert.Equal((BfdState.Up, 1, 1), (after.State, after.TimesUp, _net.Status(a, 2).TimesEstablished));
        Assert.InRange(after.PacketsRefused, before.PacketsRefused + 10, before.PacketsRefused + 14);
        // The same packet, if all of it is right, does end it.
        Inject(a, down);
        Assert.True(_net.Sim.RunUntil(() => _net.Status(a, 2).LastError.Length > 0, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void Multihop_TakesAnyTtl()
    {
        Speaker a = Add(1, 65001), b = Add(2, 65002);
        _transports[a].ArrivalTtl = _transports[b].ArrivalTtl = 7;
        BfdSpec spec = s_fast with { Multihop = true };
        _net.Link(a, 1, b, 2, p => p with { Bfd = spec, Multihop = true }, p => p with { Bfd = spec, Multihop = true });
        AwaitBfd(a, 2, BfdState.Up);
        Assert.True(Bfd(a, 2).Multihop);
    }

    [Fact]
    public void DynamicPeers_AndPassiveOnes_HaveItToo()
    {
        Speaker a = Add(1, 65001), b = Add(2, 65002);
        _net.Change(a, c => c with { Peers = [new PeerSpec { Name = "rack", ListenRange = Margay.Core.Net.IpPrefix.Parse("10.0.0.0/24"), Bfd = s_fast }] });
        _net.Peer(b, 1, 65001, p => p with { Bfd = s_fast });
        AwaitBfd(b, 1, BfdState.Up);
        Assert.True(_net.Sim.RunUntil(() => _net.Sim.Wait(a.GetPeersAsync()).Single().Bfd?.State == BfdState.Up, TimeSpan.FromSeconds(5)));
        _net.Change(b, c => c with { Peers = [] });
        _net.Run(5);
        Assert.Empty(_net.Sim.Wait(a.GetPeersAsync()));
    }

    [Theory]
    [InlineData(5, 300, 3, "Bfd.MinTx: must be 10 ms to 60 s")]
    [InlineData(300, 61_000, 3, "Bfd.MinRx: must be 10 ms to 60 s")]
    [InlineData(300, 300, 0, "Bfd.Multiplier: must be 1 to 255")]
    public void BadSpec_IsRefused(int minTx, int minRx, int multiplier, string fault)
    {
        Speaker a = Add(1, 65001);
        SpeakerConfig config = _net.Config(a) with
        {
            Peers = [new PeerSpec { Name = "x", RemoteAddress = Net.Address(2), Bfd = new BfdSpec(TimeSpan.FromMilliseconds(minTx), TimeSpan.FromMilliseconds(minRx), multiplier) }],
        };
        Assert.Contains(fault, Assert.Single(_net.Sim.Wait(a.ApplyAsync(config))), StringComparison.Ordinal);
    }
}
