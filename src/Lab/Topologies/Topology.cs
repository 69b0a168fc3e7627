using Margay.Core.Net;

namespace Margay.Lab.Topologies;

// A topology file, read and checked (TopologyReader): what a lab consists of and what is expected of it. Names are unique over switches,
// servers and hosts, because each is a network namespace; every reference has been resolved; every address lies where it should.
// docs/lab.md describes the file for its writers.

/// <summary>A data centre to build. Immutable; made by <see cref="TopologyReader"/> only.</summary>
public sealed record Topology
{
    /// <summary>Names the lab on this machine: 1–20 of a–z, 0–9 and '-'.</summary>
    public required string Name { get; init; }

    public string? Description { get; init; }

    public required IReadOnlyList<Rack> Racks { get; init; }
    public required IReadOnlyList<Switch> Switches { get; init; }
    public required IReadOnlyList<Cable> Cables { get; init; }

    /// <summary>Where margay-server runs; null for a lab of routers and bare hosts.</summary>
    public Server? Server { get; init; }

    public required IReadOnlyList<Host> Hosts { get; init; }
    public required IReadOnlyList<Workload> Workloads { get; init; }

    /// <summary>Files and folders to apply, absolute, in this order.</summary>
    public required IReadOnlyList<string> Manifests { get; init; }

    public required IReadOnlyList<Expectation> Expectations { get; init; }

    public Switch SwitchNamed(string name) => Switches.First(s => s.Name == name);
    public Rack RackNamed(string name) => Racks.First(r => r.Name == name);
    public Host HostNamed(string name) => Hosts.First(h => h.Name == name);
}

/// <summary>Hosts on one segment. The first address of each subnet is its switch's and the hosts' gateway.</summary>
public sealed record Rack(string Name, IReadOnlyList<IpPrefix> Subnets)
{
    public InetAddress Gateway(IpPrefix subnet) => subnet.Address.Add(1);
}

/// <summary>The routing daemon that a switch runs.</summary>
public enum SwitchDaemon
{
    Frr,
    Bird,
}

/// <summary>A router: a top of rack switch when it has a rack, else a spine.</summary>
public sealed record Switch
{
    public required string Name { get; init; }
    public required SwitchDaemon Daemon { get; init; }
    public required uint As { get; init; }

    /// <summary>An IPv4 address; also stands on its loopback as a /32.</summary>
    public required InetAddress RouterId { get; init; }

    public string? Rack { get; init; }
}

/// <summary>A point-to-point link between two switches; in each subnet the first end has the lower address.</summary>
public sealed record Cable(string First, string Second, IReadOnlyList<IpPrefix> Subnets)
{
    public bool Joins(string name) => First == name || Second == name;
    public string Other(string name) => First == name ? Second : First;

    /// <summary>The address that an end has in one of the subnets. /31 and /127 have no reserved addresses (RFC 3021, RFC 6164).</summary>
    public InetAddress AddressOf(string end, IpPrefix subnet) => PointToPoint.Address(subnet, end == First ? 0 : 1);
}

/// <summary>Runs margay-server, on a link of its own to a switch, which has the lower address.</summary>
public sealed record Server(string Name, string Switch, IReadOnlyList<IpPrefix> Subnets, IReadOnlyList<string> Flags)
{
    public InetAddress AddressIn(IpPrefix subnet) => PointToPoint.Address(subnet, 1);
    public InetAddress SwitchAddressIn(IpPrefix subnet) => PointToPoint.Address(subnet, 0);
}

/// <summary>Runs margay-agent.</summary>
public sealed record Host
{
    public required string Name { get; init; }
    public required string Rack { get; init; }

    /// <summary>At most one of each family, in the rack's subnets.</summary>
    public required IReadOnlyList<InetAddress> Addresses { get; init; }

    public required uint As { get; init; }

    /// <summary>Labels of its Node object.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>More flags for margay-agent.</summary>
    public required IReadOnlyList<string> Flags { get; init; }

    /// <summary>Where a responder of its own answers, with the host's name.</summary>
    public IReadOnlyList<TransportPort> Ports { get; init; } = [];

    /// <summary>Ports of its addresses that lead to workloads on it, by destination NAT, as a NodePort or a published port would.</summary>
    public IReadOnlyList<PublishedPort> Published { get; init; } = [];
}

/// <summary>A port of a host that leads to a port of a workload on that host.</summary>
/// <param name="Port">TCP or UDP.</param>
/// <param name="Workload">NAMESPACE/NAME.</param>
/// <param name="Number">The workload's port, of the same protocol.</param>
public sealed record PublishedPort(TransportPort Port, string Workload, int Number);

/// <summary>A network namespace attached to a host through the CNI plugin, answering on its ports.</summary>
public sealed record Workload
{
    public required string Name { get; init; }
    public required string Namespace { get; init; }
    public required string Host { get; init; }

    /// <summary>The virtual network that it is in, by the name that its namespace knows it; null for the default one.</summary>
    public string? Network { get; init; }

    /// <summary>Addresses that it asks for; whatever it gets when empty.</summary>
    public IReadOnlyList<InetAddress> Addresses { get; init; } = [];

    /// <summary>Addresses by which the world knows it (FloatingIP), which a manifest gives it.</summary>
    public IReadOnlyList<InetAddress> Floating { get; init; } = [];

    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public required IReadOnlyList<TransportPort> Ports { get; init; }

    /// <summary>Names of ports, by which rules may mean them; of those in <see cref="Ports"/>.</summary>
    public IReadOnlyDictionary<string, TransportPort> PortNames { get; init; } = new Dictionary<string, TransportPort>();

    /// <summary>Profiles of its endpoint.</summary>
    public required IReadOnlyList<string> Profiles { get; init; }

    /// <summary>NAMESPACE/NAME, unique in the lab.</summary>
    public string Id => $"{Namespace}/{Name}";

    /// <summary>What expectations call it by its floating addresses.</summary>
    public string FloatingId => $"{Id}@floating";

    /// <summary>Workloads of the same network have the same: no two have one address.</summary>
    public string NetworkId => Network is null ? "" : $"{Namespace}/{Network}";
}

internal static class PointToPoint
{
    internal static InetAddress Address(IpPrefix subnet, int end)
    {
        bool whole = subnet.Length == subnet.Address.BitLength - 1;
        return subnet.Address.Add((UInt128)(whole ? end : end + 1));
    }
}
