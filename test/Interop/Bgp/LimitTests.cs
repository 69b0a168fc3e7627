using Margay.Bgp;
using Margay.Core.Net;
using Margay.Interop.Peers;

namespace Margay.Interop.Bgp;

/// <summary>Prefix limits on either side (RFC 4486 subcode 1), and messages of more than 4096 octets (RFC 8654).</summary>
public class LimitTests
{
    private static readonly string[] s_many = [.. Enumerable.Range(0, 12).Select(i => $"100.64.{i}.0/24")];

    public static IEnumerable<TheoryDataRow<PeerKind>> Daemons => DaemonTable.All;

    public static IEnumerable<TheoryDataRow<PeerKind>> WithLimit => DaemonTable.AllBut((PeerKind.ExaBgp, "ExaBGP has no prefix limit"));

    public static IEnumerable<TheoryDataRow<PeerKind>> WithLongMessages => DaemonTable.AllBut(
        (PeerKind.GoBgp, "GoBGP 3.10 does not have RFC 8654"),
        (PeerKind.OpenBgpd, "OpenBGPD 7.7 does not have RFC 8654"),
        (PeerKind.Frr, "FRR 8.4 refuses a configuration line that makes such a route: no long community list"));

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Ours_EndsTheSession_WhichComesBackAfterItsTime(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { Prefixes = s_many },
            p => p with { PrefixLimit = new PrefixLimit(10, TimeSpan.FromSeconds(1)) });
        Assert.True(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].LastError.Contains("Maximum Number of Prefixes", StringComparison.OrdinalIgnoreCase)),
            (await speaker.GetPeersAsync())[0].LastError);
        Assert.Empty(await speaker.ApplyAsync(BgpLab.Config(BgpLab.Spec(65002, p => p with { PrefixLimit = PrefixLimit.None }))));
        await BgpLab.Route(speaker, s_many[0], 40);
    }

    [Theory]
    [MemberData(nameof(WithLimit))]
    public async Task Theirs_IsNamedInOurStatus(PeerKind kind)
    {
        using BgpLab lab = new();
        (_, Speaker speaker) = await lab.StartPairAsync(kind, new PeerSetup { PrefixLimit = 10 });
        await BgpLab.Up(speaker);
        await speaker.UpdateLocalRoutesAsync([.. s_many.Select(p => new LocalRouteChange(IpPrefix.Parse(p), LocalRoute.Default))]);
        string last = "";
        Assert.True(await BgpLab.Until(async () => (last = (await speaker.GetPeersAsync())[0].LastError).Contains("Cease", StringComparison.Ordinal)), last);
    }

    // 1,200 large communities are 14,400 octets.
    [Theory]
    [MemberData(nameof(WithLongMessages))]
    public async Task LongMessages_AreRead(PeerKind kind)
    {
        using BgpLab lab = new();
        const int Count = 1200;
        PeerSetup setup = new() { ExtendedMessages = true };
        if (kind == PeerKind.Bird)
            setup = setup with { MoreGlobal = $"protocol static many {{ ipv4; route 100.99.0.0/24 blackhole {{ {string.Concat(Enumerable.Range(0, Count).Select(i => $"bgp_large_community.add((65002, 9, {i}));"))} }}; }}", More = "" };
        (PeerDaemon daemon, Speaker speaker) = await lab.StartPairAsync(kind, setup);
        await BgpLab.Route(speaker, PeerSetup.Prefix4);
        if (daemon is ExaBgp exa)
            exa.Tell($"announce route 100.99.0.0/24 next-hop 10.9.0.2 large-community [{string.Join(' ', Enumerable.Range(0, Count).Select(i => $"65002:9:{i}"))}]");
        Assert.Equal(Count, (await BgpLab.Route(speaker, "100.99.0.0/24")).LargeCommunities.Length);
    }
}
