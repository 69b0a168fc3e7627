using System.Globalization;
using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Lab.Switches;

/// <summary>Starts FRR or BIRD for a switch. The interop tests start theirs by the same code.</summary>
/// <param name="Enclosure">What it sees: see Nodes.</param>
/// <param name="Node">Name for messages.</param>
/// <param name="Configuration">Directory for its configuration, shown as /etc/frr to FRR.</param>
/// <param name="Run">Directory for its sockets, shown as /run/frr or /run/bird.</param>
/// <param name="LogOf">Program → log file.</param>
public sealed record RoutingDaemons(Enclosure Enclosure, string Node, string Configuration, string Run, Func<string, string> LogOf)
{
    private static readonly TimeSpan ZebraLimit = TimeSpan.FromSeconds(10);

    /// <param name="bgp">bgpd.conf or bird.conf.</param>
    /// <param name="record">Called for each process at once, so that it can be found again whatever happens next.</param>
    public async Task StartAsync(SwitchDaemon daemon, string bgp, Action<LabProcess> record, TimeProvider time, CancellationToken cancel)
    {
        Directory.CreateDirectory(Configuration);
        Directory.CreateDirectory(Run);
        if (daemon == SwitchDaemon.Frr) await StartFrrAsync(bgp, record, time, cancel).ConfigureAwait(false);
        else StartBird(bgp, record);
    }

    private async Task StartFrrAsync(string bgp, Action<LabProcess> record, TimeProvider time, CancellationToken cancel)
    {
        File.WriteAllText(Path.Combine(Configuration, "zebra.conf"), $"hostname {Node}\nlog stdout informational\n");
        File.WriteAllText(Path.Combine(Configuration, "bgpd.conf"), bgp);
        File.WriteAllText(Path.Combine(Configuration, "vtysh.conf"), "no service integrated-vtysh-config\n");
        // The daemons give up root for this user and must still read and write here.
        (uint user, uint group) = UserOf("frr");
        foreach (string path in (string[])[Configuration, Run, .. Directory.EnumerateFiles(Configuration)])
        {
            if (NativeMethods.chown(path, user, group) != 0) throw new LabException($"cannot give {path} to the user frr");
        }
        LabProcess zebra = StartOfFrr("zebra");
        record(zebra);
        // bgpd asks for zebra once at its start, then after ten seconds; a session that comes up in between has no interface, and its
        // IPv6 routes are refused for having link-local next hops.
        long start = time.GetTimestamp();
        while (!File.Exists(Path.Combine(Run, "zserv.api")))
        {
            if (!zebra.Identity.IsAlive || time.GetElapsedTime(start) > ZebraLimit) throw new LabException($"zebra of {Node} does not come up") { Log = zebra.Log };
            await Task.Delay(TimeSpan.FromMilliseconds(10), time, cancel).ConfigureAwait(false);
        }
        record(StartOfFrr("bgpd"));
    }

    private LabProcess StartOfFrr(string program) =>
        Daemons.Start(Enclosure, Node, program, [ProgramOfFrr(program), "-A", "127.0.0.1", "-f", $"/etc/frr/{program}.conf"], LogOf(program));

    private void StartBird(string bgp, Action<LabProcess> record)
    {
        string file = Path.Combine(Configuration, "bird.conf");
        File.WriteAllText(file, bgp);
        record(Daemons.Start(Enclosure, Node, "bird", [Launcher.FindProgram("bird")!, "-f", "-c", file, "-s", Path.Combine(Run, "bird.ctl")], LogOf("bird")));
    }

    /// <summary>Beside zebra: OpenBGPD has a bgpd too.</summary>
    internal static string ProgramOfFrr(string program) =>
        Launcher.FindProgram("zebra") is { } zebra ? Path.Combine(Path.GetDirectoryName(zebra)!, program) : throw new LabException("zebra is not installed") { Remedy = "apt-get install frr" };

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
