using System.Collections.Immutable;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Session;

/// <summary>Unnumbered peers: found by router advertisements, spoken to between link-local addresses.</summary>
public class UnnumberedTests
{
    private readonly SimSpeakers _sim = new();
    private readonly RecordingSink _sink = new();

    private static InetAddress LinkLocal(int n) => InetAddress.Parse($"fe80::{n}");

    private static SimTransport Host(Speaker s) => (SimTransport)s.Options.Transport!;

    private Speaker Add(int n, uint asn, params PeerSpec[] peers)
    {
        Speaker s = _sim.Add([Net.Address(n), LinkLocal(n)], o => n == 1 ? o with { Sink = _sink } : o);
        _configs[s] = new SpeakerConfig { LocalAs = asn, RouterId = Net.Address(n), Listen = [new ListenEndpoint(InetAddress.AnyV6)], Peers = [.. peers] };
        return s;
    }

    private readonly Dictionary<Speaker, SpeakerConfig> _configs = [];

    private void Start(Speaker s) => _sim.Apply(s, _configs[s]);

    private static PeerSpec On(string device, string? name = null) => new() { Name = name ?? device, Interface = device, Families = FamilySet.Unicast };

    private PeerStatus Peer(Speaker s, string name) => _sim.Wait(s.GetPeersAsync()).Single(p => p.Name == name);

    private void AwaitUp(Speaker s, string name, double seconds = 30) =>
        Assert.True(_sim.RunUntil(() => Peer(s, name).State == SessionState.Established, TimeSpan.FromSeconds(seconds)), Peer(s, name).ToString());

    [Fact]
    public void TwoEndsOfACable_FindEachOther_AndRoutesHaveLinkLocalNextHops()
    {
        Speaker a = Add(1, 65001, On("eth0")), b = Add(2, 65002, On("eth7"));
        SimNetwork.Join(Host(a), "eth0", Host(b), "eth7");
        Start(a);
        Start(b);
        AwaitUp(a, "eth0", 5);
        Assert.Equal((LinkLocal(2), "eth0", 65002u), (Peer(a, "eth0").Address, Peer(a, "eth0").Interface, Peer(a, "eth0").RemoteAs));
        _sim.Wait(b.AnnounceAsync(IpPrefix.Parse("192.0.2.0/24"), LocalRoute.Default));
        _sim.Wait(b.AnnounceAsync(IpPrefix.Parse("2001:db8::/32"), LocalRoute.Default));
        Assert.True(_sim.RunUntil(() => _sink.Table.Count == 2, TimeSpan.FromSeconds(5)));
        Assert.All(_sink.Table.Values, r => Assert.Equal((LinkLocal(2), "eth0"), (r.NextHops[0].Address, r.NextHops[0].Interface)));
    }

    [Fact]
    public void UntilANeighbourIsHeard_TheReasonIsSaid()
    {
        Speaker a = Add(1, 65001, On("eth0"), On("eth9"));
        Speaker silent = Add(2, 65002), b = Add(3, 65003);
        SimNetwork.Join(Host(a), "eth0", Host(silent), "eth0");
        Start(a);
        _sim.Run(TimeSpan.FromSeconds(20));
        Assert.Contains("no router advertisement was heard on eth0", Peer(a, "eth0").ConnectError, StringComparison.Ordinal);
        Assert.Contains("no interface 'eth9'", Peer(a, "eth9").ConnectError, StringComparison.Ordinal);
        Assert.Equal(SessionState.Idle, Peer(a, "eth0").State);
        // An interface that comes later is taken up.
        SimNetwork.Join(Host(a), "eth9", Host(b), "eth1");
        _configs[b] = _configs[b] with { Peers = [On("eth1")] };
        Start(b);
        AwaitUp(a, "eth9");
    }

