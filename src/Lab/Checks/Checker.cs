using Margay.Lab.State;
using Margay.Lab.Topologies;
using Margay.Netlink.Namespaces;

namespace Margay.Lab.Checks;

/// <summary>Sends many probes, a bounded number at a time, each out of its source's namespace.</summary>
internal sealed class Checker(LabPaths paths, Topology topology, TimeProvider time)
{
    private const int AtOnce = 128;

    /// <summary>Long enough for a lost first packet to be sent again, short enough for a matrix of denials.</summary>
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(1200);

    /// <summary>What did not come as expected is asked again with more time, so that a busy machine does not look like a broken network.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(3);

    internal async Task<CheckReport> RunAsync(IReadOnlyList<ProbePlan> plans, TimeSpan patience, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        Dictionary<string, NetworkNamespace> spaces = new(StringComparer.Ordinal);
        try
        {
            foreach (string from in plans.Select(p => p.From).Distinct()) spaces[from] = Open(from);
            ProbeResult[] results = await SendAsync(plans, spaces, First, cancel).ConfigureAwait(false);
            do
            {
                int[] wrong = [.. Enumerable.Range(0, results.Length).Where(i => !results[i].AsExpected)];
                if (wrong.Length == 0) break;
                ProbeResult[] second = await SendAsync([.. wrong.Select(i => plans[i])], spaces, Again, cancel).ConfigureAwait(false);
                for (int i = 0; i < wrong.Length; i++) results[wrong[i]] = second[i];
            }
            while (time.GetElapsedTime(start) < patience);
            return new CheckReport(paths.Name, results, time.GetElapsedTime(start));
        }
        finally
        {
            foreach (NetworkNamespace space in spaces.Values) space.Dispose();
        }
    }

    private async Task<ProbeResult[]> SendAsync(IReadOnlyList<ProbePlan> plans, Dictionary<string, NetworkNamespace> spaces, TimeSpan limit, CancellationToken cancel)
    {
        Prober prober = new(time);
        ProbeResult[] results = new ProbeResult[plans.Count];
        await Parallel.ForAsync(0, plans.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (i, stop) =>
        {
            ProbePlan plan = plans[i];
            (ProbeOutcome outcome, TimeSpan took) = await prober.SendAsync(spaces[plan.From], plan.Target, plan.Port, plan.Answerer, limit, stop).ConfigureAwait(false);
            results[i] = new ProbeResult(plan, outcome, took);
        }).ConfigureAwait(false);
        return results;
    }

    private NetworkNamespace Open(string name)
    {
        Workload? workload = topology.Workloads.FirstOrDefault(w => w.Id == name);
        string space = workload is null ? paths.NamespaceOf(name) : paths.NamespaceOf(workload);
        if (NetworkNamespace.TryOpenNamed(space).TryGet(out NetworkNamespace? found)) return found;
        throw new LabException($"'{name}' has no network namespace any more") { Remedy = $"margay lab down {paths.Name}, and up again" };
    }
}
