using System.Diagnostics;
using System.Globalization;
using Margay.Api.Attach;
using Margay.Netlink.Namespaces;

namespace Margay.FirstPing.Bench;

/// <summary>
/// From the moment a workload is asked for on a host of one rack until a workload in the other rack has its first echo reply from it. The attach request goes to the agent's socket; a CNI runtime
/// adds the plugin's process.
/// </summary>
internal static class WorkloadPing
{
    private const string AttachHost = "host3", Pinger = "ops/monitor1";

    public static void Run(DemoLab lab, int count)
    {
        using NetworkNamespace monitor = NetworkNamespace.OpenNamed(lab.Paths.NamespaceOfAny(Pinger));
        using EchoProbe probe = monitor.Run(() => new EchoProbe());
        List<double> attached = [], answered = [];
        Dictionary<string, double> steps = [];
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            AttachReply endpoint = lab.Attach(AttachHost, string.Create(CultureInfo.InvariantCulture, $"ping{i}"));
            attached.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            probe.Reach(DemoLab.V4(endpoint));
            answered.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            foreach ((string step, double ms) in endpoint.Timings ?? new Dictionary<string, double>()) steps[step] = steps.GetValueOrDefault(step) + ms / count;
        }
        Quantiles.Head(string.Create(CultureInfo.InvariantCulture, $"{count} workloads, ms"));
        Quantiles.Row("attach answered", attached);
        Quantiles.Row("first reply in the other rack", answered);
        Quantiles.Row("of it, after the attach", [.. answered.Zip(attached, (a, b) => a - b)]);
        Console.WriteLine("\nsteps of an attach, mean ms: " + string.Join(", ", steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {s.Value:0.00}"))));
    }
}
