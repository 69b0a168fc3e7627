using Margay.Core.Net;
using Margay.Lab.Topologies;

namespace Margay.Lab.Switches;

/// <summary>What a switch has to know of the topology: its own numbers and its neighbours. Either configuration is rendered from it.</summary>
internal sealed record SwitchView(Switch Switch, IReadOnlyList<SwitchNeighbour> Neighbours, IReadOnlyList<IpPrefix> HostSubnets)
{
    /// <summary>What its daemon announces: the subnets of its own links, and its loopback.</summary>
    internal static SwitchView Of(Topology topology, Switch s)
    {
        List<SwitchNeighbour> neighbours = [];
        foreach (Cable cable in topology.Cables.Where(c => c.Joins(s.Name)))
        {
            Switch other = topology.SwitchNamed(cable.Other(s.Name));
            foreach (IpPrefix subnet in cable.Subnets)
                neighbours.Add(new SwitchNeighbour(other.Name, other.As, cable.AddressOf(s.Name, subnet), cable.AddressOf(other.Name, subnet)));
        }
        return new SwitchView(s, neighbours, s.Rack is null ? [] : topology.RackNamed(s.Rack).Subnets);
    }
}

/// <summary>A switch at the other end of a cable, in one address family.</summary>
internal sealed record SwitchNeighbour(string Name, uint As, InetAddress Local, InetAddress Remote);
