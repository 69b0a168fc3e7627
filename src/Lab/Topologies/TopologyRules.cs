using Margay.Core.Net;

namespace Margay.Lab.Topologies;

/// <summary>What the parts of a topology must agree on: names, references, addresses. Notes every fault under the path of its field.</summary>
internal sealed class TopologyRules
{
    /// <summary>Taken by the links of every node.</summary>
    private static readonly string[] ReservedNames = ["lo", "eth0", "rack", "all", "default"];

    private readonly Topology _topology;
    private readonly List<TopologyFault> _faults;

    private TopologyRules(Topology topology, List<TopologyFault> faults) => (_topology, _faults) = (topology, faults);

    internal static void Check(Topology topology, List<TopologyFault> faults)
    {
        TopologyRules rules = new(topology, faults);
        rules.CheckNames();
        rules.CheckSwitches();
        rules.CheckCables();
        rules.CheckHosts();
        rules.CheckWorkloads();
        rules.CheckSubnets();
        rules.CheckExpectations();
    }

    private void Fault(string path, string message) => _faults.Add(new TopologyFault(path, 0, message));

    private void CheckNames()
    {
        if (_topology.Name.Length > 0 && !IsLabel(_topology.Name, 20)) Fault("name", $"'{_topology.Name}' is not a name of 1 to 20 of a–z, 0–9 and '-'");
        Dictionary<string, string> seen = new(StringComparer.Ordinal);
        foreach (Switch s in _topology.Switches) CheckNodeName(s.Name, $"switches.{s.Name}", seen);
        foreach (Host h in _topology.Hosts) CheckNodeName(h.Name, $"hosts.{h.Name}", seen);
        if (_topology.Server is { } server) CheckNodeName(server.Name, "server.name", seen);
    }

    private void CheckNodeName(string name, string path, Dictionary<string, string> seen)
    {
        // The neighbours' links bear the name, so it must do as the name of a link.
        if (!IsLabel(name, 15) || ReservedNames.Contains(name)) Fault(path, $"'{name}' is not a name of 1 to 15 of a–z, 0–9 and '-', other than {string.Join(", ", ReservedNames)}");
        if (!seen.TryAdd(name, path)) Fault(path, $"the name '{name}' is taken by {seen[name]}");
    }

    private static bool IsLabel(string name, int longest) =>
        name.Length is > 0 && name.Length <= longest && name[0] != '-' && name[^1] != '-' &&
        name.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-');

    private void CheckSwitches()
    {
        Dictionary<InetAddress, string> ids = [];
        Dictionary<string, string> racks = new(StringComparer.Ordinal);
        foreach (Switch s in _topology.Switches)
        {
            string path = $"switches.{s.Name}";
            if (s.RouterId.IsIPv6 || s.RouterId.IsUnspecified) Fault($"{path}.routerId", "must be an IPv4 address");
            else if (!ids.TryAdd(s.RouterId, s.Name)) Fault($"{path}.routerId", $"{s.RouterId} is the router id of {ids[s.RouterId]} too");
            if (s.Rack is null) continue;
            if (!_topology.Racks.Any(r => r.Name == s.Rack)) Fault($"{path}.rack", $"there is no rack '{s.Rack}'");
            else if (!racks.TryAdd(s.Rack, s.Name)) Fault($"{path}.rack", $"{racks[s.Rack]} is the switch of {s.Rack} already");
        }
        foreach (Rack r in _topology.Racks)
            if (!racks.ContainsKey(r.Name)) Fault($"racks.{r.Name}", "has no switch: give one of the switches 'rack: " + r.Name + "'");
    }

    private void CheckCables()
    {
        for (int i = 0; i < _topology.Cables.Count; i++)
        {
            Cable c = _topology.Cables[i];
            string path = $"links[{i}]";
            foreach (string end in (string[])[c.First, c.Second])
                if (end.Length > 0) CheckSwitchName($"{path}.ends", end);
            if (c.First == c.Second && c.First.Length > 0) Fault($"{path}.ends", "joins a switch to itself");
            int twin = _topology.Cables.ToList().FindIndex(o => o.Joins(c.First) && o.Joins(c.Second));
            if (twin < i) Fault($"{path}.ends", $"links[{twin}] joins the same switches: one link between two switches");
            CheckFamilies($"{path}.subnets", c.Subnets);
        }
        if (_topology.Server is not { } server) return;
        CheckSwitchName("server.switch", server.Switch);
        CheckFamilies("server.subnets", server.Subnets);
    }

