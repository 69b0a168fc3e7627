using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>ADD-PATH (RFC 7911) in both directions.</summary>
public class AddPathTests
{
    public static IEnumerable<TheoryDataRow<PeerKind>> Daemons => DaemonTable.All;

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task OnePath_BothWays(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { AddPath = true }, p => p with { AddPath = AddPathMode.Both });
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        PeerStatus status = (await speaker.GetPeersAsync())[0];
        Assert.Contains(status.Capabilities, c => c.Contains("add-path", StringComparison.OrdinalIgnoreCase));
        await daemon.SeesAsync("203.0.113.0/24", BgpLab.Us);
        await speaker.WithdrawAsync(IpPrefix.Parse("203.0.113.0/24"));
        await daemon.SeesNoMoreAsync("203.0.113.0/24");
    }

    // A client behind us and the daemon's neighbour announce the same prefix: with ADD-PATH the daemon gets both paths.
    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task TwoPaths_ReachTheDaemon_AndOneGoesAgain(PeerKind kind)
    {
        using BgpLab lab = new();
        lab.AddOurAddress("10.9.0.3");
        lab.AddOurAddress("10.9.0.4");
        Speaker reflector = await lab.StartSpeaker(BgpLab.Config(
            BgpLab.Spec(65001, p => p with { RouteReflectorClient = true, Families = FamilySet.IPv4Unicast, Passive = true, AddPath = AddPathMode.Both }),
            Client("10.9.0.3"), Client("10.9.0.4")));
        Speaker a = await StartClient(lab, "10.9.0.3"), b = await StartClient(lab, "10.9.0.4");
        await BgpLab.Up(a, "reflector");
        await BgpLab.Up(b, "reflector");
        await a.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        await b.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        PeerDaemon daemon = await lab.StartAsync(kind, new PeerSetup { Asn = 65001, Families = FamilySet.IPv4Unicast, AddPath = true });
        await BgpLab.Up(reflector);
        if (kind == PeerKind.ExaBgp)
        {
            // It has no table: both announcements are in what it received.
            await Eventually.Async(() => Task.FromResult(new[] { "10.9.0.3", "10.9.0.4" }.All(n => ((ExaBgp)daemon).Lines().Any(l => l.Contains($"\"{n}\"", StringComparison.Ordinal)))), TimeSpan.FromSeconds(20));
            return;
        }
        await daemon.SeesAsync("203.0.113.0/24", "10.9.0.3", "10.9.0.4");
        await a.WithdrawAsync(IpPrefix.Parse("203.0.113.0/24"));
        await Eventually.Async(async () => (await daemon.ShowAsync("203.0.113.0/24")) is var text && text.Contains("10.9.0.4", StringComparison.Ordinal) && !text.Contains("10.9.0.3", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
    }

    private static PeerSpec Client(string address) =>
        BgpLab.Spec(65001, p => p with { Name = address, RemoteAddress = InetAddress.Parse(address), RouteReflectorClient = true, Passive = true, Families = FamilySet.IPv4Unicast });

    private static Task<Speaker> StartClient(BgpLab lab, string address) => lab.StartSpeaker(new SpeakerConfig
    {
        LocalAs = 65001,
        RouterId = InetAddress.Parse(address),
        Peers = [BgpLab.Spec(65001, p => p with { Name = "reflector", RemoteAddress = InetAddress.Parse(BgpLab.Us), LocalAddress = InetAddress.Parse(address), Families = FamilySet.IPv4Unicast })],
    });
}
