using System.Globalization;
using static Margay.Lab.Processes.NativeMethods;

namespace Margay.Lab.Processes;

/// <summary>
/// A process that can be told from a later one with the same number, by when it started. Nothing is ever signalled by number alone.
/// </summary>
/// <param name="StartTime">Field 22 of /proc/PID/stat: clock ticks since boot.</param>
public readonly record struct ProcessIdentity(int Pid, ulong StartTime)
{
    /// <summary>Null when there is no such process, or only its remains (a zombie).</summary>
    public static ProcessIdentity? Of(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return Parse(pid, stat);
    }

    internal static ProcessIdentity? Parse(int pid, string stat)
    {
        // The name, in parentheses, may hold anything, spaces and parentheses too.
        int afterName = stat.LastIndexOf(')');
        string[] fields = stat[(afterName + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (afterName < 0 || fields.Length < 20 || fields[0] is "Z" or "X") return null;
        return ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out ulong start) ? new ProcessIdentity(pid, start) : null;
    }

    public bool IsAlive => Of(Pid) == this;

    /// <summary>False when it is gone already.</summary>
    public bool Signal(int signal) => IsAlive && kill(Pid, signal) == 0;

    /// <summary>Asks them all to end, and after <paramref name="grace"/> makes them. Returns those that are still there, which only a hanging kernel call can cause.</summary>
    public static async Task<IReadOnlyList<ProcessIdentity>> StopAsync(IReadOnlyList<ProcessIdentity> processes, TimeSpan grace, TimeProvider time)
    {
        foreach (ProcessIdentity p in processes) p.Signal(SIGTERM);
        await WaitForEndAsync(processes, grace, time).ConfigureAwait(false);
        foreach (ProcessIdentity p in processes) p.Signal(SIGKILL);
        return await WaitForEndAsync(processes, TimeSpan.FromSeconds(5), time).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<ProcessIdentity>> WaitForEndAsync(IReadOnlyList<ProcessIdentity> processes, TimeSpan limit, TimeProvider time)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            List<ProcessIdentity> left = [.. processes.Where(p => p.IsAlive)];
            if (left.Count == 0 || time.GetElapsedTime(start) >= limit) return left;
            await Task.Delay(TimeSpan.FromMilliseconds(20), time).ConfigureAwait(false);
        }
    }

    /// <summary>The processes whose network namespace is one of these (by inode), except this process and those that it descends from.</summary>
    internal static IReadOnlyList<ProcessIdentity> InNamespaces(IReadOnlySet<ulong> inodes)
    {
        HashSet<int> spared = [.. Ancestors()];
        List<ProcessIdentity> found = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) || spared.Contains(pid)) continue;
            if (NamespaceInode(pid) is { } inode && inodes.Contains(inode) && Of(pid) is { } process) found.Add(process);
        }
        return found;
    }

    private static ulong? NamespaceInode(int pid)
    {
        try
        {
            string? target = new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net")).LinkTarget;
            return target is ['n', 'e', 't', ':', '[', .. string number, ']'] && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode) ? inode : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<int> Ancestors()
    {
        for (int pid = Environment.ProcessId; pid > 1;)
        {
            yield return pid;
            string stat;
            try
            {
                stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            }
            catch (IOException)
            {
                yield break;
            }
            string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            pid = fields.Length > 1 && int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out int parent) ? parent : 0;
        }
    }
}
