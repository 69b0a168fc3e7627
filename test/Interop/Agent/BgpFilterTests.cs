using System.Globalization;
using Margay.Interop.Bgp;

namespace Margay.Interop.Agent;

/// <summary>BGP filters, communities and their changes: from manifests, through server and agent, to what a real router sees and the kernel has.</summary>
public class BgpFilterTests
{
    private const string Bird = """
        protocol static own { ipv4; route 198.51.100.0/24 blackhole; route 203.0.113.0/24 blackhole; }
        protocol bgp host { local 192.0.2.1 as 65010; neighbor 192.0.2.10 as 64512; ipv4 { import all; export where proto = "own"; next hop self; }; }
        """;

    private const string Frr = """
        router bgp 65010
         bgp router-id 192.0.2.1
         no bgp ebgp-requires-policy
         no bgp network import-check
         neighbor 192.0.2.10 remote-as 64512
         address-family ipv4 unicast
          network 198.51.100.0/24
          network 203.0.113.0/24
        """;

    [Fact]
    public async Task Bird_SeesWhatTheFilterSays_AndAChangedFilterKeepsTheSession()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        using FabricPeer tor = new(host);
        tor.StartBird(Bird);
        await host.ApplyAsync("bgpfilters", Filter(
            """{"action":"Accept","cidr":"10.65.0.0/16","matchOperator":"In","peerType":"eBGP","operations":[{"addCommunity":{"value":"64512:7"}},{"prependASPath":{"prefix":[64512]}}]},{"action":"Reject"}""",
            """{"action":"Reject","cidr":"203.0.113.0/24","matchOperator":"Equal"}"""));
        await host.ApplyAsync("bgppeers", """{"apiVersion":"projectcalico.org/v3","kind":"BGPPeer","metadata":{"name":"tor"},"spec":{"peerIP":"192.0.2.1","asNumber":65010,"filters":["f"]}}""");
        await host.AttachAsync("c1");
        await BgpLab.Shows(() => tor.Birdc("show route all protocol host"), "10.65.", "BGP.as_path: 64512 64512", "BGP.community: (64512,7)");
        await Kernel(host, "198.51.100.0/24", there: true);
        await Kernel(host, "203.0.113.0/24", there: false);
        Assert.Contains("BGPFilter f importV4[0]", string.Join('\n', host.Query("bgp-routes", "in global/tor").Query!.Rows!.Select(r => string.Join(' ', r))), StringComparison.Ordinal);
        string since = Since(host);

        await host.ReplaceAsync("bgpfilters", "f", Filter("""{"action":"Reject"}""", """{"action":"Reject","cidr":"198.51.100.0/24","matchOperator":"In"}"""));
        await BgpLab.Shows(() => tor.Birdc("show route protocol host count"), "0 of ");
        await Kernel(host, "198.51.100.0/24", there: false);
        await Kernel(host, "203.0.113.0/24", there: true);

        // Without the filter nothing passes, and everyone is told why.
        await host.DeleteAsync("bgpfilters", "f");
        await Kernel(host, "203.0.113.0/24", there: false);
        await Eventually.Async(() => Task.FromResult(host.AgentLog.Contains("BGPFilter 'f' does not exist", StringComparison.Ordinal)), TimeSpan.FromSeconds(30));
        Assert.Equal(since, Since(host));
    }

    [Fact]
    public async Task Frr_SeesPrefixAdvertisements_AndLargeCommunities()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        using FabricPeer tor = new(host);
        tor.StartFrr(Frr);
        await host.ApplyAsync("bgpconfigurations", """
            {"apiVersion":"projectcalico.org/v3","kind":"BGPConfiguration","metadata":{"name":"default"},"spec":{"communities":[{"name":"rack","value":"64512:42"}],"prefixAdvertisements":[{"cidr":"10.65.0.0/16","communities":["rack","64512:1:2"]}]}}
            """);
        await host.ApplyAsync("bgpfilters", Filter("""{"action":"Accept","communities":{"values":["64512:42"]},"operations":[{"addCommunity":{"value":"64512:3:4"}}]}""", """{"action":"Reject","asPathPrefix":[65010],"cidr":"203.0.113.0/24","matchOperator":"In"}"""));
        await host.ApplyAsync("bgppeers", """{"apiVersion":"projectcalico.org/v3","kind":"BGPPeer","metadata":{"name":"tor"},"spec":{"peerIP":"192.0.2.1","asNumber":65010,"filters":["f"]}}""");
        string address = await host.AttachAsync("c1");
        await BgpLab.Shows(() => tor.Vtysh($"show bgp ipv4 unicast {address} json"), "\"64512:42\"", "\"64512:1:2 64512:3:4\"");
        await Kernel(host, "198.51.100.0/24", there: true);
        await Kernel(host, "203.0.113.0/24", there: false);
    }

    private static string Filter(string export, string import) => string.Create(CultureInfo.InvariantCulture,
        $$$"""{"apiVersion":"projectcalico.org/v3","kind":"BGPFilter","metadata":{"name":"f"},"spec":{"exportV4":[{{{export}}}],"importV4":[{{{import}}}]}}""");

    private static string Since(AgentHost host) => host.Query("bgp-peers", "global/tor").Query!.Rows![0][4];

    private static Task Kernel(AgentHost host, string prefix, bool there) =>
        Eventually.Async(() => Task.FromResult(host.IpText($"route show {prefix}").Contains("via 192.0.2.1", StringComparison.Ordinal) == there), TimeSpan.FromSeconds(30));
}
