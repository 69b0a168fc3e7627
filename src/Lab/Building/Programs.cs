using Margay.Lab.Processes;
using Margay.Lab.Topologies;

namespace Margay.Lab.Building;

/// <summary>Finds what a lab runs, before anything is made: Margay's own programs, and the routing daemons of the machine.</summary>
public sealed record Programs(string Directory)
{
    internal string Margay => Path.Combine(Directory, "margay");
    internal string Server => Path.Combine(Directory, "margay-server");
    internal string Agent => Path.Combine(Directory, "margay-agent");
    internal string Cni => Path.Combine(Directory, "margay-cni");

    /// <summary>The directory asked for, that of this program, or the first one in PATH with an agent in it.</summary>
    public static Programs Find(string? asked)
    {
        if (asked is not null) return new Programs(Path.GetFullPath(asked));
        string own = Path.GetDirectoryName(Environment.ProcessPath) ?? "/";
        if (File.Exists(Path.Combine(own, "margay-agent"))) return new Programs(own);
        return Launcher.FindProgram("margay-agent") is { } agent ? new Programs(Path.GetDirectoryName(agent)!) : new Programs(own);
    }

    /// <summary>What is missing for a topology, each with its remedy.</summary>
    internal IReadOnlyList<string> Missing(Topology topology)
    {
        List<string> missing = [];
        if (topology.Server is not null)
        {
            string[] needed = [Server, Margay, .. topology.Hosts.Count > 0 ? [Agent] : Array.Empty<string>(), .. topology.Workloads.Count > 0 ? [Cni] : Array.Empty<string>()];
            missing.AddRange(needed.Where(p => !File.Exists(p)).Select(p => $"{Path.GetFileName(p)} is not in {Directory}: build it (make build), or say where it is (--programs)"));
        }
        foreach (SwitchDaemon daemon in topology.Switches.Select(s => s.Daemon).Distinct())
        {
            (string[] programs, string package) = daemon == SwitchDaemon.Frr ? (["zebra", "vtysh"], "frr") : ((string[])["bird", "birdc"], "bird2");
            missing.AddRange(programs.Where(p => Launcher.FindProgram(p) is null).Select(p => $"{p} is not installed: apt-get install {package}"));
        }
        return missing;
    }
}
