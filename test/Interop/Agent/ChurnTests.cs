using System.Collections.Concurrent;
using System.Text.Json;

namespace Margay.Interop.Agent;

/// <summary>kill -9 in the middle of everything: no address is lost or given twice, no half interface stays.</summary>
public sealed class ChurnTests
{
    private const int Containers = 24;

    [Fact]
    public async Task KillingTheAgentDuringParallelAddAndDelete_LosesAndDoublesNothing()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        for (int i = 0; i < Containers; i++) host.AddWorkload($"c{i}");
        ConcurrentDictionary<string, string> up = new();
        using CancellationTokenSource stop = new();
        Task churn = Task.WhenAll(Enumerable.Range(0, Containers).Select(i => Task.Run(() => ChurnAsync(host, $"c{i}", new Random(i), up, stop.Token))));
        for (int i = 0; i < 4; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1500), TimeProvider.System, TestContext.Current.CancellationToken);
            host.KillAgent();
            await host.StartAgentAsync();
        }
        await stop.CancelAsync();
        await churn;
        await host.WaitForServerContactAsync();

        // What the runtime believes is what is there.
        await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == up.Count && host.HostInterfaces().Count == up.Count && host.InUse() == 2 * up.Count, TimeSpan.FromSeconds(30));
        Assert.Equal(up.Count, up.Values.Distinct().Count());
        foreach ((string container, string address) in up)
        {
            (int exit, JsonElement result) = await host.CniAsync("ADD", container);
            Assert.Equal((0, address), (exit, AgentHost.AddressOf(result)));
        }

        for (int i = 0; i < Containers; i++) Assert.Equal(0, (await host.CniAsync("DEL", $"c{i}")).Exit);
        await Eventually.Async(async () => (await host.ServerEndpointsAsync()).Count == 0 && host.HostInterfaces().Count == 0 && host.InUse() == 0, TimeSpan.FromSeconds(30));
        Assert.DoesNotContain("a bug:", host.AgentLog, StringComparison.Ordinal);
    }

    /// <summary>A runtime: adds and deletes by turns, and repeats what failed until it knows the outcome.</summary>
    private static async Task ChurnAsync(AgentHost host, string container, Random random, ConcurrentDictionary<string, string> up, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            (int exit, JsonElement result) = await host.CniAsync("ADD", container);
            if (exit == 0 && random.Next(3) > 0)
            {
                up[container] = AgentHost.AddressOf(result);
                if (stop.IsCancellationRequested) return;
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200)), TimeProvider.System);
            }
            // A failed ADD is followed by DEL, says the specification.
            while ((await host.CniAsync("DEL", container)).Exit != 0) await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            up.TryRemove(container, out _);
        }
    }
}
