using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>Four-octet AS numbers (RFC 6793), with peers that have them and with peers that do not (AS_TRANS, AS4_PATH).</summary>
public class FourOctetAsTests
{
    public static IEnumerable<TheoryDataRow<PeerKind>> Daemons => DaemonTable.All;

    public static IEnumerable<TheoryDataRow<PeerKind>> OldSpeakers => DaemonTable.AllBut(
        (PeerKind.Frr, "FRR 8.4 leaves the capability out only with all others (dont-capability-negotiate)"),
        (PeerKind.GoBgp, "GoBGP 3.10 always announces the capability"));

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task BothFourOctet(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Asn = 4_200_000_003, NeighbourAsn = 4_200_000_001 });
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default);
        Assert.Equal("4200000003", (await BgpLab.Route(speaker, PeerSetup.Prefix4)).AsPath.ToString());
        await daemon.SeesAsync("203.0.113.0/24", "4200000001");
    }

    // The peer's sessions have two-octet paths: the AS of the path that does not fit travels as 23456 (AS_TRANS), and whole in AS4_PATH.
    [Theory]
    [MemberData(nameof(OldSpeakers))]
    public async Task OldSpeaker(PeerKind kind)
    {
        using BgpLab lab = new();
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { TwoOctetAs = true });
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), LocalRoute.Default with { AsPath = AsPath.Sequence(4_200_000_009) });
        Assert.Equal("65002", (await BgpLab.Route(speaker, PeerSetup.Prefix4)).AsPath.ToString());
        await daemon.SeesAsync("203.0.113.0/24", "65001", "4200000009");
        Assert.DoesNotContain("four-octet-as", (await speaker.GetPeersAsync())[0].Capabilities);
    }
}
