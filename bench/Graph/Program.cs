using System.Diagnostics;
using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Bench.Graph;
using Margay.CalcGraph;

// Usage: Margay.Bench.Graph [ENDPOINTS] [POLICIES] [NODES-SUBSCRIBED] [unique]
//        Margay.Bench.Graph mesh|reflectors [NODES]
// Loads a made-up cluster (made beforehand, so that only the graph's own time and memory count), then changes endpoints one by one.

if (args is ["mesh" or "reflectors", ..])
{
    MeshBench.Run(Argument(1, args[0] == "mesh" ? 100 : 5_000), mesh: args[0] == "mesh");
    return;
}

int endpoints = Argument(0, 250_000), policies = Argument(1, 10_000);
Cluster cluster = new(endpoints, policies, UniqueLabels: args.Contains("unique"));
int subscribed = Math.Min(Argument(2, 1), cluster.Nodes);

List<Resource> resources = [.. cluster.All()];
long memoryBefore = GC.GetTotalMemory(forceFullCollection: true);
double allocatedBefore = GC.GetTotalAllocatedBytes();

Stopwatch watch = Stopwatch.StartNew();
TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
Graph graph = new(new GraphOptions { Epoch = "bench" });
for (int n = 0; n < subscribed; n++) graph.Subscribe(Cluster.NodeName(n));
foreach (Resource resource in resources) graph.Apply(resource);
double applied = watch.Elapsed.TotalMilliseconds;
double cpuApplied = (Environment.CpuUsage.TotalTime - cpuBefore).TotalMilliseconds;
IReadOnlyList<(string Node, ViewDelta Delta)>? deltas = graph.Flush(1);
double flushed = watch.Elapsed.TotalMilliseconds;
double cpu = (Environment.CpuUsage.TotalTime - cpuBefore).TotalMilliseconds;
(int sets, int rules, int members) = (deltas.Sum(d => d.Delta.IpSets?.Count ?? 0), deltas.Sum(d => d.Delta.Policies?.Count ?? 0), deltas.Sum(d => d.Delta.IpSets?.Sum(s => s.Members.Count) ?? 0));
deltas = null;

double allocated = (GC.GetTotalAllocatedBytes() - allocatedBefore) / 1e6;
double memory = (GC.GetTotalMemory(forceFullCollection: true) - memoryBefore) / 1e6;
Console.WriteLine($"{endpoints} endpoints, {policies} policies, {subscribed} of {cluster.Nodes} nodes subscribed{(cluster.UniqueLabels ? ", a unique label on each endpoint" : "")}");
Console.WriteLine($"load: {applied:F0} ms apply + {flushed - applied:F0} ms flush (CPU {cpuApplied:F0} + {cpu - cpuApplied:F0} ms); graph holds {memory:F0} MB (allocated {allocated:F0} MB); views: {rules} policies, {sets} sets, {members} members");

// An update: an endpoint comes to another application, so it changes policies and sets.
Random random = new(1);
const int Updates = 5_000;
List<double> times = new(Updates);
int told = 0;
for (int u = 0; u < Updates; u++)
{
    WorkloadEndpoint changed = cluster.Endpoint(random.Next(endpoints), random.Next(40), revision: 1_000_000 + u);
    long start = Stopwatch.GetTimestamp();
    graph.Apply(changed);
    told += graph.Flush(2 + u).Count;
    times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
}
times.Sort();
Console.WriteLine($"update: p50 {times[Updates / 2]:F0} us, p99 {times[Updates * 99 / 100]:F0} us, max {times[^1]:F0} us; {(double)told / Updates:F1} nodes told each");

watch.Restart();
ViewDelta snapshot = graph.Snapshot(Cluster.NodeName(0));
Console.WriteLine($"snapshot of one node: {watch.Elapsed.TotalMilliseconds:F1} ms, {snapshot.Endpoints!.Count} endpoints, {snapshot.Policies!.Count} policies, {snapshot.IpSets!.Count} sets");
GC.KeepAlive(resources);

int Argument(int index, int otherwise) =>
    index < args.Length && int.TryParse(args[index], NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
