using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>Graceful restart (RFC 4724) and its long-lived form (RFC 9494), each in both roles.</summary>
public class GracefulRestartTests
{
    private const string NoHelper = "OpenBGPD announces End-of-RIB only, and keeps no routes";
    private static readonly IpPrefix s_prefix = IpPrefix.Parse("203.0.113.0/24");

    /// <summary>Daemons whose routes we keep while they are away.</summary>
    public static IEnumerable<TheoryDataRow<PeerKind>> Restarting => DaemonTable.AllBut(
        (PeerKind.OpenBgpd, NoHelper));

    /// <summary>Daemons that keep our routes.</summary>
    public static IEnumerable<TheoryDataRow<PeerKind>> Helpers => DaemonTable.AllBut(
        (PeerKind.OpenBgpd, NoHelper),
        (PeerKind.ExaBgp, "ExaBGP has no table to keep routes in"));

    public static IEnumerable<TheoryDataRow<PeerKind>> LongLivedRestarting => DaemonTable.AllBut(
        (PeerKind.OpenBgpd, "OpenBGPD 7.7 does not have RFC 9494"),
        (PeerKind.Frr, "FRR 8.4 announces the capability only as a helper, with time 0"),
        (PeerKind.ExaBgp, "ExaBGP 4.2 does not have RFC 9494"));

    public static IEnumerable<TheoryDataRow<PeerKind>> LongLivedHelpers => DaemonTable.AllBut(
        (PeerKind.OpenBgpd, "OpenBGPD 7.7 does not have RFC 9494"),
        (PeerKind.ExaBgp, "ExaBGP has no table to keep routes in"));

    [Theory]
    [MemberData(nameof(Restarting))]
    public async Task Helper_KeepsItsRoutes_UntilItsEndOfRib(PeerKind kind)
    {
        using BgpLab lab = new();
        PeerSetup setup = new() { RestartTime = 60 };
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, setup);
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        await daemon.KillAsync();
        Assert.True(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].State != SessionState.Established));
        Assert.All(await speaker.GetRoutesAsync(RibKind.AdjRibIn, Family.IPv4Unicast), r => Assert.True(r.Stale));
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        await daemon.StartAsync(setup with { Prefixes = ["198.51.100.0/24"], Restarting = true });
        await BgpLab.Route(speaker, "198.51.100.0/24", 40);
        // What the restarted daemon did not send again goes with its End-of-RIB.
        await BgpLab.NoRoute(speaker, PeerSetup.Prefix4, 40);
    }

    [Theory]
    [MemberData(nameof(Helpers))]
    public async Task Restarter_ItKeepsOurRoutes_WhileWeAreAway(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { RestartTime = 60 });
        SpeakerConfig config = BgpLab.Config(BgpLab.Spec(65002));
        await speaker.AnnounceAsync(s_prefix, LocalRoute.Default);
        await daemon.SeesAsync("203.0.113.0/24");
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        await speaker.DisposeAsync();
        Watch watch = Watch.Begin(daemon);
        Speaker again = await lab.StartSpeaker(config, new SpeakerOptions { Restarting = true });
        await again.AnnounceAsync(s_prefix, LocalRoute.Default);
        await BgpLab.Up(again, seconds: 40);
        await BgpLab.Route(again, PeerSetup.Prefix4);
        Assert.True(await BgpLab.Until(async () => (await again.GetPeersAsync())[0].RoutesAdvertised > 0));
        await daemon.SeesAsync("203.0.113.0/24");
        Assert.Equal(0, await watch.EndAsync());
    }

    [Theory]
    [MemberData(nameof(LongLivedRestarting))]
    public async Task LongLived_Helper_KeepsItsRoutesPastTheRestartTime(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { RestartTime = 1, LongLivedTime = 60 },
            p => p with { GracefulRestart = new GracefulRestartSpec(true, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60)) });
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        await daemon.KillAsync();
        RouteRow? row = null;
        Assert.True(await BgpLab.Until(async () =>
            (row = (await speaker.GetRoutesAsync(RibKind.LocRib, Family.IPv4Unicast)).FirstOrDefault()) is null || row.Attributes.HasCommunity(Community.LlgrStale)));
        Assert.True(row is { Stale: true }, "the route went with the restart time");
    }

    [Theory]
    [MemberData(nameof(LongLivedHelpers))]
    public async Task LongLived_Restarter_ItKeepsOursPastTheRestartTime(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { RestartTime = 1, LongLivedTime = 60 },
            p => p with { GracefulRestart = new GracefulRestartSpec(true, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60)) });
        await speaker.AnnounceAsync(s_prefix, LocalRoute.Default);
        await daemon.SeesAsync("203.0.113.0/24");
        await speaker.DisposeAsync();
        // The sign of it: marked as stale once the restart time of one second is over.
        await Eventually.Async(async () => await daemon.ShowAsync("203.0.113.0/24") is var t && (t.Contains("65535:6", StringComparison.Ordinal) || t.Contains("llgr", StringComparison.OrdinalIgnoreCase)), TimeSpan.FromSeconds(20));
    }

    /// <summary>Looks whether the daemon has our route, again and again.</summary>
    private sealed class Watch
    {
        private readonly CancellationTokenSource _stop = new();
        private Task<int>? _task;

        internal static Watch Begin(PeerDaemon daemon)
        {
            Watch watch = new();
            watch._task = watch.CountMissesAsync(daemon);
            return watch;
        }

        private async Task<int> CountMissesAsync(PeerDaemon daemon)
        {
            int misses = 0;
            while (!_stop.IsCancellationRequested)
            {
                if (!(await daemon.ShowAsync("203.0.113.0/24")).Contains("203.0.113.0/24", StringComparison.Ordinal)) misses++;
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
            return misses;
        }

        internal async Task<int> EndAsync()
        {
            await _stop.CancelAsync();
            int misses = await _task!;
            _stop.Dispose();
            return misses;
        }
    }
}
