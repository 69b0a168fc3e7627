using Margay.Bgp;
using Margay.Core.Net;

namespace Margay.Interop.Bgp;

/// <summary>BFD (RFC 5880, 5881, 5883) with bfdd of FRR and with BIRD.</summary>
public class BfdTests(ITestOutputHelper output)
{
    private static readonly BfdSpec s_bfd = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100), 3);
    private const string BirdBfd = "protocol bfd watch { interface \"v0\" { min rx interval 100 ms; min tx interval 100 ms; multiplier 3; }; multihop { min rx interval 100 ms; min tx interval 100 ms; multiplier 3; }; }\n";

    private static string Frr(string address = BgpLab.Us) => Daemons.Frr(address: address, neighbour: $"neighbor {address} bfd 3 100 100");

    private static async Task BfdUp(Speaker speaker)
    {
        bool up = await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].Bfd?.State == BfdState.Up, 60);
        Assert.True(up, (await speaker.GetPeersAsync())[0].ToString());
    }

    /// <summary>
    /// The fast timers are agreed on after the session is Up; and bgpd makes its BFD session anew, over the interface, once BGP over IPv6 is established, which takes BGP
    /// down and up once more. So both have to stay as they are for two seconds.
    /// </summary>
    private static async Task BfdSettled(Speaker speaker)
    {
        int times = 0;
        bool settled = await BgpLab.Until(async () =>
        {
            PeerStatus peer = (await speaker.GetPeersAsync())[0];
            bool is300 = peer is { State: SessionState.Established, Bfd.State: BfdState.Up } && peer.Bfd!.DetectionTime == TimeSpan.FromMilliseconds(300);
            times = is300 ? times + 1 : 0;
            return times >= 40;
        }, 60);
        Assert.True(settled, (await speaker.GetPeersAsync())[0].ToString());
    }

    /// <summary>Both sides see nothing but silence; the routes must be gone though graceful restart is agreed.</summary>
    private async Task CutIsSeen(BgpLab lab, Speaker speaker, string route)
    {
        await BgpLab.Route(speaker, route);
        await BfdSettled(speaker);
        lab.CutCable();
        long cut = TimeProvider.System.GetTimestamp();
        await BgpLab.NoRoute(speaker, route, 10);
        TimeSpan took = TimeProvider.System.GetElapsedTime(cut);
        PeerStatus status = (await speaker.GetPeersAsync())[0];
        output.WriteLine($"routes gone after {took.TotalMilliseconds:0} ms; {status.LastError}");
        // 300 ms by the protocol, 50 ms of looking, and a busy machine.
        Assert.True(took < TimeSpan.FromSeconds(3), $"took {took}");
        Assert.Contains("nothing was heard", status.LastError, StringComparison.Ordinal);
        Assert.NotEqual(SessionState.Established, status.State);
    }

    [Fact]
    public async Task Frr_ComesUp_AndACutCableIsSeen()
    {
        using BgpLab lab = new();
        await lab.StartFrrSuite(Frr());
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65003, p => p with { Bfd = s_bfd })));
        await BfdUp(speaker);
        await BgpLab.Shows(() => lab.Vtysh("bfdd", "show bfd peers"), "Status: up");
        await CutIsSeen(lab, speaker, "198.51.100.0/24");
    }

    [Fact]
    public async Task Bird_ComesUp_AndACutCableIsSeen()
    {
        using BgpLab lab = new();
        lab.StartBird(BirdBfd + Daemons.Bird(session: "bfd on;"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002, p => p with { Bfd = s_bfd })));
        await BfdUp(speaker);
        await BgpLab.Shows(() => lab.Birdc("show bfd sessions"), "Up");
        await CutIsSeen(lab, speaker, "192.0.2.0/24");
    }

    [Fact]
    public async Task Bird_Multihop()
    {
        using BgpLab lab = new();
        lab.StartBird(BirdBfd + Daemons.Bird(session: "bfd on; multihop 3; source address 10.9.0.2;"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002, p => p with { Multihop = true, Bfd = s_bfd with { Multihop = true } })));
        await BfdUp(speaker);
        Assert.True((await speaker.GetPeersAsync())[0].Bfd!.Multihop);
        await CutIsSeen(lab, speaker, "192.0.2.0/24");
    }

    [Fact]
    public async Task Frr_OverIPv6()
    {
        using BgpLab lab = new();
        await lab.StartFrrSuite(Frr(BgpLab.Us6));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65003, p => p with { RemoteAddress = InetAddress.Parse(BgpLab.Peer6), Bfd = s_bfd })));
        await BfdUp(speaker);
        await CutIsSeen(lab, speaker, "2001:db8:f::/48");
    }

    [Fact]
    public async Task Frr_AdminDown_LeavesTheSessionAlone()
    {
        using BgpLab lab = new();
        await lab.StartFrrSuite(Daemons.Frr(neighbour: $"neighbor {BgpLab.Us} bfd profile fast"), bfd: "bfd\n profile fast\n  receive-interval 100\n  transmit-interval 100\n exit\nexit\n");
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65003, p => p with { Bfd = s_bfd })));
        await BfdUp(speaker);
        lab.Configure("bfdd", "bfd", "profile fast", "shutdown");
        bool down = await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].Bfd is { State: BfdState.Down, RemoteState: BfdState.AdminDown });
        Assert.True(down, (await speaker.GetPeersAsync())[0].Bfd!.ToString());
        PeerStatus status = (await speaker.GetPeersAsync())[0];
        Assert.Equal((SessionState.Established, 1), (status.State, status.TimesEstablished));
        lab.Configure("bfdd", "bfd", "profile fast", "no shutdown");
        await BfdUp(speaker);
        Assert.Equal(1, (await speaker.GetPeersAsync())[0].TimesEstablished);
    }

    [Fact]
    public async Task SwitchedOffByUs_TheSessionGoesOnWithoutIt()
    {
        using BgpLab lab = new();
        await lab.StartFrrSuite(Frr());
        PeerSpec spec = BgpLab.Spec(65003, p => p with { Bfd = s_bfd });
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(spec));
        await BfdUp(speaker);
        Assert.Empty(await speaker.ApplyAsync(BgpLab.Config(spec with { Bfd = null })));
        await BgpLab.Shows(() => lab.Vtysh("bfdd", "show bfd peers"), "Status: down");
        // bgpd 8.4 takes AdminDown for a failure, against RFC 5882 §3.2, and connects anew.
        await BgpLab.Up(speaker);
        await BgpLab.Route(speaker, "198.51.100.0/24");
        Assert.Null((await speaker.GetPeersAsync())[0].Bfd);
    }
}
