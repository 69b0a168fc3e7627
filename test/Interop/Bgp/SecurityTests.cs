using Margay.Bgp;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>TCP MD5 (RFC 2385) and GTSM (RFC 5082) with the kernel and real daemons.</summary>
public class SecurityTests
{
    private const string Secret = "s3cret";

    public static IEnumerable<TheoryDataRow<PeerKind>> WithMd5 => DaemonTable.AllBut((PeerKind.OpenBgpd, "the portable OpenBGPD knows TCP MD5 only by PF_KEY, which Linux does not have"));

    public static IEnumerable<TheoryDataRow<PeerKind>> WithMd5AndListener => DaemonTable.AllBut(
        (PeerKind.OpenBgpd, "the portable OpenBGPD knows TCP MD5 only by PF_KEY, which Linux does not have"),
        (PeerKind.ExaBgp, "ExaBGP listens only for all of its neighbours, as a process option"));

    public static IEnumerable<TheoryDataRow<PeerKind>> WithGtsm => DaemonTable.All;

    [Theory]
    [MemberData(nameof(WithMd5))]
    public async Task Md5_TheyConnect(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Password = Secret }, p => p with { Password = Secret });
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
    }

    [Theory]
    [MemberData(nameof(WithMd5AndListener))]
    public async Task Md5_WeConnect(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Password = Secret, Passive = true }, p => p with { Password = Secret });
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
    }

    [Theory]
    [MemberData(nameof(WithMd5))]
    public async Task Md5_OfADynamicRange(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Password = Secret },
            p => p with { Name = "rack", RemoteAs = RemoteAs.External, RemoteAddress = null, ListenRange = IpPrefix.Parse("10.9.0.0/24"), Password = Secret });
        await BgpLab.Up(speaker, "rack-10.9.0.2");
    }

    [Fact]
    public async Task Md5_WrongKey_DoesNotConnect_AndTheRightOneDoes()
    {
        using BgpLab lab = new();
        await lab.StartAsync(PeerKind.Bird, new PeerSetup { Password = Secret });
        PeerSpec wrong = BgpLab.Spec(65002, p => p with { Password = "other" });
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(wrong));
        Assert.False(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].State >= SessionState.OpenSent, 4));
        Assert.Empty(await speaker.ApplyAsync(BgpLab.Config(wrong with { Password = Secret })));
        await BgpLab.Up(speaker);
    }

    [Theory]
    [MemberData(nameof(WithGtsm))]
    public async Task Gtsm_BothSides(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { TtlSecurity = true }, p => p with { TtlSecurityHops = 1 });
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
    }

    [Fact]
    public async Task Gtsm_RefusesAPeerThatSendsLowTtl()
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(PeerKind.Bird, null, p => p with { TtlSecurityHops = 1 });
        Assert.False(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].State == SessionState.Established, 4));
    }
}