    private void CheckSwitchName(string path, string name)
    {
        if (name.Length > 0 && !_topology.Switches.Any(s => s.Name == name)) Fault(path, $"there is no switch '{name}'");
    }

    private void CheckFamilies(string path, IReadOnlyList<IpPrefix> subnets)
    {
        if (subnets.Count == 0) Fault(path, "needs a subnet");
        if (subnets.Count(s => s.IsIPv6) > 1 || subnets.Count(s => !s.IsIPv6) > 1) Fault(path, "takes one subnet of each family");
        foreach (IpPrefix s in subnets)
            if (s.IsHost) Fault(path, $"{s} has no room for two addresses");
    }

    private void CheckHosts()
    {
        Dictionary<InetAddress, string> owners = [];
        foreach (Rack r in _topology.Racks) CheckFamilies($"racks.{r.Name}.subnets", r.Subnets);
        foreach (Host h in _topology.Hosts)
        {
            string path = $"hosts.{h.Name}";
            Rack? rack = _topology.Racks.FirstOrDefault(r => r.Name == h.Rack);
            if (rack is null)
            {
                if (h.Rack.Length > 0) Fault($"{path}.rack", $"there is no rack '{h.Rack}'");
                continue;
            }
            if (h.Addresses.Count == 0) Fault($"{path}.addresses", "needs an address in the rack's subnets");
            if (h.Addresses.GroupBy(a => a.IsIPv6).Any(g => g.Count() > 1)) Fault($"{path}.addresses", "takes one address of each family");
            for (int i = 0; i < h.Addresses.Count; i++) CheckHostAddress($"{path}.addresses[{i}]", h, h.Addresses[i], rack, owners);
            if (h.Ports.Count > 0 && _topology.Server is null) Fault($"{path}.ports", "need a server: a lab without one runs no program of Margay's on its hosts");
            CheckPublished($"{path}.publish", h);
        }
    }

    private void CheckPublished(string path, Host host)
    {
        foreach (PublishedPort published in host.Published.Where(p => p.Workload.Length > 0))
        {
            string at = $"{path}.{published.Port}";
            TransportPort port = published.Port with { Number = published.Number };
            Workload? workload = _topology.Workloads.FirstOrDefault(w => w.Id == published.Workload);
            if (workload is null) Fault(at, $"there is no workload '{published.Workload}'");
            // Answers of a workload elsewhere would not come back through this host, which alone knows of the translation.
            else if (workload.Host != host.Name) Fault(at, $"{workload.Id} is on {workload.Host}: a published port leads to a workload of the same host");
            else if (!workload.Ports.Contains(port)) Fault(at, $"{workload.Id} does not listen on {port}");
            if (host.Ports.Contains(published.Port)) Fault(at, $"{host.Name} itself listens on {published.Port}");
        }
    }

    private void CheckHostAddress(string path, Host host, InetAddress address, Rack rack, Dictionary<InetAddress, string> owners)
    {
        if (!owners.TryAdd(address, host.Name)) Fault(path, $"{address} is {owners[address]}'s");
        int at = rack.Subnets.ToList().FindIndex(s => s.Contains(address));
        if (at < 0)
        {
            Fault(path, $"{address} is in no subnet of {rack.Name} ({string.Join(", ", rack.Subnets)})");
            return;
        }
        IpPrefix subnet = rack.Subnets[at];
        if (address == rack.Gateway(subnet)) Fault(path, $"{address} is the address of the rack's switch");
        else if (address == subnet.Address || (!address.IsIPv6 && address == subnet.Last)) Fault(path, $"{address} is the first or last address of {subnet}");
    }

