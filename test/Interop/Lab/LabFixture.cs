using Margay.Interop.Netlink;
using Margay.Lab;
using Margay.Lab.Building;
using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Interop.Lab;

/// <summary>A lab under a name and directory of its own, taken down at the end whatever happened.</summary>
internal sealed class LabFixture : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mgy-lab-").FullName;
    private readonly List<LabEvent> _events = [];

    internal LabFixture(string example)
    {
        Tool.RequireRoot();
        File = Path.Combine(AppContext.BaseDirectory, "examples", example, "topology.yaml");
        TopologyResult read = TopologyReader.ReadFile(File);
        Assert.Empty(read.Faults);
        Topology = read.Topology! with { Name = $"t{Guid.NewGuid().ToString("N")[..8]}" };
        Centre = new DataCentre(Topology.Name, TimeProvider.System, _root);
    }

    internal string File { get; }
    internal Topology Topology { get; set; }
    internal DataCentre Centre { get; }
    internal LabState State => Centre.State ?? throw new InvalidOperationException("the lab is not there");
    internal IReadOnlyList<string> Steps => [.. _events.Where(e => e.Took is not null).Select(e => e.Step)];

    /// <summary>The native programs of `make build`, or those in the directory that MARGAY_PROGRAMS names.</summary>
    internal static Programs Programs { get; } = new(NativePrograms.Folder);

    internal async Task UpAsync()
    {
        try
        {
            await Centre.UpAsync(Topology, File, Programs, _events.Add, TestContext.Current.CancellationToken);
        }
        catch (LabException e)
        {
            Assert.Fail($"{e.Message}\n{TailOf(e.Log)}");
        }
    }

    internal async Task<string> RunAsync(string node, params string[] command)
    {
        (int exit, string output, string error) = await Centre.RunAsync(node, command, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.True(exit == 0, $"{string.Join(' ', command)} on {node}: exit {exit}: {error}{output}");
        return output;
    }

    internal LabProcess Process(string node, string program) => State.Processes.Single(p => p.Node == node && p.Program == program);

    /// <summary>kill -9, and the end of it.</summary>
    internal static async Task KillAsync(LabProcess process) =>
        Assert.Empty(await ProcessIdentity.StopAsync([process.Identity], TimeSpan.Zero, TimeProvider.System));

    /// <summary>Namespaces and processes that are named after this lab.</summary>
    internal IReadOnlyList<string> Remains() =>
    [
        .. Margay.Netlink.Namespaces.NetworkNamespace.ListNamed().Where(n => n.StartsWith(Centre.Paths.NamespacePrefix, StringComparison.Ordinal)),
        .. Directory.Exists(Centre.Paths.Directory) ? [Centre.Paths.Directory] : Array.Empty<string>(),
    ];

    private static string TailOf(string? log) =>
        log is null ? "" : string.Join('\n', log.Split(", ").Where(System.IO.File.Exists).SelectMany(l => System.IO.File.ReadLines(l).TakeLast(30)));

    public async ValueTask DisposeAsync()
    {
        await Centre.DownAsync();
        Directory.Delete(_root, recursive: true);
    }
}
