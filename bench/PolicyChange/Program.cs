using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Lab.State;
using Margay.Netlink.Namespaces;
using Margay.PolicyChange.Bench;

// From the moment a changed policy is sent to the server until the kernel of each of many hosts has it: native server and agents, one workload under the policy on each host,
// all on one machine. Usage: Margay.PolicyChange.Bench [HOSTS] [CHANGES]

int hosts = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100;
int changes = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 50;
string margay = Path.GetFullPath("out/bin/margay");
if (!File.Exists(margay))
{
    Console.Error.WriteLine($"{margay} is not there: run this from the checkout's root after 'make build'");
    return 1;
}
LabPaths paths = new(LabPaths.DefaultRoot, ManyHosts.Lab);
string folder = Directory.CreateTempSubdirectory("margay-bench-").FullName;
Run("lab", "down", ManyHosts.Lab, "--if-exists");
try
{
    if (Run("lab", "up", ManyHosts.Write(folder, hosts), "--programs", Path.GetDirectoryName(margay)!) != 0) return 1;
    List<NetworkNamespace> namespaces = [.. Enumerable.Range(1, hosts).Select(i => NetworkNamespace.OpenNamed(paths.NamespaceOf($"h{i}")))];
    using NetworkNamespace server = NetworkNamespace.OpenNamed(paths.NamespaceOf(ManyHosts.Server));
    using SocketsHttpHandler handler = new() { ConnectCallback = (context, cancel) => ConnectAsync(server, context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancel) };
    using MargayClient client = new(new ClientOptions { Server = new Uri($"http://{ManyHosts.ServerAddress}:7443"), TokenFile = paths.TokenFile }, handler: handler);
    using CommitWatch watch = new(namespaces);
    List<double> each = [], last = [], answered = [];
    for (int i = 0; i < changes; i++)
    {
        ApiResult<GlobalNetworkPolicy> policy = await client.GetAsync<GlobalNetworkPolicy>(null, ManyHosts.Policy);
        if (policy.Value is not { } before) throw new InvalidOperationException($"the policy cannot be read: {policy.Error}");
        GlobalNetworkPolicy after = before with { Spec = before.Spec with { Ingress = [before.Spec.Ingress![0] with { Destination = new EntityRule { Ports = [Port.FromNumber(2000 + i)] } }] } };
        watch.Reset();
        long start = Stopwatch.GetTimestamp();
        ApiResult<GlobalNetworkPolicy> written = await client.ReplaceAsync(after);
        if (written.Value is null) throw new InvalidOperationException($"the policy cannot be written: {written.Error}");
        answered.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        long[] seen = watch.Wait(TimeSpan.FromSeconds(10)) ?? throw new TimeoutException("not every host had the change within 10 s; see margay lab logs");
        each.AddRange(seen.Select(s => Stopwatch.GetElapsedTime(start, s).TotalMilliseconds));
        last.Add(Stopwatch.GetElapsedTime(start, seen.Max()).TotalMilliseconds);
        // The second transaction of a change, which takes away, and the status reports.
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
    }
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {hosts} hosts, {changes} changes, ms from request | p50 | p99 | max |"));
    Console.WriteLine("|---|---|---|---|");
    Row("the server has answered", answered);
    Row("a host's kernel has it", each);
    Row("the last host's kernel has it", last);
    foreach (NetworkNamespace host in namespaces) host.Dispose();
    return 0;
}
finally
{
    Run("lab", "down", ManyHosts.Lab);
    Directory.Delete(folder, recursive: true);
}

static async ValueTask<Stream> ConnectAsync(NetworkNamespace from, string host, int port, CancellationToken cancel)
{
    Socket socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
    await socket.ConnectAsync(host, port, cancel);
    return new NetworkStream(socket, ownsSocket: true);
}

static void Row(string what, List<double> times)
{
    times.Sort();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {times[times.Count / 2]:0.0} | {times[(int)(times.Count * 0.99)]:0.0} | {times[^1]:0.0} |"));
}

int Run(params string[] arguments)
{
    using Process process = Process.Start(margay, arguments);
    process.WaitForExit();
    return process.ExitCode;
}
