using Margay.Lab.Processes;
using Margay.Lab.State;
using Margay.Lab.Topologies;

namespace Margay.Lab.Building;

/// <summary>
/// What a process sees of each kind of node. The directories in which daemons and their tools meet are the node's own, so that vtysh, birdc and margay
/// find their daemon at the usual place in any node.
/// </summary>
internal static class Nodes
{
    internal static Enclosure EnclosureOf(LabPaths paths, Switch s)
    {
        Enclosure plain = new() { NetworkNamespace = paths.NamespaceOf(s.Name), HostName = s.Name };
        return s.Daemon switch
        {
            // zebra must not see the other namespaces: with -n it adopts whatever is in /run/netns.
            SwitchDaemon.Frr => plain with { Binds = [("/etc/frr", paths.Configuration(s.Name)), ("/run/frr", paths.Run(s.Name))], Hidden = ["/run/netns"] },
            _ => plain with { Binds = [("/run/bird", paths.Run(s.Name))] },
        };
    }

    /// <summary>Of a host or the server.</summary>
    internal static Enclosure EnclosureOfMargay(LabPaths paths, string node) =>
        new() { NetworkNamespace = paths.NamespaceOf(node), HostName = node, Binds = [("/run/margay", paths.Run(node))], SharesNamespaceNames = true };

    internal static Enclosure EnclosureOf(LabPaths paths, Workload workload) => new() { NetworkNamespace = paths.NamespaceOf(workload), HostName = workload.Name };

    /// <summary>By name: a switch, host or server, or a workload as NAMESPACE/NAME or, where it is the only one, NAME. Null when there is none.</summary>
    internal static Enclosure? Find(LabPaths paths, Topology topology, string name)
    {
        if (topology.Switches.FirstOrDefault(s => s.Name == name) is { } s) return EnclosureOf(paths, s);
        if (topology.Server?.Name == name || topology.Hosts.Any(h => h.Name == name)) return EnclosureOfMargay(paths, name);
        List<Workload> workloads = [.. topology.Workloads.Where(w => w.Id == name || w.Name == name)];
        return workloads.Count == 1 ? EnclosureOf(paths, workloads[0]) : null;
    }
}
