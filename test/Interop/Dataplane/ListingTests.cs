namespace Margay.Interop.Dataplane;

/// <summary>People read our tables with nft: it must be able to list them, and to load the listing.</summary>
public class ListingTests
{
    [Fact]
    public async Task Listing_CanBeLoadedAgain()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a");
        await host.ApplyAsync(
            Rules.Ingress("in", Rules.Allow.Tcp(80), Rules.Allow.FromNets("10.0.0.0/8", "192.0.2.0/24"), Rules.Deny.FromNets("fd00::/8")),
            Rules.Egress("out", Rules.Allow));
        await host.WaitProgrammedAsync(a);
        string listing = host.Ruleset();
        await host.StopAsync();
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "flush ruleset\n" + listing, TestContext.Current.CancellationToken);
            host.Nft("-f", file);
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Equal(listing, host.Ruleset());
    }
}
