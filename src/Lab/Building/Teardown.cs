using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Lab.Building;

/// <summary>
/// Takes a lab away, however much of it is there: the recorded processes, whatever else runs in its namespaces, the namespaces, the files. Mounts are
/// the processes' own and go with them. Works from the names alone when there is no state to read.
/// </summary>
internal sealed class Teardown(LabPaths paths, LabState? state, TimeProvider time)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>What was removed, and what could not be.</summary>
    internal async Task<(int Processes, int Namespaces, IReadOnlyList<string> Left)> RunAsync()
    {
        List<string> left = [];
        IReadOnlyList<string> names = [.. NetworkNamespace.ListNamed().Where(n => n.StartsWith(paths.NamespacePrefix, StringComparison.Ordinal))];
        IReadOnlyList<ProcessIdentity> recorded = [.. (state?.Processes ?? []).Select(p => p.Identity)];
        // A daemon that was started but not recorded yet, its children, a shell that somebody left open in a node.
        IReadOnlyList<ProcessIdentity> all = [.. recorded.Where(p => p.IsAlive).Union(ProcessIdentity.InNamespaces(Inodes(names)))];
        foreach (ProcessIdentity process in await ProcessIdentity.StopAsync(all, Grace, time).ConfigureAwait(false)) left.Add($"process {process.Pid}");
        int deleted = 0;
        foreach (string name in names)
        {
            NetlinkResult result = NetworkNamespace.Delete(name).IgnoreNotFound();
            if (result.Ok) deleted++;
            else left.Add($"network namespace {name}: {result}");
        }
        if (Directory.Exists(paths.Directory)) Directory.Delete(paths.Directory, recursive: true);
        return (all.Count, deleted, left);
    }

    private static HashSet<ulong> Inodes(IReadOnlyList<string> names)
    {
        HashSet<ulong> inodes = [];
        foreach (string name in names)
        {
            if (!NetworkNamespace.TryOpenNamed(name).TryGet(out NetworkNamespace? space)) continue;
            using (space) inodes.Add(space.Inode);
        }
        return inodes;
    }
}
