namespace Margay.Interop.Dataplane;

/// <summary>People read our tables with nft: it must be able to list them, as addresses and names.</summary>
public class ListingTests
{
    [Fact]
    public async Task Listing_ReadsAsRules()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a");
        await host.ApplyAsync(
            Rules.Ingress("in", Rules.Allow.Tcp(80), Rules.Allow.FromNets("10.0.0.0/8", "192.0.2.0/24"), Rules.Deny.FromNets("fd00::/8")),
            Rules.Egress("out", Rules.Allow));
        await host.WaitProgrammedAsync(a);
        string listing = host.Ruleset();
        Assert.Contains("tcp dport 80 meta priority set none accept comment \"GlobalNetworkPolicy/in 0", listing, StringComparison.Ordinal);
        Assert.Contains("ip saddr @nets-", listing, StringComparison.Ordinal);
        Assert.Contains("ip6 saddr fd00::/8 counter drop", listing, StringComparison.Ordinal);
        Assert.Contains("\"mga\" . 10.65.0.1", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("@nh", listing, StringComparison.Ordinal);
    }
}
