using CsCheck;
using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Tests.Route;

/// <summary>What is written is what is read, for every record; and golden bytes of the hot path.</summary>
public class CodecTests
{
    private static readonly Gen<InetAddress> V4 = Gen.UInt.Select(InetAddress.FromIPv4);
    private static readonly Gen<InetAddress> V6 = Gen.Select(Gen.ULong, Gen.ULong).Select((h, l) => InetAddress.FromIPv6((UInt128)h << 64 | l));

    private static Gen<InetAddress> Address(bool v6) => v6 ? V6 : V4;

    private static Gen<IpPrefix> Prefix(bool v6) => Gen.Select(Address(v6), Gen.Int[0, v6 ? 128 : 32]).Select((a, l) => new IpPrefix(a, l));

    private static readonly Gen<RouteEntry> Routes = Gen.Bool.SelectMany(v6 => Gen.Select(
        Prefix(v6), Gen.UInt[1, 5000], Gen.Byte, Gen.UInt[1, 9000], Gen.Int[1, 4], Address(v6), Gen.UInt[0, 9000], V6)
        .Select((destination, table, protocol, priority, shape, gateway, mtu, via) =>
        {
            RouteEntry route = new() { Destination = destination, Table = table, Protocol = (RouteProtocol)protocol, Priority = priority, Mtu = mtu };
            return shape switch
            {
                1 => route with { LinkIndex = 7, PreferredSource = gateway },
                2 => route with { LinkIndex = 7, Gateway = v6 ? gateway : via, OnLink = true },
                3 => route with { NexthopId = 12 },
                _ => route with { Hops = [new RouteHop(gateway, 3, 200), new RouteHop(v6 ? gateway : via, 4, 1, OnLink: true), new RouteHop(null, 5)] },
            };
        }));

    [Fact]
    public void Route_RoundTrips() => Routes.Sample(route =>
        Messages.RoundTrip<RouteEntry>((ref MessageBuffer b) => RouteCodec.WriteAdd(ref b, route, 0), RouteCodec.TryRead).Equals(route));

    [Fact]
    public void Route_OverANexthopObject_GoldenBytes() => Assert.Equal(
        "02200000" + "fe500001" + "00000000" // rtmsg: inet /32, main, proto 80, universe, unicast
        + "080001000b000001" // RTA_DST 11.0.0.1
        + "08001e0005000000", // RTA_NH_ID 5
        Messages.Payload(static (ref MessageBuffer b) =>
            RouteCodec.WriteAdd(ref b, new RouteEntry { Destination = IpPrefix.Parse("11.0.0.1/32"), NexthopId = 5, Protocol = (RouteProtocol)80 }, 0)));

    [Fact]
    public void ProxyDelay_GoldenBytes() => Assert.Equal(
        "02000000" // ndtmsg: inet
        + "0e0001006172705f6361636865000000" // NDTA_NAME "arp_cache"
        + "18000680" + "0800010007000000" + "0c000d00fa00000000000000", // NDTA_PARMS: NDTPA_IFINDEX 7, NDTPA_PROXY_DELAY 250 ms
        Messages.Payload(static (ref MessageBuffer b) => NeighbourCodec.WriteProxyDelay(ref b, 7, TimeSpan.FromMilliseconds(250))));

    [Fact]
    public void NamespaceById_GoldenBytes() => Assert.Equal("00000000" + "0800010005000000", Messages.Payload(static (ref MessageBuffer b) => NamespaceIdCodec.WriteGet(ref b, 5)));

    [Fact]
    public void VethQueues_AreSaidOfBothEnds()
    {
        string bytes = Messages.Payload(static (ref MessageBuffer b) => LinkCodec.WriteCreate(ref b, new VethSpec { Name = "a", PeerName = "b", Queues = 1 }));
        Assert.Equal(2, bytes.Split("08001f0001000000" + "0800200001000000").Length - 1); // IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES
    }

    [Fact]
    public void Route_DefaultScopes_AreTheKernels()
    {
        RouteEntry v4 = new() { Destination = IpPrefix.Parse("10.0.0.0/8") };
        Assert.Equal(RouteScope.Link, (v4 with { LinkIndex = 1 }).Scope);
        Assert.Equal(RouteScope.Universe, (v4 with { Gateway = InetAddress.Parse("192.0.2.1") }).Scope);
        Assert.Equal(RouteScope.Universe, (v4 with { NexthopId = 1 }).Scope);
        Assert.Equal(RouteScope.Universe, (v4 with { Type = RouteType.Blackhole }).Scope);
        Assert.Equal(RouteScope.Host, (v4 with { Type = RouteType.Local }).Scope);
        RouteEntry v6 = new() { Destination = IpPrefix.DefaultV6 };
        Assert.Equal((RouteScope.Universe, 1024u), (v6.Scope, v6.Priority));
    }

    [Fact]
    public void Route_EqualsByHops_NotByState()
    {
        RouteEntry a = new() { Destination = IpPrefix.DefaultV4, Hops = [new RouteHop(null, 1), new RouteHop(null, 2)] };
        Assert.Equal(a, a with { Hops = [new RouteHop(null, 1), new RouteHop(null, 2)], HopFlags = RouteHopFlags.LinkDown });
        Assert.NotEqual(a, a with { Hops = [new RouteHop(null, 1)] });
    }