    private void CheckWorkloads()
    {
        if (_topology.Server is null && _topology.Workloads.Count > 0) Fault("workloads", "need a server: without one there are no agents that could attach them");
        if (_topology.Server is null && _topology.Manifests.Count > 0) Fault("manifests", "need a server to be applied to");
        foreach (Workload w in _topology.Workloads)
        {
            string path = $"workloads.{w.Id}";
            if (w.Name.Length > 0 && (!IsLabel(w.Name, 63) || !IsLabel(w.Namespace, 63))) Fault(path, "is not NAMESPACE/NAME, each of 1 to 63 of a–z, 0–9 and '-'");
            if (w.Host.Length > 0 && !_topology.Hosts.Any(h => h.Name == w.Host)) Fault($"{path}.host", $"there is no host '{w.Host}'");
            if (w.Network is not null && !IsLabel(w.Network, 63)) Fault($"{path}.network", $"'{w.Network}' is not the name of a VirtualNetwork of namespace {w.Namespace}");
            if (w.Floating.Count > 0 && w.Network is null) Fault($"{path}.floating", "needs a network: workloads of the default one are known by their own addresses");
            foreach ((string name, TransportPort port) in w.PortNames)
                if (!w.Ports.Contains(port)) Fault($"{path}.portNames.{name}", $"{w.Id} does not listen on {port}");
        }
    }

    private void CheckSubnets()
    {
        List<(string Path, IpPrefix Subnet)> all = [];
        all.AddRange(_topology.Racks.SelectMany(r => r.Subnets.Select(s => ($"racks.{r.Name}.subnets", s))));
        all.AddRange(_topology.Cables.SelectMany((c, i) => c.Subnets.Select(s => ($"links[{i}].subnets", s))));
        if (_topology.Server is { } server) all.AddRange(server.Subnets.Select(s => ("server.subnets", s)));
        for (int i = 0; i < all.Count; i++)
            for (int j = 0; j < i; j++)
                if (all[i].Path != all[j].Path && all[i].Subnet.Overlaps(all[j].Subnet)) Fault(all[i].Path, $"{all[i].Subnet} overlaps {all[j].Subnet} of {all[j].Path}");
    }

    private void CheckExpectations()
    {
        IReadOnlyList<string> named = [.. _topology.Workloads.Select(w => w.Id), .. _topology.Hosts.Select(h => h.Name)];
        IReadOnlyList<string> targets = [.. named, .. _topology.Workloads.Where(w => w.Floating.Count > 0).Select(w => w.FloatingId)];
        IReadOnlyList<string> sources =
            [.. named, .. _topology.Switches.Select(s => s.Name), .. _topology.Server is { } server ? [server.Name] : Array.Empty<string>()];
        for (int i = 0; i < _topology.Expectations.Count; i++)
        {
            Expectation e = _topology.Expectations[i];
            string path = $"expectations[{i}]";
            if (e is { Ipv4: false, Ipv6: false }) Fault($"{path}.families", "leaves no family");
            CheckPatterns($"{path}.from", e.From, sources);
            CheckPatterns($"{path}.to", e.To, targets);
            foreach (TransportPort port in e.Ports.Where(p => p is { Transport: not Transport.Icmp, Number: > 0 }))
                if (!_topology.Workloads.Any(w => (Expectation.MatchesAny(e.To, w.Id) || Expectation.MatchesAny(e.To, w.FloatingId)) && w.Ports.Contains(port)) &&
                    !_topology.Hosts.Any(h => Expectation.MatchesAny(e.To, h.Name) && (h.Ports.Contains(port) || h.Published.Any(p => p.Port == port))))
                    Fault($"{path}.ports", $"none of {string.Join(", ", e.To)} listens on {port}");
        }
    }

    private void CheckPatterns(string path, IReadOnlyList<string> patterns, IReadOnlyList<string> names)
    {
        foreach (string pattern in patterns)
            if (pattern.Length > 0 && !names.Any(n => Expectation.Matches(pattern, n))) Fault(path, $"'{pattern}' matches nothing in this lab");
    }
}
