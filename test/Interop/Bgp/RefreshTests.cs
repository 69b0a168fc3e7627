using Margay.Bgp;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>Route refresh (RFC 2918), asked for by either side, without a new session.</summary>
public class RefreshTests
{
    public static IEnumerable<TheoryDataRow<PeerKind>> ThatAnswer => DaemonTable.AllBut(
        (PeerKind.OpenBgpd, "OpenBGPD 7.7 logs 'AID not negotiated' and answers with End-of-RIB alone"),
        (PeerKind.ExaBgp, "ExaBGP 4.2.21 ends the session instead of answering where enhanced refresh (RFC 7313) is agreed on: it cannot encode its own demarcation"));

    public static IEnumerable<TheoryDataRow<PeerKind>> ThatAsk => DaemonTable.AllBut((PeerKind.GoBgp, "GoBGP keeps what it received and never asks: softresetin judges it anew"));

    [Theory]
    [MemberData(nameof(ThatAnswer))]
    public async Task WeAsk_AndAreSentTheRoutesAgain(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind);
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        await BgpLab.Route(speaker, PeerSetup.Prefix6);
        long before = (await speaker.GetPeersAsync())[0].UpdatesReceived;
        Assert.True(await speaker.RefreshAsync("peer"));
        Assert.True(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].UpdatesReceived > before), $"the routes were not sent again\n{string.Join(' ', (await speaker.GetPeersAsync())[0].Capabilities)}\n{daemon.Tail()}");
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        Assert.Equal(1, (await speaker.GetPeersAsync())[0].TimesEstablished);
    }

    [Theory]
    [MemberData(nameof(ThatAsk))]
    public async Task TheyAsk_AndAreSentOursAgain(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind);
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await BgpLab.Route(speaker, PeerSetup.Prefix6);
        // Settled: all that goes out now but keepalives is the answer.
        await daemon.SeesAsync("203.0.113.0/24");
        long before = (await speaker.GetPeersAsync())[0].OctetsSent;
        await (daemon switch
        {
            Bird bird => bird.DoAsync("reload", "in", "margay"),
            Frr => daemon.AskAsync($"clear bgp {BgpLab.Us} soft in"),
            GoBgp => daemon.AskAsync("neighbor", BgpLab.Us, "softresetin"),
            ExaBgp => daemon.AskAsync("announce route-refresh ipv4 unicast"),
            _ => daemon.AskAsync("neighbor", BgpLab.Us, "refresh"),
        });
        const int Keepalive = 19;
        Assert.True(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].OctetsSent > before + (2 * Keepalive), 15), $"nothing was sent again\n{daemon.Tail()}");
        await daemon.SeesAsync("203.0.113.0/24");
        Assert.Equal(1, (await speaker.GetPeersAsync())[0].TimesEstablished);
    }
}
