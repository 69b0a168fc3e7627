using Margay.Bgp;
using Margay.Core.Net;

namespace Margay.Interop.Bgp;

/// <summary>TCP MD5 (RFC 2385) and GTSM (RFC 5082) with the kernel and real daemons.</summary>
public class SecurityTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Md5_Bird(bool passive)
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird(session: "password \"s3cret\"; passive " + (passive ? "off" : "on") + ";"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002, p => p with { Password = "s3cret", Passive = passive })));
        await BgpLab.Up(speaker);
        await BgpLab.Route(speaker, "192.0.2.0/24");
    }

    [Fact]
    public async Task Md5_Frr_DynamicRange()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr(neighbour: $"neighbor {BgpLab.Us} password s3cret"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(RemoteAs.External, p => p with { Name = "rack", RemoteAddress = null, ListenRange = IpPrefix.Parse("10.9.0.0/24"), Password = "s3cret" })));
        await BgpLab.Up(speaker, "rack-10.9.0.2");
    }

    [Fact]
    public async Task Md5_WrongKey_DoesNotConnect_AndTheRightOneDoes()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird(session: "password \"s3cret\";"));
        PeerSpec wrong = BgpLab.Spec(65002, p => p with { Password = "other" });
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(wrong));
        Assert.False(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].State >= SessionState.OpenSent, 4));
        Assert.Empty(await speaker.ApplyAsync(BgpLab.Config(wrong with { Password = "s3cret" })));
        await BgpLab.Up(speaker);
    }

    [Fact]
    public async Task Gtsm_Bird()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird(session: "ttl security on;"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002, p => p with { TtlSecurityHops = 1 })));
        await BgpLab.Up(speaker);
    }

    [Fact]
    public async Task Gtsm_Frr()
    {
        using BgpLab lab = new();
        lab.StartFrr(Daemons.Frr(neighbour: $"neighbor {BgpLab.Us} ttl-security hops 1"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65003, p => p with { TtlSecurityHops = 1 })));
        await BgpLab.Up(speaker);
    }

    [Fact]
    public async Task Gtsm_RefusesAPeerThatSendsLowTtl()
    {
        using BgpLab lab = new();
        lab.StartBird(Daemons.Bird());
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65002, p => p with { TtlSecurityHops = 1 })));
        Assert.False(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].State == SessionState.Established, 4));
    }
}
