using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Core.Net;
using Margay.FirstPing.Bench;
using Margay.Lab.State;
using Margay.Netlink.Namespaces;

// From the moment a workload is asked for on a host of one rack until a workload in the other rack has its first echo reply from it: the demo lab with
// real switches, policy in place, agents and server as native programs. The attach request goes to the agent's socket; a CNI runtime adds the plugin's process.

int count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100;
const string Lab = "demo", AttachHost = "host3", Pinger = "ops/monitor1";
string margay = Path.GetFullPath("out/bin/margay");
if (!File.Exists(margay))
{
    Console.Error.WriteLine($"{margay} is not there: run this from the checkout's root after 'make build'");
    return 1;
}
LabPaths paths = new(LabPaths.DefaultRoot, Lab);
Run("lab", "down", Lab, "--if-exists");
if (Run("lab", "up", "examples/demo/topology.yaml", "--programs", Path.GetDirectoryName(margay)!) != 0) return 1;
List<string> made = [];
try
{
    // The whole matrix first: BGP has converged and neighbours are known, so that what is measured is the new workload.
    if (Run("lab", "check", Lab, "--wait", "30") != 0) return 1;
    AgentClient agent = new(Path.Combine(paths.Run(AttachHost), "agent.sock"), TimeSpan.FromSeconds(30));
    using NetworkNamespace monitor = NetworkNamespace.OpenNamed(paths.NamespaceOfAny(Pinger));
    using EchoProbe probe = monitor.Run(() => new EchoProbe());
    List<double> attached = [], answered = [];
    Dictionary<string, double> steps = [];
    for (int i = 0; i < count; i++)
    {
        string name = $"mgy-bench-ping{i}";
        using NetworkNamespace workload = NetworkNamespace.Create(name).Value;
        made.Add(name);
        long start = Stopwatch.GetTimestamp();
        AgentReply reply = agent.Ask(new AgentRequest
        {
            Attach = new AttachRequest { ContainerId = name, Interface = "eth0", NetworkNamespace = $"/run/netns/{name}", Namespace = "media" },
        });
        if (reply.Attach is not { } endpoint)
        {
            Console.Error.WriteLine($"attach {i} refused: {reply.Error?.Message}");
            return 1;
        }
        attached.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        InetAddress address = endpoint.Addresses.Select(a => IpPrefix.Parse(a).Address).First(a => a.IsIPv4);
        if (!probe.TryReach(address, TimeSpan.FromSeconds(5)))
        {
            Console.Error.WriteLine($"{address} did not answer within 5 s");
            return 1;
        }
        answered.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        foreach ((string step, double ms) in endpoint.Timings ?? new Dictionary<string, double>()) steps[step] = steps.GetValueOrDefault(step) + ms / count;
    }
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {count} workloads, ms | p50 | p99 |"));
    Console.WriteLine("|---|---|---|");
    Row("attach answered", attached);
    Row("first reply in the other rack", answered);
    Row("of it, after the attach", [.. answered.Zip(attached, (a, b) => a - b)]);
    Console.WriteLine();
    Console.WriteLine("steps of an attach, mean ms: " + string.Join(", ", steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {s.Value:0.00}"))));
    return 0;
}
catch (SocketException e)
{
    Console.Error.WriteLine($"the agent's socket or the probe failed: {e.Message}; see margay lab logs {AttachHost}");
    return 1;
}
finally
{
    AgentClient agent = new(Path.Combine(paths.Run(AttachHost), "agent.sock"), TimeSpan.FromSeconds(30));
    foreach (string name in made)
    {
        agent.Ask(new AgentRequest { Detach = new DetachRequest { ContainerId = name, Interface = "eth0" } });
        NetworkNamespace.Delete(name);
    }
    Run("lab", "down", Lab, "--if-exists");
}

int Run(params string[] arguments)
{
    using Process process = Process.Start(new ProcessStartInfo(margay, arguments) { RedirectStandardOutput = true })!;
    process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode;
}

static void Row(string what, List<double> values)
{
    values.Sort();
    double At(double q) => values[(int)Math.Min(values.Count - 1, Math.Ceiling(q * values.Count) - 1)];
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {At(0.5):0.00} | {At(0.99):0.00} |"));
}
