using System.Collections.Concurrent;
using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Margay.Api.Client;
using Margay.Core.Net;
using Margay.Lab.Checks;
using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Lab.Switches;
using Margay.Lab.Topologies;
using Margay.Lab.Workloads;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Lab.Building;

/// <summary>
/// Builds a lab, one step after the other; each is bounded in time and leaves in the state file what it made:
/// namespaces and links → switches → the underlay answers → server → manifests → agents → workloads.
/// What fails ends the bring-up with the log to read; what was made stays, to be looked at, until the lab is taken down.
/// </summary>
internal sealed class Bringup(Topology topology, Programs programs, LabStore store, TimeProvider time, Action<LabEvent> report)
{
    private const int ServerPort = 7443;
    private static readonly TimeSpan UnderlayLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ApplyLimit = TimeSpan.FromSeconds(60);

    private readonly LabPaths _paths = store.Paths;

    internal async Task RunAsync(CancellationToken cancel)
    {
        await StepAsync("namespaces and links", () =>
        {
            foreach (string node in (string[])[.. topology.Hosts.Select(h => h.Name), .. topology.Server is { } s ? [s.Name] : Array.Empty<string>()])
            {
                Directory.CreateDirectory(_paths.Run(node));
                Directory.CreateDirectory(_paths.Data(node));
            }
            new Cabling(_paths, topology).Build();
            return Task.FromResult($"{topology.Switches.Count} switches, {topology.Hosts.Count} hosts");
        }).ConfigureAwait(false);
        await StepAsync("switches", () => StartSwitchesAsync(cancel)).ConfigureAwait(false);
        await StepAsync("underlay", () => WaitForUnderlayAsync(cancel)).ConfigureAwait(false);
        foreach (Host host in topology.Hosts) StartResponder(Nodes.EnclosureOfMargay(_paths, host.Name), host.Name, host.Ports);
        if (topology.Server is not { } server) return;
        await StepAsync("server", () => StartServerAsync(server, cancel)).ConfigureAwait(false);
        await StepAsync("manifests", () => ApplyAsync(server, cancel)).ConfigureAwait(false);
        await StepAsync("agents", () => StartAgentsAsync(server, cancel)).ConfigureAwait(false);
        await StepAsync("workloads", () => AttachAllAsync(cancel)).ConfigureAwait(false);
        if (topology.Hosts.Any(h => h.Published.Count > 0)) await StepAsync("published ports", PublishAsync).ConfigureAwait(false);
    }

    private async Task StepAsync(string name, Func<Task<string>> step)
    {
        report(new LabEvent(name, null, ""));
        long start = time.GetTimestamp();
        string text;
        try
        {
            text = await step().ConfigureAwait(false);
        }
        catch (Exception e) when (e is NetlinkException or Win32Exception or IOException)
        {
            throw new LabException($"{name}: {e.Message}", e);
        }
        report(new LabEvent(name, time.GetElapsedTime(start), text));
    }

    private async Task<string> StartSwitchesAsync(CancellationToken cancel)
    {
        foreach (Switch s in topology.Switches)
        {
            SwitchView view = SwitchView.Of(topology, s);
            string bgp = s.Daemon == SwitchDaemon.Frr ? FrrConfig.Bgp(view) : BirdConfig.Render(view);
            Directory.CreateDirectory(_paths.NodeDirectory(s.Name));
            RoutingDaemons daemons = new(Nodes.EnclosureOf(_paths, s), s.Name, _paths.Configuration(s.Name), _paths.Run(s.Name), program => _paths.Log(s.Name, program));
            await daemons.StartAsync(s.Daemon, bgp, store.Add, time, cancel).ConfigureAwait(false);
        }
        return string.Join(", ", topology.Switches.Select(s => $"{s.Name} ({s.Daemon.ToString().ToUpperInvariant()}, AS {s.As})"));
    }

