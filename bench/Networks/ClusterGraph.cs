using System.Text.Json;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.CalcGraph;

namespace Margay.Networks.Bench;

/// <summary>The server's part of a cluster with N networks: what its graph costs, and what it says to one node.</summary>
internal static class ClusterGraph
{
    /// <summary>Networks elsewhere that come, and go again.</summary>
    internal const int Changes = 100;

    internal static void Run(int networks)
    {
        List<Resource> resources = [.. ClusterNetworks.All(networks)];
        // The same work in both sizes, so that the first one does not pay for what both need.
        Graph warm = new(new GraphOptions { Epoch = "warm" });
        foreach (Resource resource in ClusterNetworks.All(ClusterNetworks.Own)) warm.Apply(resource);
        warm.Subscribe(ClusterNetworks.Node);
        Text(warm.Snapshot(ClusterNetworks.Node));

        long memory = GC.GetTotalMemory(forceFullCollection: true);
        TimeSpan cpu = HostUsage.CpuNow();
        Graph graph = new(new GraphOptions { Epoch = "bench" });
        foreach (Resource resource in resources) graph.Apply(resource);
        graph.Flush(1);
        ClusterFigures.Say("server: load of the graph, CPU ms", (HostUsage.CpuNow() - cpu).TotalMilliseconds);
        ClusterFigures.Say("server: memory of the graph, MB", (GC.GetTotalMemory(forceFullCollection: true) - memory) / 1e6);

        graph.Subscribe(ClusterNetworks.Node);
        ViewDelta snapshot = graph.Snapshot(ClusterNetworks.Node);
        ClusterFigures.Say("node: first view, bytes", Text(snapshot).Length);
        ComeAndGo(graph, networks, "this node alone subscribed", isLast: false);
        cpu = HostUsage.CpuNow();
        for (int n = 1; n < ClusterNetworks.Nodes; n++) graph.Subscribe(ClusterNetworks.NodeName(n));
        graph.Flush(graph.Revision + 1);
        ClusterFigures.Say("server: first views of the 99 others, CPU ms", (HostUsage.CpuNow() - cpu).TotalMilliseconds);
        ComeAndGo(graph, networks, "all 100 nodes subscribed", isLast: true);
        ClusterFigures.Say("server: memory with all nodes subscribed, MB", (GC.GetTotalMemory(forceFullCollection: true) - memory) / 1e6);
        GC.KeepAlive((resources, graph));
    }

    private static void ComeAndGo(Graph graph, int networks, string subscribed, bool isLast)
    {
        int heard = 0;
        long bytes = 0;
        // CPU, not time: others work on the machine. What the graph makes of a change is made on this thread.
        TimeSpan come = TimeSpan.Zero, go = TimeSpan.Zero;
        for (int i = 0; i < 2 * Changes; i++)
        {
            // The first round warms up.
            if (i == Changes) (heard, bytes, come, go) = (0, 0, TimeSpan.Zero, TimeSpan.Zero);
            Resource[] all = [.. ClusterNetworks.Network(networks + i % Changes)];
            come += Spent(() =>
            {
                foreach (Resource resource in all) graph.Apply(resource);
            });
            go += Spent(() =>
            {
                foreach (Resource resource in all.Reverse()) graph.Remove(new ObjectKey(resource.GetType().Name, resource.Namespace, resource.Name));
            });
        }
        ClusterFigures.Say($"server: a network comes, CPU µs, {subscribed}", come.TotalMicroseconds / Changes);
        ClusterFigures.Say($"server: … goes, CPU µs, {subscribed}", go.TotalMicroseconds / Changes);
        if (!isLast) return;
        ClusterFigures.Say("node: messages while 100 networks elsewhere come and go", heard);
        ClusterFigures.Say("node: … bytes", bytes);

        TimeSpan Spent(Action change)
        {
            TimeSpan begun = Environment.CpuUsage.TotalTime;
            change();
            IReadOnlyList<(string Node, ViewDelta Delta)> deltas = graph.Flush(graph.Revision + 1);
            TimeSpan spent = Environment.CpuUsage.TotalTime - begun;
            foreach ((_, ViewDelta delta) in deltas.Where(d => d.Node == ClusterNetworks.Node))
            {
                heard++;
                bytes += Text(delta).Length;
            }
            return spent;
        }
    }

    internal static string Text(ViewDelta delta) => JsonSerializer.Serialize(delta, ApiJsonContext.Default.ViewDelta);
}
