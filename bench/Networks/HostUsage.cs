using System.Diagnostics;
using System.Globalization;

namespace Margay.Networks.Bench;

/// <summary>What this process and the kernel use, as /proc tells.</summary>
/// <param name="Kernel">Bytes of slab, per-CPU memory and kernel stacks, of the whole machine (proc(5), meminfo).</param>
/// <param name="Resident">Bytes of this process.</param>
/// <param name="Managed">Bytes on the heap of this process after a collection.</param>
internal sealed record HostUsage(long Kernel, long Resident, long Managed, int Threads, int Descriptors, TimeSpan Cpu)
{
    internal static HostUsage Now()
    {
        TimeSpan cpu = CpuNow();
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        using Process self = Process.GetCurrentProcess();
        return new HostUsage(
            1024 * (Field("/proc/meminfo", "Slab:") + Field("/proc/meminfo", "Percpu:") + Field("/proc/meminfo", "KernelStack:")),
            1024 * Field("/proc/self/status", "VmRSS:"), managed, self.Threads.Count, Directory.GetFiles("/proc/self/fd").Length, cpu);
    }

    internal static TimeSpan CpuNow()
    {
        using Process self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    private static long Field(string file, string name) =>
        File.ReadLines(file).First(l => l.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] is var value
            ? long.Parse(value, CultureInfo.InvariantCulture) : 0;
}
