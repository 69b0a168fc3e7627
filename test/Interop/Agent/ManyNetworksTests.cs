using System.Globalization;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A host with as many networks as a large one has.</summary>
public sealed class ManyNetworksTests
{
    private const int Tenants = 200, Compared = 5;

    [Fact]
    public async Task AKilledAgent_WithTwoHundredNetworks_LosesNoPacket_AndFindsTheKernelAsItWas()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        await lab.AttachTenantsAsync("n1", Tenants);
        foreach (string address in red2.Addresses) await lab.CanPingAsync(red1, address);
        Assert.Equal(Tenants + 1, lab.NetworksOn("n1").Count);
        string before = StateOf(lab);

        using NetworkNamespace r1 = lab.Inside(red1), r2 = lab.Inside(red2);
        await using NumberedStream there = new(r1, red1.V4, r2, red2.V4), back = new(r2, red2.V6, r1, red1.V6);
        lab.KillAgent("n1");
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
        await lab.RestartAgentAsync("n1");
        await Eventually.Async(() => Task.FromResult(lab.Cluster.Established("n9").Count == 2), NetworkLab.Patience);
        // What was found is kept until everything has been learnt again, and some seconds more.
        await Task.Delay(TimeSpan.FromSeconds(8), TimeProvider.System, TestContext.Current.CancellationToken);
        foreach (NumberedStream stream in (NumberedStream[])[there, back])
        {
            (int sent, int lost) = await stream.StopAsync();
            Assert.True(lost == 0 && sent > 1000, $"{lost} of {sent} lost: {stream.Lost()}");
        }
        Assert.Equal(before, StateOf(lab));
    }

    /// <summary>Of some: to list all takes longer than the rest of the test.</summary>
    private static string StateOf(NetworkLab lab) => string.Join('\n', Enumerable.Range(0, Compared).Select(i => lab.StateOfNetwork("n1", string.Create(CultureInfo.InvariantCulture, $"t{i * Tenants / Compared}.net"))));
}
