using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

public class LinkTests
{
    private static readonly MacAddress Mac1 = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress Mac2 = MacAddress.Parse("02:00:00:00:00:02");

    [Fact]
    public void Settings_AreToldWithTheLink_AndTheDelayOfProxyArpIsWritten()
    {
        using Sandbox s = new();
        s.Route.CreateLink(new VethSpec { Name = "v0", PeerName = "v1", Queues = 1 }).ThrowIfFailed();
        Link link = s.Route.GetLink("v0").Value;
        using (RouteBatch batch = s.Route.CreateBatch())
        {
            batch.SetLink(link.Index, new LinkChange
            {
                Ipv4Settings = new Dictionary<Ipv4Setting, int> { [Ipv4Setting.Forwarding] = 1, [Ipv4Setting.ProxyArp] = 1, [Ipv4Setting.ReversePathFilter] = 2 },
            });
            batch.SetProxyDelay(link.Index, TimeSpan.FromMilliseconds(250));
            Assert.Empty(batch.Complete());
        }
        s.Namespace.WriteSysctl("net/ipv6/conf/v0/accept_ra", "2").ThrowIfFailed();
        Assert.Equal(new LinkSettings(Forwarding: true, ProxyArp: true, ReversePathFilter: 2, AcceptRouterAdvertisements: 2), s.Route.GetLink("v0").Value.Settings);
        Assert.NotEqual("80", s.Namespace.ReadSysctl("net/ipv4/neigh/v0/proxy_delay").Value);
        Assert.Equal("80", s.Namespace.ReadSysctl("net/ipv4/neigh/v1/proxy_delay").Value);
        foreach (string end in (string[])["v0", "v1"]) Assert.Contains("numtxqueues 1 numrxqueues 1 ", Tool.Run("ip", "-n", s.Name, "-d", "link", "show", end), StringComparison.Ordinal);
    }

    [Fact]
    public void Veth_ReadsBackAsIpMakesIt() => Twin.AssertSame(
        s => s.Ip("link add v0 address 02:00:00:00:00:01 mtu 1400 txqueuelen 500 type veth peer name v1 address 02:00:00:00:00:02 mtu 1300"),
        s => s.Route.CreateLink(new VethSpec
        {
            Name = "v0", Mac = Mac1, Mtu = 1400, TxQueueLength = 500,
            PeerName = "v1", PeerMac = Mac2, PeerMtu = 1300,
        }).ThrowIfFailed(),
        s => s.IpJson("link show"));

    [Theory]
    [InlineData("id 100 local 192.0.2.1 dstport 4789 nolearning")]
    [InlineData("id 7 local 2001:db8::1 dstport 8472 learning ttl 9")]
    [InlineData("external dstport 4790 nolearning")]
    [InlineData("id 9 remote 192.0.2.9 dstport 4789 nolearning srcport 1000 2000 proxy noudpcsum")]
    public void Vxlan_ReadsBackAsIpMakesIt(string arguments)
    {
        VxlanSpec spec = arguments.Split(' ') switch
        {
            ["id", "100", ..] => new VxlanSpec { Name = "vx", Vni = 100, Local = InetAddress.Parse("192.0.2.1"), Mac = Mac1 },
            ["id", "7", ..] => new VxlanSpec { Name = "vx", Vni = 7, Local = InetAddress.Parse("2001:db8::1"), Port = 8472, Learning = true, Ttl = 9, Mac = Mac1 },
            ["external", ..] => new VxlanSpec { Name = "vx", External = true, Port = 4790, Mac = Mac1 },
            _ => new VxlanSpec
            {
                Name = "vx", Vni = 9, Remote = InetAddress.Parse("192.0.2.9"), SourcePorts = new PortRange(1000, 2000), Proxy = true,
                UdpChecksum = false, Mac = Mac1,
            },
        };
        Twin.AssertSame(
            s => s.Ip($"link add vx address {Mac1} type vxlan {arguments}"),
            s => s.Route.CreateLink(spec).ThrowIfFailed(),
            s => s.IpJson("link show dev vx"));
    }

