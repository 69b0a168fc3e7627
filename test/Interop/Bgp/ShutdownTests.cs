using Margay.Bgp;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>Shutdown with a text (RFC 9003), in both directions, and what it does to routes that graceful restart would keep.</summary>
public class ShutdownTests
{
    public static IEnumerable<TheoryDataRow<PeerKind>> ThatTell => DaemonTable.AllBut((PeerKind.ExaBgp, "ExaBGP ends a session with a code, without a text"));

    public static IEnumerable<TheoryDataRow<PeerKind>> Helpers => DaemonTable.AllBut(
        (PeerKind.OpenBgpd, "OpenBGPD keeps no routes of a lost session"),
        (PeerKind.ExaBgp, "ExaBGP has no table"));

    public static IEnumerable<TheoryDataRow<PeerKind>> ThatShow => DaemonTable.AllBut((PeerKind.ExaBgp, "ExaBGP 4.2 does not say what a hard reset holds"));

    [Theory]
    [MemberData(nameof(ThatShow))]
    public async Task Ours_IsSeenWithItsText(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind);
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        await speaker.ShutdownAsync("moving racks");
        string words = "";
        Assert.True(await BgpLab.Until(async () => Says(words = await WordsOfAsync(daemon)), 15), words);
    }

    private static async Task<string> WordsOfAsync(PeerDaemon daemon) => daemon switch
    {
        Frr => await daemon.AskAsync($"show bgp neighbors {BgpLab.Us}") + daemon.Log,
        _ => daemon.Log,
    };

    // Some tell the text of a hard reset (RFC 8538), in which the shutdown is wrapped, only as octets.
    private static bool Says(string words) => words.Contains("moving racks", StringComparison.Ordinal)
        || words.Replace(" ", "", StringComparison.Ordinal).Contains(Convert.ToHexString("moving racks"u8), StringComparison.OrdinalIgnoreCase);

    [Theory]
    [MemberData(nameof(ThatTell))]
    public async Task Theirs_IsShownWithItsText(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind);
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        await (daemon switch
        {
            Bird bird => bird.DoAsync("disable", "margay", "\"moving racks\""),
            Frr => daemon.AskAsync("configure", "router bgp 65002", $"neighbor {BgpLab.Us} shutdown message moving racks"),
            GoBgp => daemon.AskAsync("neighbor", BgpLab.Us, "shutdown", "--reason", "moving racks"),
            _ => daemon.AskAsync("neighbor", BgpLab.Us, "down", "moving racks"),
        });
        string last = "";
        Assert.True(await BgpLab.Until(async () => (last = (await speaker.GetPeersAsync())[0].LastError).Contains("moving racks", StringComparison.Ordinal)), last);
    }

    [Theory]
    [MemberData(nameof(Helpers))]
    public async Task OurRoutesGoAtOnce_ThoughARestartWouldKeepThem(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { RestartTime = 120 });
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await daemon.SeesAsync("203.0.113.0/24");
        await speaker.ShutdownAsync("moving racks");
        await daemon.SeesNoMoreAsync("203.0.113.0/24");
    }
}