    [Fact]
    public void AnInternalPeer_AndTheWrongKind()
    {
        Speaker a = Add(1, 65001, On("eth0") with { RemoteAs = RemoteAs.Internal }), b = Add(2, 65001, On("eth0") with { RemoteAs = RemoteAs.Internal });
        SimNetwork.Join(Host(a), "eth0", Host(b), "eth0");
        Start(a);
        Start(b);
        AwaitUp(a, "eth0");
        _sim.Apply(b, _configs[b] with { Peers = [On("eth0")] });
        _sim.Run(TimeSpan.FromSeconds(10));
        Assert.NotEqual(SessionState.Established, Peer(a, "eth0").State);
        Assert.Contains("AS 65001", Peer(b, "eth0").LastError, StringComparison.Ordinal);
    }

    [Fact]
    public void OneAddress_OnTwoLinks_IsTwoPeers()
    {
        SpeakerConfig config = new()
        {
            LocalAs = 65001,
            RouterId = Net.Address(1),
            Peers = [new PeerSpec { Name = "x", RemoteAddress = LinkLocal(9), Interface = "eth0" }, new PeerSpec { Name = "y", RemoteAddress = LinkLocal(9), Interface = "eth1" }],
        };
        Speaker a = Add(1, 65001);
        Assert.Empty(_sim.Wait(a.ApplyAsync(config)));
        Assert.Equal(2, _sim.Wait(a.GetPeersAsync()).Length);
        ImmutableArray<string> faults = _sim.Wait(a.ApplyAsync(config with { Peers = [On("eth0", "x"), On("eth0", "y")] }));
        Assert.Contains("eth0 is also the interface of 'x'", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_Advertisements_AreNoNeighbours()
    {
        Speaker a = Add(1, 65001, On("eth0")), b = Add(2, 65002);
        SimNetwork.Join(Host(a), "eth0", Host(b), "eth0");
        Start(a);
        _sim.Run(TimeSpan.FromSeconds(1));
        byte[] advertisement = Convert.FromHexString("860000000000001e0000000000000000");
        SimRouterSocket socket = Host(a).RouterSockets["eth0"];
        // From beyond the link; from an address that is not link-local; cut short.
        socket.Inject(LinkLocal(6), 254, advertisement);
        socket.Inject(InetAddress.Parse("2001:db8::6"), 255, advertisement);
        socket.Inject(LinkLocal(6), 255, advertisement[..15]);
        _sim.Run(TimeSpan.FromSeconds(2));
        Assert.Contains("no router advertisement", Peer(a, "eth0").ConnectError, StringComparison.Ordinal);
        socket.Inject(LinkLocal(6), 255, advertisement);
        _sim.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(LinkLocal(6), Peer(a, "eth0").Address);
    }

    [Fact]
    public void AReplacedNeighbour_IsFound_WhenTheOldOneIsSilent_AndItsSessionDown()
    {
        Speaker a = Add(1, 65001, On("eth0") with { GracefulRestart = GracefulRestartSpec.Off }), b = Add(2, 65002, On("eth0")), c = Add(3, 65003, On("eth0"));
        SimNetwork.Join(Host(a), "eth0", Host(b), "eth0");
        Start(a);
        Start(b);
        AwaitUp(a, "eth0");
        _sim.Kill(b);
        SimNetwork.Join(Host(a), "eth0", Host(c), "eth0");
        Start(c);
        Assert.True(_sim.RunUntil(() => Peer(a, "eth0") is { RemoteAs: 65003, State: SessionState.Established }, TimeSpan.FromSeconds(120)), Peer(a, "eth0").ToString());
    }

    [Fact]
    public void Removed_TheSessionEnds_AndNothingIsSentAnyMore()
    {
        Speaker a = Add(1, 65001, On("eth0")), b = Add(2, 65002, On("eth0"));
        SimNetwork.Join(Host(a), "eth0", Host(b), "eth0");
        Start(a);
        Start(b);
        AwaitUp(a, "eth0");
        _sim.Apply(a, _configs[a]);
        Assert.Equal(1, Peer(a, "eth0").TimesEstablished);
        _sim.Apply(a, _configs[a] with { Peers = [] });
        Assert.Empty(_sim.Wait(a.GetPeersAsync()));
        Assert.Empty(Host(a).RouterSockets);
        Start(a);
        AwaitUp(a, "eth0", 60);
    }
}