    [Fact]
    public void Vxlan_StateIsRead()
    {
        using Sandbox s = new();
        int under = s.AddVeth();
        s.Ip("link add vx type vxlan id 5 local 192.0.2.1 dstport 4789 nolearning dev v0");
        VxlanState state = s.Route.GetLink("vx").Value.Vxlan!;
        Assert.Equal(new VxlanState { Vni = 5, Local = InetAddress.Parse("192.0.2.1"), Port = 4789, UnderlayIndex = under, Ttl = state.Ttl }, state);
    }

    [Fact]
    public void BridgeWithPort_ReadsBackAsIpMakesIt() => Twin.AssertSame(
        s =>
        {
            s.Ip("link add br0 address 02:00:00:00:00:01 type bridge stp_state 0 mcast_snooping 0 ageing_time 10000 forward_delay 200");
            s.Ip("link add v0 address 02:00:00:00:00:02 type veth peer name v1 address 02:00:00:00:00:02");
            s.Ip("link set v0 master br0");
        },
        s =>
        {
            s.Route.CreateLink(new BridgeSpec { Name = "br0", Mac = Mac1, SpanningTree = false, MulticastSnooping = false, AgeingTime = 10000, ForwardDelay = 200 }).ThrowIfFailed();
            int bridge = s.Route.GetLink("br0").Value.Index;
            s.Route.CreateLink(new VethSpec { Name = "v0", Mac = Mac2, PeerName = "v1", PeerMac = Mac2 }).ThrowIfFailed();
            s.Route.SetLink(s.Route.GetLink("v0").Value.Index, new LinkChange { MasterIndex = bridge }).ThrowIfFailed();
        },
        s => s.IpJson("link show"),
        "gc_timer", "hello_timer", "tcn_timer", "topology_change_timer", "bridge_id", "root_id", "designated_root", "designated_bridge", "forward_delay_timer");

    [Fact]
    public void Macvlan_ReadsBackAsIpMakesIt() => Twin.AssertSame(
        s =>
        {
            s.Ip("link add v0 type veth peer name v1");
            s.Ip("link add link v0 name m0 address 02:00:00:00:00:01 type macvlan mode bridge");
        },
        s =>
        {
            s.Ip("link add v0 type veth peer name v1");
            s.Route.CreateLink(new MacvlanSpec { Name = "m0", Mac = Mac1, ParentIndex = s.Route.GetLink("v0").Value.Index }).ThrowIfFailed();
        },
        s => s.IpJson("link show dev m0"));

    [Fact]
    public void KindWithoutOptions_IsCreated()
    {
        using Sandbox s = new();
        s.Route.CreateLink(new OtherLinkSpec("ifb") { Name = "ifb7" }).ThrowIfFailed();
        Assert.Equal("ifb", s.Route.GetLink("ifb7").Value.Kind);
    }

    [Fact]
    public void Tap_ReadsBackAsIpMakesIt() => Twin.AssertSame(
        s => s.Ip("tuntap add dev tap0 mode tap user 1234"),
        s => TapDevice.CreateIn(s.Namespace, "tap0", owner: 1234).ThrowIfFailed(),
        s => s.IpJson("link show dev tap0"),
        "address");

    [Fact]
    public void Tap_NameOfAnotherLink_IsRefused()
    {
        using Sandbox s = new();
        s.AddVeth();
        Assert.Equal(Errno.EINVAL, TapDevice.CreateIn(s.Namespace, "v0").Error);
        Assert.Equal(Errno.EINVAL, TapDevice.CreateIn(s.Namespace, "a-name-that-is-too-long").Error);
    }

