using System.Diagnostics;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.CalcGraph;
using Margay.CalcGraph.Topology;

namespace Margay.Bench.Graph;

/// <summary>Nodes that come and change, all of them subscribed: in a mesh, or with as many elected reflectors as they want.</summary>
internal static class MeshBench
{
    private static readonly ElectionRules s_rules = new(Enabled: true, MeshLimit: 100, PerClient: 2, ClientsPerReflector: 500, TimeSpan.Zero);

    public static void Run(int nodes, bool mesh)
    {
        CalcGraph.Graph graph = new(new GraphOptions { Epoch = "bench" });
        List<MeshMember> members = [.. Enumerable.Range(0, nodes).Select(n => new MeshMember(NameOf(n), $"rack{n % 40}", true, false, 1, true))];
        Stopwatch watch = Stopwatch.StartNew();
        RouteReflectionStatus state = ReflectorElection.Next(ReflectorElection.Next(null, members, s_rules, DateTimeOffset.UnixEpoch), members, s_rules, DateTimeOffset.UnixEpoch.AddSeconds(1));
        Console.WriteLine($"{nodes} nodes: two steps of the election {watch.Elapsed.TotalMilliseconds:F1} ms, {state.Reflectors.Count} reflectors");
        graph.Apply(new BGPConfiguration { Metadata = new ObjectMeta { Name = "default" }, Status = mesh ? null : new BGPConfigurationStatus { RouteReflection = state } });

        // One after the other, as hosts are brought up, each flushed.
        watch.Restart();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        int told = 0, revision = 1;
        for (int n = 0; n < nodes; n++)
        {
            graph.Subscribe(NameOf(n));
            graph.Apply(MakeNode(n, 0));
            told += graph.Flush(revision++).Count;
        }
        Console.WriteLine($"all of them one by one: {watch.Elapsed.TotalMilliseconds:F0} ms (CPU {(Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds:F0} ms), {told} deltas");

        List<double> times = [];
        Random random = new(1);
        told = 0;
        const int Changes = 300;
        for (int i = 0; i < Changes; i++)
        {
            Node changed = MakeNode(random.Next(nodes), 1 + i);
            long start = Stopwatch.GetTimestamp();
            graph.Apply(changed);
            told += graph.Flush(revision++).Count;
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        Console.WriteLine($"a node's address changes: p50 {times[Changes / 2]:F2} ms, p99 {times[Changes * 99 / 100]:F2} ms, max {times[^1]:F2} ms; {(double)told / Changes:F1} nodes told each");
        ViewDelta view = graph.Snapshot(mesh ? NameOf(0) : state.Reflectors[0].Node);
        Console.WriteLine($"sessions of {view.Settings!.Node}: {view.Peers!.Count}");
    }

    private static string NameOf(int n) => $"node-{n:d5}";

    private static Node MakeNode(int n, int change) => new()
    {
        Metadata = new ObjectMeta { Name = NameOf(n), Labels = new Dictionary<string, string> { ["rack"] = $"rack{n % 40}" } },
        Spec = new NodeSpec { Bgp = new NodeBgpSpec { Ipv4Address = $"10.{change % 200}.{n / 250}.{n % 250}/8" } },
    };
}