    /// <summary>The switches have found each other when the first host reaches the server and every other host, by both families.</summary>
    private async Task<string> WaitForUnderlayAsync(CancellationToken cancel)
    {
        List<(string Name, InetAddress Address)> targets = [.. topology.Hosts.SelectMany(h => h.Addresses.Select(a => (h.Name, a)))];
        if (topology.Server is { } server) targets.AddRange(server.Subnets.Select(s => (server.Name, server.AddressIn(s))));
        string? source = topology.Server?.Name ?? topology.Hosts.FirstOrDefault()?.Name;
        if (source is null) return "nothing to reach";
        using NetworkNamespace space = NetworkNamespace.OpenNamed(_paths.NamespaceOf(source));
        Prober prober = new(time);
        long start = time.GetTimestamp();
        List<(string Name, InetAddress Address)> left = targets;
        while (left.Count > 0)
        {
            if (time.GetElapsedTime(start) > UnderlayLimit)
                throw new LabException($"after {UnderlayLimit.TotalSeconds} s {source} does not reach {string.Join(", ", left.Select(t => $"{t.Name} ({t.Address})"))}")
                {
                    Log = string.Join(", ", topology.Switches.Select(s => _paths.Log(s.Name, s.Daemon == SwitchDaemon.Frr ? "bgpd" : "bird"))),
                    Remedy = $"margay lab exec {_paths.Name}:{topology.Switches[0].Name} -- ip route",
                };
            CheckProcesses();
            bool[] reached = await Task.WhenAll(left.Select(async t =>
                (await prober.SendAsync(space, t.Address, TransportPort.Icmp, null, TimeSpan.FromMilliseconds(600), cancel).ConfigureAwait(false)).Outcome == ProbeOutcome.Reached))
                .ConfigureAwait(false);
            left = [.. left.Where((_, i) => !reached[i])];
        }
        return $"{source} reaches {targets.Count} addresses";
    }

    private async Task<string> StartServerAsync(Server server, CancellationToken cancel)
    {
        await File.WriteAllTextAsync(_paths.TokenFile, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) + "\n", cancel).ConfigureAwait(false);
        File.SetUnixFileMode(_paths.TokenFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string[] command =
        [
            programs.Server, "--data-dir", _paths.Data(server.Name), "--token-file", _paths.TokenFile,
            .. server.Subnets.SelectMany(s => (string[])["--listen", Url(server.AddressIn(s))]), .. server.Flags,
        ];
        LabProcess process = StartProgram(server.Name, "margay-server", command);
        await WaitForServerAsync(server, process, cancel).ConfigureAwait(false);
        return Url(server.AddressIn(server.Subnets[0]));
    }

