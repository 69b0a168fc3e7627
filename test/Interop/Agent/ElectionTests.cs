using System.Text.Json;

namespace Margay.Interop.Agent;

/// <summary>A mesh that grows too large: the server elects reflectors; one of them dies. No route leaves any kernel at any time.</summary>
public class ElectionTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task FourHosts_BecomeClientsOfTwo_AndOneOfThemDies()
    {
        await using Cluster cluster = new();
        await cluster.StartServerAsync();
        await cluster.PutAsync("POST", "ippools", """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p4"},"spec":{"cidr":"10.65.0.0/16"}}""");
        await cluster.PutAsync("POST", "bgpconfigurations", Configuration("Manual"));
        // Agents claim a block each as soon as they see the pool.
        string[] hosts = ["n1", "n2", "n3", "n4"];
        for (int n = 1; n <= 4; n++) cluster.StartHost(n);
        foreach (string host in hosts) await Eventually.Async(() => Task.FromResult(File.Exists(cluster.SocketOf(host)) && cluster.Query(host, "status").Query!.Rows!.Any(r => r[0] == "connected" && r[1] == "yes")), s_patience);
        foreach (string host in hosts) await Eventually.Async(() => Task.FromResult(cluster.Established(host).Count == 3 && cluster.Learned(host).Count == 3), s_patience);

        // From mesh to reflectors: sessions go, routes stay as they are.
        string[] monitors = [.. hosts.Select(cluster.Monitor)];
        await cluster.PutAsync("PUT", "bgpconfigurations/default", Configuration("Automatic"));
        await Eventually.Async(async () => (await ActiveAsync(cluster)).Count == 2, s_patience);
        IReadOnlyList<string> reflectors = await ActiveAsync(cluster);
        string[] clients = [.. hosts.Except(reflectors)];
        foreach (string client in clients) await Eventually.Async(() => Task.FromResult(cluster.Established(client).SequenceEqual(reflectors.Select(r => $"mesh/{r}"))), s_patience);
        foreach (string host in hosts) Assert.Equal(3, cluster.Learned(host).Count);

        // One dies; another takes its place, and and not even what the dead one announced itself goes, for its restart time is long.
        string lost = reflectors[0];
        cluster.Kill(lost);
        await Eventually.Async(async () => await ActiveAsync(cluster) is { Count: 2 } now && !now.Contains(lost), s_patience);
        string[] left = [.. hosts.Where(h => h != lost)];
        foreach (string host in left) await Eventually.Async(() => Task.FromResult(cluster.Established(host).Count == 2), s_patience);
        foreach (string host in left) Assert.Equal(3, cluster.Learned(host).Count);
        for (int i = 0; i < hosts.Length; i++)
        {
            if (hosts[i] == lost) continue;
            string changes = await File.ReadAllTextAsync(monitors[i], TestContext.Current.CancellationToken);
            Assert.DoesNotContain("Deleted 10.65.", changes, StringComparison.Ordinal);
        }
    }

    private static async Task<IReadOnlyList<string>> ActiveAsync(Cluster cluster)
    {
        JsonElement configuration = await cluster.GetAsync("bgpconfigurations/default");
        if (!configuration.TryGetProperty("status", out JsonElement status) || !status.TryGetProperty("routeReflection", out JsonElement reflection)) return [];
        if (reflection.GetProperty("mesh").GetBoolean()) return [];
        JsonElement[] reflectors = [.. reflection.GetProperty("reflectors").EnumerateArray()];
        return reflectors.All(r => r.GetProperty("state").GetString() == "Active") ? [.. reflectors.Select(r => r.GetProperty("node").GetString()!).Order()] : [];
    }

    private static string Configuration(string mode) =>
        $$$"""{"apiVersion":"projectcalico.org/v3","kind":"BGPConfiguration","metadata":{"name":"default"},"spec":{"routeReflection":{"mode":"{{{mode}}}","meshLimit":3,"lossTime":"10s","transitionTime":"20s"},"nodeMeshMaxRestartTime":"3600s"}}""";
}
