namespace Margay.Interop.Agent;

/// <summary>What is wrong on the way between hosts, where both ends' links look well.</summary>
public sealed class NetworkPathTests
{
    [Fact]
    public async Task FullPacketsThatGetLostOnTheWay_AreFoundByProbes()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        await lab.CanPingAsync(red1, red2.V4);
        Assert.DoesNotContain("MtuTooSmall", Lint(lab), StringComparison.Ordinal);
        // A switch in between that drops what is too big, and says nothing.
        lab.Cluster.Ip("hub", "link set p2 mtu 1400");
        await Eventually.Async(() => Task.FromResult(Lint(lab).Contains("MtuTooSmall tunnel end 192.0.2.2, on the way packets of 1500 bytes do not arrive and small ones do", StringComparison.Ordinal)), NetworkLab.Patience);
        // The networks need no more than gets through.
        await lab.PatchNetworkAsync("red", """{"mtu":1350}""");
        await Eventually.Async(() => Task.FromResult(!Lint(lab).Contains("MtuTooSmall", StringComparison.Ordinal)), NetworkLab.Patience);
    }

    private static string Lint(NetworkLab lab) => string.Join('\n', (lab.Cluster.Query("n1", "network-lint").Query?.Rows ?? []).Select(r => string.Join(' ', r)));
}
