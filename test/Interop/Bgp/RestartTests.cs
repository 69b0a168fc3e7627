using Margay.Bgp;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>Graceful restart (RFC 4724) in both roles, shutdown, route refresh.</summary>
public class RestartTests
{
    private const string BirdRestart = "graceful restart on; graceful restart time 30;";

    [Fact]
    public async Task Helper_KeepsTheRoutesOfABirdThatWasKilled()
    {
        using BgpLab lab = new();
        Bird bird = lab.StartBird(Daemons.Bird(session: BirdRestart));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002)));
        await BgpLab.Route(speaker, "192.0.2.0/24");
        await bird.KillAsync();
        Assert.True(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].State != SessionState.Established));
        Assert.True((await speaker.GetRoutesAsync(RibKind.AdjRibIn, Margay.Bgp.Wire.Family.IPv4Unicast)).Single().Stale);
        lab.StartBird(Daemons.Bird(session: BirdRestart).Replace("192.0.2.0/24", "192.0.3.0/24", StringComparison.Ordinal));
        await BgpLab.Route(speaker, "192.0.3.0/24");
        // What the restarted daemon did not send again goes with its End-of-RIB.
        await BgpLab.NoRoute(speaker, "192.0.2.0/24");
    }

    [Fact]
    public async Task Restarter_BirdKeepsOurRoutes_WhileWeAreAway()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird(session: BirdRestart));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002)));
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await BgpLab.Shows(() => lab.Birdc("show route 203.0.113.0/24"), "margay");
        await speaker.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Contains("margay", lab.Birdc("show route 203.0.113.0/24"), StringComparison.Ordinal);
        Speaker again = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002)), new SpeakerOptions { Restarting = true });
        await again.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await BgpLab.Up(again);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Contains("margay", lab.Birdc("show route 203.0.113.0/24"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shutdown_BirdSeesTheText()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird());
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002)));
        await BgpLab.Up(speaker);
        await speaker.ShutdownAsync("moving racks");
        await BgpLab.Shows(lab.BirdLog, "Received: Administrative shutdown", "moving racks");
    }

    [Fact]
    public async Task Shutdown_FrrDropsOurRoutesAtOnce_ThoughItWouldHelpARestart()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr());
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65003)));
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await BgpLab.Shows(() => lab.Vtysh("show bgp ipv4 unicast"), "203.0.113.0/24");
        await speaker.ShutdownAsync("moving racks");
        Assert.True(await BgpLab.Until(() => Task.FromResult(!lab.Vtysh("show bgp ipv4 unicast").Contains("203.0.113.0/24", StringComparison.Ordinal)), 5), "FRR keeps the route");
    }

    [Fact]
    public async Task Refresh_FrrAsksAndIsAsked()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr());
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65003)));
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await BgpLab.Route(speaker, "198.51.100.0/24");
        await BgpLab.Shows(() => lab.Vtysh("show bgp ipv4 unicast"), "203.0.113.0/24");
        long before = (await speaker.GetPeersAsync())[0].UpdatesReceived;
        Assert.True(await speaker.RefreshAsync("peer"));
        Assert.True(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].UpdatesReceived > before), "FRR did not send its routes again");
        lab.Vtysh($"clear bgp {BgpLab.Us} soft in");
        await BgpLab.Shows(() => lab.Vtysh("show bgp ipv4 unicast"), "203.0.113.0/24");
        Assert.Equal(1, (await speaker.GetPeersAsync())[0].TimesEstablished);
    }
}
