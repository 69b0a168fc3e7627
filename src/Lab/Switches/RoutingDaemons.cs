using System.Globalization;
using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Lab.Switches;

/// <summary>Starts FRR or BIRD for a switch. The interop tests start theirs by the same code.</summary>
public static class RoutingDaemons
{
    /// <param name="enclosure">Where it runs: see Nodes.</param>
    /// <param name="node">Name for messages and logs.</param>
    /// <param name="configuration">Directory for its configuration, shown as /etc/frr to FRR.</param>
    /// <param name="run">Directory for its sockets, shown as /run/frr or /run/bird.</param>
    /// <param name="logOf">Program → log file.</param>
    /// <param name="bgp">bgpd.conf or bird.conf.</param>
    public static IEnumerable<LabProcess> Start(
        SwitchDaemon daemon, Enclosure enclosure, string node, string configuration, string run, Func<string, string> logOf, string bgp)
    {
        Directory.CreateDirectory(configuration);
        Directory.CreateDirectory(run);
        return daemon == SwitchDaemon.Frr ? StartFrr(enclosure, node, configuration, run, logOf, bgp) : StartBird(enclosure, node, configuration, run, logOf, bgp);
    }

    private static IEnumerable<LabProcess> StartFrr(Enclosure enclosure, string node, string configuration, string run, Func<string, string> logOf, string bgp)
    {
        File.WriteAllText(Path.Combine(configuration, "zebra.conf"), string.Create(CultureInfo.InvariantCulture, $"hostname {node}\nlog stdout informational\n"));
        File.WriteAllText(Path.Combine(configuration, "bgpd.conf"), bgp);
        File.WriteAllText(Path.Combine(configuration, "vtysh.conf"), "no service integrated-vtysh-config\n");
        // The daemons give up root for this user and must still read and write here.
        (uint user, uint group) = UserOf("frr");
        foreach (string path in (string[])[configuration, run, .. Directory.EnumerateFiles(configuration)])
        {
            if (NativeMethods.chown(path, user, group) != 0) throw new LabException($"cannot give {path} to the user frr");
        }
        foreach (string program in (string[])["zebra", "bgpd"])
        {
            yield return Daemons.Start(enclosure, node, program, [Launcher.FindProgram(program)!, "-A", "127.0.0.1", "-f", $"/etc/frr/{program}.conf"], logOf(program));
        }
    }

    private static IEnumerable<LabProcess> StartBird(Enclosure enclosure, string node, string configuration, string run, Func<string, string> logOf, string bgp)
    {
        string file = Path.Combine(configuration, "bird.conf");
        File.WriteAllText(file, bgp);
        yield return Daemons.Start(enclosure, node, "bird", [Launcher.FindProgram("bird")!, "-f", "-c", file, "-s", Path.Combine(run, "bird.ctl")], logOf("bird"));
    }

    private static (uint User, uint Group) UserOf(string name)
    {
        foreach (string line in File.ReadLines("/etc/passwd"))
        {
            string[] fields = line.Split(':');
            if (fields.Length > 3 && fields[0] == name)
                return (uint.Parse(fields[2], CultureInfo.InvariantCulture), uint.Parse(fields[3], CultureInfo.InvariantCulture));
        }
        throw new LabException($"there is no user '{name}' on this machine") { Remedy = "apt-get install frr" };
    }
}
