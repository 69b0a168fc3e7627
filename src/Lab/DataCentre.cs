using Margay.Lab.Building;
using Margay.Lab.Checks;
using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Lab.Topologies;
using Margay.Netlink.Namespaces;

namespace Margay.Lab;

// A data centre made of network namespaces on one machine, from a topology file.
//
//   topology.yaml ─► TopologyReader ─► Topology ─► Bringup ─► Cabling      namespaces, veth pairs, bridges, addresses
//                    (every fault)                    │        Switches/   bgpd.conf, bird.conf; FRR and BIRD started
//                                                     │        programs    margay-server, manifests, margay-agent
//                                                     │        Workloads/  CNI ADD, responders
//                                                     ▼
//   /run/margay-lab/NAME/state.json ◄──────────── LabStore ──► Teardown, status, exec
//
//   Topology + addresses ─► Expectations ─► Prober (inside each source's namespace) ─► CheckReport ─► Matrix
//
// Folders, each using only those before it: Topologies (the file), Processes (what a process sees, who it is), State (what was made),
// Switches (routers' configurations), Workloads (CNI, responder), Checks (probes), Building (up and down). Everything that this makes is named
// after the lab, so that several can be up; whatever happened in between, Teardown finds and removes it. All needs root.

/// <summary>One lab on this machine. The verbs of <c>margay lab</c>, and what the interop tests use. <see cref="LabException"/> says why something was not done.</summary>
public sealed class DataCentre(string name, TimeProvider time, string root = LabPaths.DefaultRoot)
{
    public LabPaths Paths { get; } = new(root, name);

    /// <summary>Whether anything is left of such a lab: its state, or only namespaces.</summary>
    public bool Exists => Directory.Exists(Paths.Directory) || NetworkNamespace.ListNamed().Any(n => n.StartsWith(Paths.NamespacePrefix, StringComparison.Ordinal));

    /// <summary>What is known of the lab, or null when there is none of this name.</summary>
    public LabState? State => new LabStore(Paths).Read();

    /// <summary>The topology that it was made from.</summary>
    public Topology Topology
    {
        get
        {
            LabState state = Existing();
            string directory = Path.GetDirectoryName(state.Origin) ?? "/";
            return TopologyReader.Read(File.ReadAllText(Paths.TopologyFile), directory).Topology
                ?? throw new LabException($"the topology of lab '{Paths.Name}' can no longer be read: were its manifests moved from {directory}?");
        }
    }

