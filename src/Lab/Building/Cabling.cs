using Margay.Core.Net;
using Margay.Lab.State;
using Margay.Lab.Topologies;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Lab.Building;

/// <summary>
/// Makes the network namespaces of a topology and the links between them.
/// <code>
///   spine ─tor1──────spine─ tor1 ═ bridge "rack" ═ host1 ──────eth0─ host1      a link bears the name of the neighbour, on hosts eth0
/// </code>
/// The hosts of a rack share a segment (a bridge in the switch, as a VLAN would be) with the switch's address as their gateway.
/// </summary>
internal sealed class Cabling(LabPaths paths, Topology topology)
{
    private const string BridgeName = "rack";

    internal void Build()
    {
        foreach (Switch s in topology.Switches) MakeNode(s.Name, forwards: true);
        if (topology.Server is { } server) MakeNode(server.Name, forwards: false);
        foreach (Host h in topology.Hosts) MakeNode(h.Name, forwards: false);
        foreach (Switch s in topology.Switches) SetUpSwitch(s);
        foreach (Cable c in topology.Cables) Connect(c);
        if (topology.Server is not null) ConnectServer(topology.Server);
        foreach (Host h in topology.Hosts) ConnectHost(h);
    }

    /// <summary>A namespace for a workload: nothing but its loopback, the rest is the plugin's.</summary>
    internal void MakeWorkload(Workload workload)
    {
        using NetworkNamespace space = Make(paths.NamespaceOf(workload));
        SetLoopbackUp(space);
    }

    private void MakeNode(string name, bool forwards)
    {
        using NetworkNamespace space = Make(paths.NamespaceOf(name));
        List<KeyValuePair<string, string>> sysctls = [new("net/ipv6/conf/default/accept_dad", "0"), new("net/ipv6/conf/default/accept_ra", "0")];
        if (forwards)
        {
            sysctls.AddRange(
            [
                new("net/ipv4/ip_forward", "1"),
                new("net/ipv6/conf/all/forwarding", "1"),
                // Hosts on one segment pass through their switch to reach each other's workloads: that is meant.
                new("net/ipv4/conf/all/send_redirects", "0"),
                new("net/ipv4/conf/default/send_redirects", "0"),
                new("net/ipv4/fib_multipath_hash_policy", "1"),
                new("net/ipv6/fib_multipath_hash_policy", "1"),
            ]);
        }
        space.WriteSysctls(sysctls).ThrowIfFailed($"set sysctls of {name}");
        SetLoopbackUp(space);
    }

    private static NetworkNamespace Make(string name)
    {
        NetlinkResult<NetworkNamespace> made = NetworkNamespace.Create(name);
        if (made.ToNetlinkResult().Exists)
            throw new LabException($"the network namespace '{name}' is there already") { Remedy = $"if nothing uses it: ip netns delete {name}" };
        return made.Value;
    }

    private static void SetLoopbackUp(NetworkNamespace space)
    {
        using RouteSocket socket = RouteSocket.OpenIn(space);
        socket.SetLink(socket.GetLink("lo").Value.Index, new LinkChange { Up = true }).ThrowIfFailed("set lo up");
    }

    private void SetUpSwitch(Switch s)
    {
        using NetworkNamespace space = NetworkNamespace.OpenNamed(paths.NamespaceOf(s.Name));
        using RouteSocket socket = RouteSocket.OpenIn(space);
        AddAddress(socket, "lo", s.RouterId, 32);
        if (s.Rack is null) return;
        socket.CreateLink(new BridgeSpec { Name = BridgeName, Up = true, SpanningTree = false, MulticastSnooping = false }).ThrowIfFailed($"make the bridge of {s.Name}");
        Rack rack = topology.RackNamed(s.Rack);
        foreach (IpPrefix subnet in rack.Subnets) AddAddress(socket, BridgeName, rack.Gateway(subnet), subnet.Length);
    }

    private void Connect(Cable cable)
    {
        using NetworkNamespace first = NetworkNamespace.OpenNamed(paths.NamespaceOf(cable.First));
        using NetworkNamespace second = NetworkNamespace.OpenNamed(paths.NamespaceOf(cable.Second));
        using RouteSocket at = RouteSocket.OpenIn(first), other = RouteSocket.OpenIn(second);
        Pair(at, cable.Second, second, other, cable.First);
        foreach (IpPrefix subnet in cable.Subnets)
        {
            AddAddress(at, cable.Second, cable.AddressOf(cable.First, subnet), subnet.Length);
            AddAddress(other, cable.First, cable.AddressOf(cable.Second, subnet), subnet.Length);
        }
    }

    private void ConnectServer(Server server)
    {
        using NetworkNamespace at = NetworkNamespace.OpenNamed(paths.NamespaceOf(server.Switch));
        using NetworkNamespace space = NetworkNamespace.OpenNamed(paths.NamespaceOf(server.Name));
        using RouteSocket upstream = RouteSocket.OpenIn(at), own = RouteSocket.OpenIn(space);
        Pair(upstream, server.Name, space, own, "eth0");
        foreach (IpPrefix subnet in server.Subnets)
        {
            AddAddress(upstream, server.Name, server.SwitchAddressIn(subnet), subnet.Length);
            AddAddress(own, "eth0", server.AddressIn(subnet), subnet.Length);
            AddDefaultRoute(own, server.SwitchAddressIn(subnet));
        }
    }

    private void ConnectHost(Host host)
    {
        Rack rack = topology.RackNamed(host.Rack);
        Switch tor = topology.Switches.First(s => s.Rack == rack.Name);
        using NetworkNamespace at = NetworkNamespace.OpenNamed(paths.NamespaceOf(tor.Name));
        using NetworkNamespace space = NetworkNamespace.OpenNamed(paths.NamespaceOf(host.Name));
        using RouteSocket upstream = RouteSocket.OpenIn(at), own = RouteSocket.OpenIn(space);
        Pair(upstream, host.Name, space, own, "eth0");
        LinkChange port = new() { MasterIndex = upstream.GetLink(BridgeName).Value.Index };
        upstream.SetLink(upstream.GetLink(host.Name).Value.Index, port).ThrowIfFailed($"plug {host.Name} into {tor.Name}");
        foreach (InetAddress address in host.Addresses)
        {
            IpPrefix subnet = rack.Subnets.First(s => s.Contains(address));
            AddAddress(own, "eth0", address, subnet.Length);
            AddDefaultRoute(own, rack.Gateway(subnet));
        }
    }

    private static void Pair(RouteSocket at, string name, NetworkNamespace peerSpace, RouteSocket peer, string peerName)
    {
        at.CreateLink(new VethSpec { Name = name, Up = true, PeerName = peerName, PeerNamespace = peerSpace }).ThrowIfFailed($"make the link {name}–{peerName}");
        peer.SetLink(peer.GetLink(peerName).Value.Index, new LinkChange { Up = true }).ThrowIfFailed($"set {peerName} up");
    }

    private static void AddAddress(RouteSocket socket, string link, InetAddress address, int length) =>
        socket.AddAddress(InterfaceAddress.On(socket.GetLink(link).Value.Index, address, length) with { Flags = address.IsIPv6 ? AddressFlags.NoDad : AddressFlags.None })
            .ThrowIfFailed($"add {address} to {link}");

    private static void AddDefaultRoute(RouteSocket socket, InetAddress gateway) =>
        socket.AddRoute(new RouteEntry { Destination = gateway.IsIPv6 ? IpPrefix.DefaultV6 : IpPrefix.DefaultV4, Gateway = gateway })
            .ThrowIfFailed($"add the default route via {gateway}");
}
