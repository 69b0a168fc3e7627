using System.Globalization;
using Margay.Netlink.Namespaces;

namespace Margay.Netlink.Bench;

/// <summary>One way to do the work, with what it measured round by round.</summary>
internal abstract class Contender(string name, int routes)
{
    private readonly List<Sample> _samples = [];

    protected int Routes { get; } = routes;

    protected abstract Sample Measure(BenchNamespace space);

    internal void Round()
    {
        using BenchNamespace space = new();
        _samples.Add(Measure(space));
    }

    internal string Row()
    {
        string cpu = _samples[0].CpuMilliseconds is null ? "–" : Spread(s => s.CpuMilliseconds!.Value, "0");
        string memory = _samples[0].KernelBytes is null ? "–" : Number(Median(s => s.KernelBytes!.Value / (double)Routes), "0");
        string allocation = _samples[0].ManagedBytes is null ? "–" : Number(Median(s => s.ManagedBytes!.Value / (double)Routes), "0");
        return $"| {name} | {Spread(s => s.AddMilliseconds, "0")} | {Spread(s => s.DeleteMilliseconds, "0")} | "
            + $"{Number(Median(s => s.AddMilliseconds * 1000 / Routes), "0.00")} | {cpu} | {memory} | {allocation} |";
    }

    private double Median(Func<Sample, double> of)
    {
        double[] sorted = [.. _samples.Select(of).Order()];
        return sorted[sorted.Length / 2];
    }

    private string Spread(Func<Sample, double> of, string format) =>
        $"{Number(Median(of), format)} ({Number(_samples.Min(of), format)}..{Number(_samples.Max(of), format)})";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <param name="KernelBytes">Growth of the slab while the routes were there; machine-wide, so meaningful on a quiet machine only.</param>
internal readonly record struct Sample(
    double AddMilliseconds, double DeleteMilliseconds, double? CpuMilliseconds = null, long? KernelBytes = null, long? ManagedBytes = null);

/// <summary>A namespace with a veth pair: b0, up, with 10.250.0.1/16.</summary>
internal sealed class BenchNamespace : IDisposable
{
    internal BenchNamespace()
    {
        Name = $"mgy-bench-{Guid.NewGuid().ToString("N")[..8]}";
        Namespace = NetworkNamespace.Create(Name).Value;
        using Route.RouteSocket socket = Route.RouteSocket.OpenIn(Namespace);
        socket.CreateLink(new Route.VethSpec { Name = "b0", PeerName = "b1" }).ThrowIfFailed();
        foreach (string link in new[] { "b0", "b1" })
            socket.SetLink(socket.GetLink(link).Value.Index, new Route.LinkChange { Up = true }).ThrowIfFailed();
        LinkIndex = socket.GetLink("b0").Value.Index;
        socket.AddAddress(Route.InterfaceAddress.On(LinkIndex, Core.Net.InetAddress.FromIPv4(0x0afa0001), 16)).ThrowIfFailed();
    }

    internal string Name { get; }
    internal NetworkNamespace Namespace { get; }
    internal int LinkIndex { get; }

    /// <summary>Bytes in slabs, of the whole machine.</summary>
    internal static long Slab()
    {
        string line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith("Slab:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    public void Dispose()
    {
        NetworkNamespace.Delete(Name);
        Namespace.Dispose();
    }
}