    /// <summary>The names of the labs on this machine.</summary>
    public static IReadOnlyList<string> List(string root = LabPaths.DefaultRoot) =>
        Directory.Exists(root) ? [.. Directory.EnumerateDirectories(root).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)] : [];

    /// <summary>Builds the lab. Refuses when there is one of this name; when it fails on the way, what was made stays until <see cref="DownAsync"/>.</summary>
    /// <param name="file">The file that <paramref name="topology"/> was read from.</param>
    public async Task UpAsync(Topology topology, string file, Programs programs, Action<LabEvent> report, CancellationToken cancel)
    {
        RequireRoot();
        IReadOnlyList<string> missing = programs.Missing(topology);
        if (missing.Count > 0) throw new LabException(string.Join('\n', missing));
        using FileStream held = Lock();
        if (State is { } present)
        {
            string how = present.Phase == LabPhase.Up ? $"is up since {present.Started:u}" : "was left half up";
            throw new LabException($"lab '{Paths.Name}' {how}") { Remedy = $"margay lab down {Paths.Name}" };
        }
        LabStore store = new(Paths);
        string origin = Path.GetFullPath(file);
        store.Create(new LabState { Name = Paths.Name, Phase = LabPhase.Starting, Started = time.GetUtcNow(), Origin = origin, Programs = programs.Directory });
        File.Copy(origin, Paths.TopologyFile);
        await new Bringup(topology, programs, store, time, report).RunAsync(cancel).ConfigureAwait(false);
        store.Enter(LabPhase.Up);
    }

    /// <summary>Takes everything away, also of a lab that is half up or of which only namespaces are left. Returns what was there.</summary>
    public async Task<(int Processes, int Namespaces)> DownAsync()
    {
        RequireRoot();
        using FileStream held = Lock();
        LabState? state;
        try
        {
            state = State;
        }
        catch (LabException)
        {
            // Unreadable: what runs in the namespaces is found without it.
            state = null;
        }
        (int processes, int namespaces, IReadOnlyList<string> left) = await new Teardown(Paths, state, time).RunAsync().ConfigureAwait(false);
        File.Delete(Paths.LockFile);
        if (left.Count > 0) throw new LabException($"lab '{Paths.Name}': not removed: {string.Join("; ", left)}") { Remedy = $"margay lab down {Paths.Name}" };
        return (processes, namespaces);
    }

    /// <summary>Sends the probes that the topology's expectations, or <paramref name="other"/>'s, ask for.</summary>
    /// <param name="patience">How long to ask again where the answer was not as expected: routing may still be converging.</param>
    public async Task<CheckReport> CheckAsync(Topology? other, TimeSpan patience, CancellationToken cancel)
    {
        RequireRoot();
        LabState state = Existing();
        Topology topology = other ?? Topology;
        IReadOnlyList<ProbePlan> plans = Expectations.Plan(topology, state.Attachments);
        return await new Checker(Paths, topology, time).RunAsync(plans, patience, cancel).ConfigureAwait(false);
    }

    /// <summary>Replaces this program by a command inside a node (host1) or workload (shop/web1); comes back only when that failed.</summary>
    public string Exec(string node, IReadOnlyList<string> command)
    {
        RequireRoot();
        (Enclosure enclosure, Dictionary<string, string> environment) = Enter(node);
        return Processes.Exec.Replace(enclosure, command, environment);
    }

    /// <summary>Runs a command inside a node or workload to its end.</summary>
    /// <returns>Its exit status and what it wrote to standard output and error.</returns>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(string node, IReadOnlyList<string> command, TimeSpan limit, CancellationToken cancel)
    {
        (Enclosure enclosure, Dictionary<string, string> environment) = Enter(node);
        CommandResult result = await Launcher.RunAsync(enclosure, command, limit, time, null, environment, cancel).ConfigureAwait(false);
        return (result.ExitCode, result.Output, result.Error);
    }

    /// <summary>Starts a daemon again that has ended, as it was started before.</summary>
    public LabProcess Restart(LabProcess process)
    {
        RequireRoot();
        if (process.Identity.IsAlive) throw new LabException($"{process.Program} of {process.Node} is running") { Remedy = $"kill {process.Pid}" };
        (Enclosure enclosure, Dictionary<string, string> environment) = Enter(process.Node);
        LabStore store = new(Paths);
        store.Open();
        LabProcess started = Daemons.Restart(enclosure, process, environment);
        store.Replace(started);
        return started;
    }

    private (Enclosure Enclosure, Dictionary<string, string> Environment) Enter(string node)
    {
        LabState state = Existing();
        Topology topology = Topology;
        Enclosure enclosure = Nodes.Find(Paths, topology, node)
            ?? throw new LabException($"lab '{Paths.Name}' has no '{node}'")
            {
                Remedy = $"there are {string.Join(", ", topology.Switches.Select(s => s.Name).Concat(topology.Hosts.Select(h => h.Name)).Concat(topology.Workloads.Select(w => w.Id)))}",
            };
        Dictionary<string, string> environment = Bringup.ClientEnvironment(Paths, topology);
        environment["PATH"] = $"{state.Programs}:{Launcher.SearchPath()}";
        return (enclosure, environment);
    }

    private LabState Existing() => State
        ?? throw new LabException($"there is no lab '{Paths.Name}' on this machine") { Remedy = List(Paths.Root) is { Count: > 0 } names ? $"there are {string.Join(", ", names)}" : "margay lab up FILE" };

    private FileStream Lock()
    {
        Directory.CreateDirectory(Paths.Root);
        try
        {
            return new FileStream(Paths.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new LabException($"lab '{Paths.Name}' is being brought up or taken down by another margay") { Remedy = "wait for it to end" };
        }
    }

    private static void RequireRoot()
    {
        if (NativeMethods.geteuid() != 0) throw new LabException("a lab needs root: it makes network namespaces") { Remedy = "run as root, or with sudo" };
    }
}
