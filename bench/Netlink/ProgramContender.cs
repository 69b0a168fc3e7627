using System.Diagnostics;
using System.Globalization;
using System.Text;
using Margay.Core.Net;

namespace Margay.Netlink.Bench;

/// <summary>Starts a program inside the namespace; it reports its own time.</summary>
internal sealed class ProgramContender(string name, string command, int routes) : Contender(name, routes)
{
    protected override Sample Measure(BenchNamespace space)
    {
        string[] words = command.Split(' ');
        double Run(string verb)
        {
            ProcessStartInfo info = new(words[0], [.. words[1..], verb, Routes.ToString(CultureInfo.InvariantCulture), "b0"]) { RedirectStandardOutput = true };
            using Process process = space.Namespace.Start(info);
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return double.Parse(output.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1], CultureInfo.InvariantCulture);
        }
        return new Sample(Run("add"), Run("del"));
    }
}

/// <summary>`ip -batch` with the same routes, process start included.</summary>
internal sealed class IpBatchContender(string name, int routes) : Contender(name, routes)
{
    protected override Sample Measure(BenchNamespace space) => new(Run(space, "add"), Run(space, "del"));

    private double Run(BenchNamespace space, string verb)
    {
        string path = Path.GetTempFileName();
        try
        {
            StringBuilder lines = new();
            for (uint i = 0; i < Routes; i++) lines.Append(CultureInfo.InvariantCulture, $"route {verb} {InetAddress.FromIPv4(0x0b000000 + i)} dev b0 proto 80\n");
            File.WriteAllText(path, lines.ToString());
            long start = Stopwatch.GetTimestamp();
            using Process process = space.Namespace.Start(new ProcessStartInfo("ip", ["-batch", path]));
            process.WaitForExit();
            return process.ExitCode == 0 ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : throw new InvalidOperationException("ip -batch failed");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
