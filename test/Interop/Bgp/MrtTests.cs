using Margay.Bgp;
using Margay.Bgp.Mrt;
using Margay.Core.Net;
using Margay.Interop.Netlink;

namespace Margay.Interop.Bgp;

/// <summary>Our MRT dump as bgpdump reads it.</summary>
public class MrtTests
{
    [Fact]
    public async Task Dump_IsRead_ByBgpdump()
    {
        using BgpLab lab = new();
        lab.StartGoBgp(Daemons.GoBgp(65004, "", "ipv4-unicast", "ipv6-unicast"));
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(BgpLab.Spec(65004)));
        await BgpLab.Up(speaker);
        lab.GoBgp("global rib add 192.0.2.0/24 community 65004:9 med 7");
        lab.GoBgp("global rib add -a ipv6 2001:db8:9::/48 nexthop fd09::2");
        await BgpLab.Route(speaker, "192.0.2.0/24");
        await BgpLab.Route(speaker, "2001:db8:9::/48");
        await speaker.AnnounceAsync(IpPrefix.Parse("203.0.113.0/24"), new LocalRoute { NextHop = InetAddress.Parse(BgpLab.Us) });
        string file = Path.Combine(lab.Folder, "rib.mrt");
        MrtSummary summary = await speaker.DumpAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal((2, 3L, new FileInfo(file).Length), (summary.Peers, summary.Routes, summary.Bytes));

        string[] lines = [.. Tool.Run("bgpdump", "-m", file).Split('\n').Where(l => l.Length > 0).Select(WithoutTime).Order(StringComparer.Ordinal)];
        Assert.Equal(
        [
            "TABLE_DUMP2|B|0.0.0.0|65001|203.0.113.0/24||IGP|10.9.0.1|0|0||NAG||",
            "TABLE_DUMP2|B|10.9.0.2|65004|192.0.2.0/24|65004|INCOMPLETE|10.9.0.2|0|7|65004:9|NAG||",
            "TABLE_DUMP2|B|10.9.0.2|65004|2001:db8:9::/48|65004|INCOMPLETE|fd09::2|0|0||NAG||",
        ], lines);
    }

    private static string WithoutTime(string line)
    {
        string[] fields = line.Split('|');
        return string.Join('|', fields.Where((_, i) => i != 1));
    }
}