    private async Task WaitForServerAsync(Server server, LabProcess process, CancellationToken cancel)
    {
        using NetworkNamespace space = NetworkNamespace.OpenNamed(_paths.NamespaceOf(server.Name));
        await WaitAsync(process, StartLimit, async () =>
        {
            using System.Net.Sockets.Socket socket = space.Run(() => new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp));
            try
            {
                await socket.ConnectAsync(server.AddressIn(server.Subnets[0]).ToIPAddress(), ServerPort, cancel).ConfigureAwait(false);
                return true;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return false;
            }
        }, cancel).ConfigureAwait(false);
    }

    private async Task<string> ApplyAsync(Server server, CancellationToken cancel)
    {
        await File.WriteAllTextAsync(_paths.NodeManifest, NodeManifests.Render(topology), cancel).ConfigureAwait(false);
        Enclosure enclosure = Nodes.EnclosureOfMargay(_paths, server.Name);
        int objects = 0;
        foreach (string manifest in (string[])[_paths.NodeManifest, .. topology.Manifests])
        {
            CommandResult result = await Launcher.RunAsync(
                enclosure, [programs.Margay, "apply", "-f", manifest], ApplyLimit, time, null, ClientEnvironment(_paths, topology), cancel).ConfigureAwait(false);
            if (!result.Succeeded) throw new LabException($"the server did not take {manifest}: {result.Words}") { Log = _paths.Log(server.Name, "margay-server") };
            objects += result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        }
        return $"{objects} objects";
    }

    private async Task<string> StartAgentsAsync(Server server, CancellationToken cancel)
    {
        List<LabProcess> agents = [];
        foreach (Host host in topology.Hosts) agents.Add(StartProgram(host.Name, "margay-agent", AgentCommand(server, host)));
        foreach (LabProcess agent in agents)
            await WaitAsync(agent, StartLimit, () => Task.FromResult(Answers(Path.Combine(_paths.Run(agent.Node), "agent.sock"))), cancel).ConfigureAwait(false);
        return string.Join(", ", topology.Hosts.Select(h => $"{h.Name} (AS {h.As})"));
    }

    private static bool Answers(string agentSocket) => File.Exists(agentSocket) && new AgentClient(agentSocket, TimeSpan.FromSeconds(5)).Query("status").Error is null;

    private string[] AgentCommand(Server server, Host host) =>
    [
        programs.Agent, "--server", Url(server.AddressIn(server.Subnets[0])), "--token-file", _paths.TokenFile, "--node", host.Name,
        "--state-dir", _paths.Data(host.Name), "--run-dir", _paths.Run(host.Name), "--network-prefix", _paths.NamespaceOf(host.Name), .. host.Flags,
    ];

    private async Task<string> AttachAllAsync(CancellationToken cancel)
    {
        ConcurrentBag<TimeSpan> times = [];
        await Parallel.ForEachAsync(topology.Workloads, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancel }, async (workload, stop) =>
            times.Add(await AttachAsync(workload, stop).ConfigureAwait(false))).ConfigureAwait(false);
        if (times.IsEmpty) return "none";
        List<TimeSpan> sorted = [.. times.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted.Count} attached by CNI, ADD {sorted[0].TotalMilliseconds:0}–{sorted[^1].TotalMilliseconds:0} ms with process start");
    }

    private async Task<TimeSpan> AttachAsync(Workload workload, CancellationToken cancel)
    {
        new Cabling(_paths, topology).MakeWorkload(workload);
        CniPlugin plugin = new(programs.Cni, Path.Combine(_paths.Run(workload.Host), "agent.sock"), time);
        string name = _paths.NamespaceOf(workload);
        try
        {
            (IReadOnlyList<string> addresses, TimeSpan took) = await plugin.AddAsync(
                Nodes.EnclosureOfMargay(_paths, workload.Host), workload, ContainerId(name), Path.Combine(NetworkNamespace.Directory, name), cancel).ConfigureAwait(false);
            store.Add(new LabAttachment(workload.Id, workload.Host, addresses, took.TotalMilliseconds));
            StartResponder(Nodes.EnclosureOf(_paths, workload), workload.Id, workload.Ports);
            return took;
        }
        catch (LabException e)
        {
            throw new LabException(e.Message, e) { Log = _paths.Log(workload.Host, "margay-agent") };
        }
    }

    private Task<string> PublishAsync()
    {
        foreach (Host host in topology.Hosts) PublishedPorts.Build(_paths, host, store.Read()!.Attachments);
        return Task.FromResult(string.Join(", ", topology.Hosts.SelectMany(h => h.Published.Select(p => $"{h.Name}:{p.Port} → {p.Workload}:{p.Number}"))));
    }

    /// <summary>64 hexadecimal digits, as container runtimes name their containers.</summary>
    private static string ContainerId(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    /// <param name="name">The workload's or host's.</param>
    private void StartResponder(Enclosure enclosure, string name, IReadOnlyList<TransportPort> ports)
    {
        if (ports.Count == 0) return;
        string log = Path.Combine(_paths.Directory, $"{name.Replace('/', '.')}.responder.log");
        string[] command = [programs.Margay, "lab", "responder", "--name", name, .. ports.Select(p => p.ToString())];
        store.Add(Daemons.Start(enclosure, name, "responder", command, log));
    }

    private LabProcess StartProgram(string node, string program, IReadOnlyList<string> command)
    {
        LabProcess process = Daemons.Start(Nodes.EnclosureOfMargay(_paths, node), node, program, command, _paths.Log(node, program), ClientEnvironment(_paths, topology));
        store.Add(process);
        return process;
    }

    /// <summary>What lets the margay command of a node find the server.</summary>
    internal static Dictionary<string, string> ClientEnvironment(LabPaths paths, Topology topology) => topology.Server is not { } server ? [] : new()
    {
        ["MARGAY_SERVER"] = Url(server.AddressIn(server.Subnets[0])),
        ["MARGAY_TOKEN_FILE"] = paths.TokenFile,
    };

    private static string Url(InetAddress address) =>
        string.Create(CultureInfo.InvariantCulture, $"http://{(address.IsIPv6 ? $"[{address}]" : address.ToString())}:{ServerPort}");

    private async Task WaitAsync(LabProcess process, TimeSpan limit, Func<Task<bool>> ready, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        while (!await ready().ConfigureAwait(false))
        {
            CheckProcesses();
            if (time.GetElapsedTime(start) > limit) throw new LabException($"{process.Program} on {process.Node} is not ready after {limit.TotalSeconds} s") { Log = process.Log };
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>A daemon that has ended will not become ready: say so at once, with its last words.</summary>
    private void CheckProcesses()
    {
        LabProcess? ended = store.Read()?.Processes.FirstOrDefault(p => !p.Identity.IsAlive);
        if (ended is null) return;
        string last = File.Exists(ended.Log) ? File.ReadLines(ended.Log).LastOrDefault(l => l.Trim().Length > 0) ?? "" : "";
        throw new LabException($"{ended.Program} on {ended.Node} has ended{(last.Length > 0 ? $"; its last words: {last.Trim()}" : "")}") { Log = ended.Log };
    }
}