    [Fact]
    public void Nexthop_RoundTrips() => Gen.Select(Gen.UInt[1, uint.MaxValue], Gen.Byte, Gen.Int[1, 4], Gen.Bool.SelectMany(Address), Gen.Int[1, 256])
        .Select((id, protocol, shape, gateway, weight) => shape switch
        {
            1 => new Nexthop { Id = id, Protocol = (RouteProtocol)protocol, Gateway = gateway, LinkIndex = 4, OnLink = true, IPv6 = gateway.IsIPv6 },
            2 => new Nexthop { Id = id, Protocol = (RouteProtocol)protocol, Blackhole = true },
            3 => new Nexthop { Id = id, Protocol = (RouteProtocol)protocol, LinkIndex = 4, IPv6 = true },
            _ => new Nexthop { Id = id, Protocol = (RouteProtocol)protocol, Group = [new NexthopMember(7, weight), new NexthopMember(8)] },
        })
        .Sample(nexthop => Messages.RoundTrip<Nexthop>((ref MessageBuffer b) => NexthopCodec.WriteAdd(ref b, nexthop, true), NexthopCodec.TryRead).Equals(nexthop));

    [Fact]
    public void Address_RoundTrips() => Gen.Bool.SelectMany(v6 => Gen.Select(Address(v6), Address(v6), Gen.Int[1, 32], Gen.UInt[0, 50], Gen.Bool))
        .Select((local, peer, length, priority, withPeer) => new InterfaceAddress
        {
            LinkIndex = 3, Local = local, PrefixLength = length, Peer = withPeer && peer != local ? peer : null, RoutePriority = priority,
            Flags = AddressFlags.NoPrefixRoute | AddressFlags.NoDad, Scope = RouteScope.Link,
        })
        .Sample(address => Messages.RoundTrip<InterfaceAddress>((ref MessageBuffer b) => AddressCodec.WriteAdd(ref b, address, false), AddressCodec.TryRead) == address);

    [Fact]
    public void Neighbour_RoundTrips() => Gen.Select(Gen.Bool.SelectMany(Address), Gen.ULong, Gen.Byte)
        .Select((address, mac, protocol) => new Neighbour
        {
            LinkIndex = 9, Address = address, Mac = new MacAddress(mac), Protocol = (RouteProtocol)protocol, Flags = NeighbourFlags.Router, State = NeighbourState.NoArp,
        })
        .Sample(n => Messages.RoundTrip<Neighbour>((ref MessageBuffer b) => NeighbourCodec.Write(ref b, RTM_NEWNEIGH, 0, n), NeighbourCodec.TryRead) == n);

    [Fact]
    public void Fdb_RoundTrips() => Gen.Select(Gen.Bool.SelectMany(Address), Gen.ULong, Gen.UShort, Gen.UInt[0, 1 << 24])
        .Select((vtep, mac, port, vni) => new FdbEntry { LinkIndex = 9, Mac = new MacAddress(mac), Destination = vtep, Port = port, Vni = vni, SourceVni = vni + 1 })
        .Sample(f => Messages.RoundTrip<FdbEntry>((ref MessageBuffer b) => NeighbourCodec.Write(ref b, RTM_NEWNEIGH, 0, f), NeighbourCodec.TryRead) == f);

    [Fact]
    public void Rule_RoundTrips() => Gen.Bool.SelectMany(v6 => Gen.Select(Gen.Const(v6), Prefix(v6), Gen.UInt[1, 32765], Gen.UInt[1, 5000], Gen.UInt, Gen.UShort))
        .Select((v6, source, priority, table, mark, port) => new Rule
        {
            IPv6 = v6, Source = source.Length == 0 ? null : source, Priority = priority, Table = table, Mark = mark, MarkMask = 0xff, IncomingLink = "eth0",
            TunnelId = port, DestinationPorts = new PortRange(port, ushort.MaxValue), Invert = true, SuppressPrefixLength = 3, IpProtocol = 6,
        })
        .Sample(r => Messages.RoundTrip<Rule>((ref MessageBuffer b) => RuleCodec.Write(ref b, RTM_NEWRULE, 0, r), RuleCodec.TryRead) == r);

    [Fact]
    public void Vxlan_IsReadAsWritten()
    {
        VxlanSpec spec = new() { Name = "vx", Vni = 42, Local = InetAddress.Parse("192.0.2.1"), Remote = InetAddress.Parse("2001:db8::1"), UnderlayIndex = 3, Ttl = 9, Mac = MacAddress.Gateway, Mtu = 1450, TxQueueLength = 5, Group = 8, MasterIndex = 2 };
        Link link = Messages.RoundTrip<Link>((ref MessageBuffer b) => LinkCodec.WriteCreate(ref b, spec), LinkCodec.TryRead);
        Assert.Equal(("vx", "vxlan", MacAddress.Gateway, 1450, 5, 8u, 2), (link.Name, link.Kind, link.Mac, link.Mtu, link.TxQueueLength, link.Group, link.MasterIndex));
        Assert.Equal(new VxlanState { Vni = 42, Local = spec.Local, Remote = spec.Remote, Port = VxlanSpec.IanaPort, UnderlayIndex = 3, Ttl = 9 }, link.Vxlan);
    }
}