    [Fact]
    public void PeerInAnotherNamespace_IsCreatedThere()
    {
        using Sandbox s = new();
        using Sandbox pod = new();
        s.Route.CreateLink(new VethSpec
        {
            Name = "mg0", PeerName = "eth0", PeerMac = Mac2, PeerNamespace = pod.Namespace,
        }).ThrowIfFailed();
        Link here = s.Route.GetLink("mg0").Value;
        s.Route.SetLink(here.Index, new LinkChange
        {
            AddressGeneration = AddressGeneration.None,
            Ipv4Settings = new Dictionary<Ipv4Setting, int> { [Ipv4Setting.ReversePathFilter] = 1, [Ipv4Setting.ProxyArp] = 1, [Ipv4Setting.Forwarding] = 1 },
        }).ThrowIfFailed();
        Assert.Equal(["1", "1", "1"], s.Namespace.ReadSysctls(["net/ipv4/conf/mg0/rp_filter", "net/ipv4/conf/mg0/proxy_arp", "net/ipv4/conf/mg0/forwarding"]).Select(r => r.Value));
        s.Route.SetLink(here.Index, new LinkChange { Up = true }).ThrowIfFailed();
        Link there = pod.Route.GetLink("eth0").Value;
        Assert.Equal(Mac2, there.Mac);
        Assert.Equal(there.Index, here.ParentIndex);
        Assert.Equal(s.Route.GetNamespaceId(pod.Namespace).Value, here.ParentNamespaceId);
        Assert.NotNull(here.ParentNamespaceId);
        pod.Route.SetLink(there.Index, new LinkChange { Up = true }).ThrowIfFailed();
        Assert.True(s.Route.GetLink("mg0").Value.HasCarrier);
        Assert.Empty(s.Route.ListAddresses(here.Index).Value); // no link-local address by itself
    }

    [Fact]
    public void VxlanCreatedInAnotherNamespace_KeepsItsSocketHere()
    {
        using Sandbox s = new();
        using Sandbox tenant = new();
        s.Route.CreateLink(new VxlanSpec { Name = "vx1", Vni = 1, Local = InetAddress.Parse("127.0.0.1"), Namespace = tenant.Namespace }).ThrowIfFailed();
        Assert.False(s.Route.TryGetLink("vx1", out _));
        tenant.Route.SetLink(tenant.Route.GetLink("vx1").Value.Index, new LinkChange { Up = true }).ThrowIfFailed();
        Assert.Contains(":4789", Tool.Run("ip", "netns", "exec", s.Name, "cat", "/proc/net/udp").Replace("12B5", "4789", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Change_AllProperties_AsIpShowsThem()
    {
        using Sandbox s = new();
        using Sandbox other = new();
        int index = s.AddVeth();
        s.Route.SetLink(index, new LinkChange { Up = false }).ThrowIfFailed();
        s.Route.SetLink(index, new LinkChange { Name = "renamed", Mac = Mac1, Mtu = 1234, Alias = "alias", TxQueueLength = 77, Group = 5 }).ThrowIfFailed();
        Link link = s.Route.GetLink(index).Value;
        Assert.Equal(("renamed", Mac1, 1234, "alias", 77, 5u, false), (link.Name, link.Mac, link.Mtu, link.Alias, link.TxQueueLength, link.Group, link.IsUp));
        s.Route.SetLink(index, new LinkChange { Alias = "", Namespace = other.Namespace }).ThrowIfFailed();
        Assert.Equal(Errno.ENODEV, s.Route.GetLink("renamed").Error);
        Assert.Null(other.Route.GetLink("renamed").Value.Alias);
    }

    [Fact]
    public void List_AgreesWithIp()
    {
        using Sandbox s = new();
        s.AddVeth();
        s.Ip("link add br0 type bridge");
        string[] seen = [.. s.Route.ListLinks().Value.Select(l => $"{l.Index} {l.Name} {l.Mac} {l.Mtu} {l.Kind} {l.TxQueueLength}")];
        string[] shown = [.. s.IpJson("link show")!.AsArray().Select(l =>
            $"{l!["ifindex"]} {l["ifname"]} {l["address"]} {l["mtu"]} {l["linkinfo"]?["info_kind"]} {l["txqlen"] ?? 0}")];
        Assert.Equal(shown, seen);
    }

    [Fact]
    public void Delete_TakesThePeerAlong()
    {
        using Sandbox s = new();
        int index = s.AddVeth();
        s.Route.DeleteLink(index).ThrowIfFailed();
        Assert.True(s.Route.GetLink("v1").IsNotFound);
        Assert.True(s.Route.DeleteLink("v0").IsNotFound);
        Assert.True(s.Route.DeleteLink(index).IgnoreNotFound().Ok);
    }
}
