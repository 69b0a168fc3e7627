using System.ComponentModel;
using System.Runtime.InteropServices;
using Margay.Netlink.Namespaces;
using static Margay.Lab.Processes.NativeMethods;

namespace Margay.Lab.Processes;

/// <summary>
/// What a process of a node sees: the node's network namespace, its host name, and directories of its own in place of some of the machine's.
/// <para>The mounts and the host name live in a mount and a UTS namespace that are made anew for every process, always in the same way. So there is nothing to
/// keep and nothing to remove: they go with the process. Mounts that the machine makes later (a new file in /run/netns) still come in, ours never get out.</para>
/// </summary>
public sealed record Enclosure
{
    /// <summary>A name in /run/netns.</summary>
    public required string NetworkNamespace { get; init; }

    public string? HostName { get; init; }

    /// <summary>Directory → what it shows in place of its own content.</summary>
    public IReadOnlyList<(string Target, string Source)> Binds { get; init; } = [];

    /// <summary>Directories that are to appear empty.</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];

    /// <summary>Network namespaces that a process names stay when it ends, as on a machine: its names are everybody's.</summary>
    public bool SharesNamespaceNames { get; init; }

    /// <summary>Runs a function inside, on a thread made for it. What it throws is thrown here.</summary>
    internal T Run<T>(Func<T> function)
    {
        using NetworkNamespace space = Margay.Netlink.Namespaces.NetworkNamespace.OpenNamed(NetworkNamespace);
        return space.Run(() =>
        {
            Isolate();
            return function();
        });
    }

    /// <summary>Gives the calling thread its own mounts and host name, for good.</summary>
    private void Isolate()
    {
        Check(unshare(CLONE_NEWNS | CLONE_NEWUTS), "make a mount namespace");
        if (SharesNamespaceNames)
        {
            // Only what our own mounts are made in: /run/netns, which is a mount by itself, stays one with everybody's. /run need not be one.
            Check(mount("none", "/", null, MS_SLAVE, null), "detach mounts");
            _ = mount("none", "/run", null, MS_SLAVE, null);
        }
        else
        {
            Check(mount("none", "/", null, MS_REC | MS_SLAVE, null), "detach mounts");
        }
        foreach ((string target, string source) in Binds)
        {
            Directory.CreateDirectory(target);
            Check(mount(source, target, null, MS_BIND, null), $"show {source} as {target}");
        }
        foreach (string target in Hidden)
        {
            Directory.CreateDirectory(target);
            Check(mount("none", target, "tmpfs", 0, "size=64k"), $"hide {target}");
        }
        if (HostName is not null) Check(sethostname(HostName, HostName.Length), "set the host name");
    }

    private static void Check(int result, string what)
    {
        if (result == 0) return;
        int error = Marshal.GetLastPInvokeError();
        throw new Win32Exception(error, $"cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}");
    }
}
