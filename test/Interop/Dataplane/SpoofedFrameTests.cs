using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drops;
using Margay.Policy;

namespace Margay.Interop.Dataplane;

/// <summary>A workload that makes its frames itself, past its own IP stack. Each is dropped by the rule that is for it, which says so in the log of drops.</summary>
public sealed class SpoofedFrameTests
{
    private const string Spoofed = "spoofed source", Advertises = "advertises another's address";
    private const byte RouterAdvertisement = 134, NeighbourSolicitation = 135, NeighbourAdvertisement = 136, Redirect = 137;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly InetAddress s_own4 = InetAddress.Parse("10.65.0.1"), s_own6 = InetAddress.Parse("fd00:65::1"), s_other4 = InetAddress.Parse("10.65.0.2"), s_other6 = InetAddress.Parse("fd00:65::2");
    private static readonly InetAddress s_ownLink = new MacAddress(0x020000000001UL).ToLinkLocal(), s_gateway = InetAddress.Parse("fe80::ecee:eeff:feee:eeee"), s_allNodes = InetAddress.Parse("ff02::1"), s_allRouters = InetAddress.Parse("ff02::2");
    private static readonly MacAddress s_mac = new(0x020000000001UL);

    // ::1 and multicast sources of IPv6 the kernel drops by itself, before any rule.
    [Theory]
    [InlineData("10.65.0.2", "10.65.0.2", Protocol.Tcp)]
    [InlineData("10.65.0.9", "10.65.0.2", Protocol.Udp)]
    [InlineData("203.0.113.1", "10.65.0.2", Protocol.Tcp)]
    [InlineData("203.0.113.1", "203.0.113.1", Protocol.Udp)]
    [InlineData("169.254.1.1", "10.65.0.2", Protocol.Icmp)]
    [InlineData("0.0.0.0", "255.255.255.255", Protocol.Udp)]
    [InlineData("255.255.255.255", "10.65.0.2", Protocol.Udp)]
    [InlineData("127.0.0.1", "203.0.113.1", Protocol.Tcp)]
    [InlineData("224.0.0.1", "10.65.0.2", Protocol.Udp)]
    [InlineData("fd00:65::2", "fd00:65::2", Protocol.Tcp)]
    [InlineData("2001:db8::1", "fd00:65::2", Protocol.IcmpV6)]
    [InlineData("fe80::ecee:eeff:feee:eeee", "fd00:65::2", Protocol.Udp)]
    [InlineData("fe80::ff:fe00:1", "fe80::ecee:eeff:feee:eeee", Protocol.Udp)]
    [InlineData("fe80::ff:fe00:1", "ff02::1", Protocol.Udp)]
    [InlineData("::", "ff02::1", Protocol.Udp)]
    [InlineData("::ffff:10.65.0.1", "fd00:65::2", Protocol.Tcp)]
    public Task ForgedSource(string source, string destination, byte protocol)
    {
        InetAddress from = Address(source);
        bool icmp = protocol is Protocol.Icmp or Protocol.IcmpV6;
        Packet packet = new() { Source = from, Destination = Address(destination), Protocol = protocol, SourcePort = icmp ? null : 67, DestinationPort = icmp ? null : 68, IcmpType = icmp ? (byte)(from.IsIPv6 ? 128 : 8) : null };
        return AssertDroppedAsync(Spoofed, from, Frame.Ip(s_mac, packet));
    }

    public static TheoryData<string, string, string, byte, string, string, string, bool> Discovery => new()
    {
        { "says that it has another's address", Advertises, "own", NeighbourAdvertisement, "own", "gateway", "other", false },
        { "the same from its link-local address, to all", Advertises, "own link", NeighbourAdvertisement, "own link", "all nodes", "other", false },
        { "the same behind an extension header", Advertises, "own link", NeighbourAdvertisement, "own link", "gateway", "other", true },
        { "says that it has the host's address", Advertises, "own", NeighbourAdvertisement, "own", "gateway", "host", false },
        { "the same from no address", Advertises, "none", NeighbourAdvertisement, "none", "all nodes", "other", false },
        { "advertises in another's name", Spoofed, "other", NeighbourAdvertisement, "other", "gateway", "own", false },
        { "asks in another's name, with its own MAC", Spoofed, "other", NeighbourSolicitation, "other", "gateway", "gateway", false },
        { "is a router", "router advertisement", "own link", RouterAdvertisement, "own link", "all nodes", "own", false },
        { "is the gateway, and a router", "router advertisement", "gateway", RouterAdvertisement, "gateway", "all nodes", "own", false },
        { "is a router behind an extension header", "router advertisement", "own link", RouterAdvertisement, "own link", "all routers", "own", true },
        { "redirects", "redirect", "gateway", Redirect, "gateway", "other", "own", false },
    };

    [Theory]
    [MemberData(nameof(Discovery))]
    public Task NeighbourDiscovery(string what, string rule, string told, byte type, string source, string destination, string target, bool hopByHop)
    {
        Assert.NotEmpty(what);
        return AssertDroppedAsync(rule, Named(told), Frame.Discovery(s_mac, type, Named(source), Named(destination), Named(target), hopByHop: hopByHop));
    }

    /// <summary>They are put together before anything looks at them: a first fragment that ends before the ports hides nothing.</summary>
    [Theory]
    [InlineData("10.65.0.2", true)]
    [InlineData("10.65.0.1", false)]
    public async Task TinyFragments_AreSeenAsWhole(string source, bool spoofed)
    {
        await using TestHost host = Host();
        Workload attacker = await StartAsync(host, Rules.Egress("out", Rules.Deny.Tcp(81), Rules.Allow));
        using ToldDrops drops = new(host);
        using FrameSender sender = Sender(attacker);
        (byte[] first, byte[] second) = Frame.Fragments(Frame.Ip(s_mac, new Packet { Source = Address(source), Destination = s_other4, Protocol = Protocol.Tcp, SourcePort = 1, DestinationPort = 81 }));
        sender.Send(first);
        sender.Send(second);
        DroppedPacket told = await drops.NextAsync();
        Assert.Equal((spoofed ? Spoofed : "GlobalNetworkPolicy/out", Address(source), (ushort?)81), (told.Site.Name, told.Headers.Source, told.Headers.DestinationPort));
    }

    /// <summary>What it may say: its own addresses, and questions to the host. The host goes on knowing where everybody is.</summary>
    [Fact]
    public async Task OwnWords_AreNotDropped_AndNothingIsForwarded()
    {
        await using TestHost host = Host();
        Workload attacker = await StartAsync(host);
        using ToldDrops drops = new(host);
        using FrameSender sender = Sender(attacker);
        string before = Neighbours(host);
        sender.Send(Frame.Discovery(s_mac, NeighbourAdvertisement, s_own6, s_gateway, s_own6));
        sender.Send(Frame.Discovery(s_mac, NeighbourAdvertisement, s_ownLink, s_allNodes, s_ownLink));
        sender.Send(Frame.Discovery(s_mac, NeighbourSolicitation, s_ownLink, s_gateway, s_other6));
        sender.Send(Frame.Discovery(s_mac, NeighbourSolicitation, InetAddress.Parse("::"), s_allNodes, s_own6));
        // Link-local addresses do not leave the link, whatever they are for.
        sender.Send(Frame.Discovery(s_mac, NeighbourSolicitation, s_ownLink, s_other6, s_other6));
        sender.Send(Frame.Discovery(s_mac, NeighbourSolicitation, InetAddress.Parse("::"), s_other6, s_other6));
        // The last one is dropped, so all before it have been looked at.
        sender.Send(Frame.Discovery(s_mac, RouterAdvertisement, s_ownLink, s_allNodes, s_own6));
        Assert.Equal("router advertisement", (await drops.NextAsync()).Site.Name);
        Assert.Equal(before, Neighbours(host));
        Assert.Matches(@"Icmp6InNeighborSolicits\s+0\s", host.Workloads[1].Run("cat", "/proc/net/snmp6"));
    }

    /// <summary>ARP does not go through the table that logs: it is counted.</summary>
    [Theory]
    [InlineData("a reply with another's address", 2, "10.65.0.2", "203.0.113.1")]
    [InlineData("a reply with the host's address", 2, "203.0.113.1", "203.0.113.1")]
    [InlineData("a reply with the gateway's address", 2, "169.254.1.1", "203.0.113.1")]
    [InlineData("a question in another's name", 1, "10.65.0.2", "169.254.1.1")]
    [InlineData("an announcement of another's address", 1, "10.65.0.2", "10.65.0.2")]
    public async Task Arp(string what, ushort operation, string from, string about)
    {
        Assert.NotEmpty(what);
        await using TestHost host = Host();
        Workload attacker = await StartAsync(host);
        string before = Neighbours(host);
        using FrameSender sender = Sender(attacker);
        sender.Send(Frame.Arp(s_mac, 1, s_own4, InetAddress.Parse("169.254.1.1")));
        sender.Send(Frame.Arp(s_mac, operation, Address(from), Address(about)));
        await Eventually.TrueAsync(() => ArpDrops(host) == 1, s_patience, () => host.Nft("list", "table", "arp", "margay"));
        Assert.Equal(before, Neighbours(host));
    }

    /// <summary>Prefixes open what is in them, also where one lies within another, and not an address more.</summary>
    [Theory]
    [InlineData("192.0.2.64/26 192.0.2.72/29", "192.0.2.64 192.0.2.75 192.0.2.127", "192.0.2.63 192.0.2.128")]
    [InlineData("192.0.2.9/32", "192.0.2.9", "192.0.2.8 192.0.2.10")]
    [InlineData("2001:db8:0:40::/58 2001:db8:0:48::/64", "2001:db8:0:40:: 2001:db8:0:48::1 2001:db8:0:7f:ffff:ffff:ffff:ffff", "2001:db8:0:3f:ffff:ffff:ffff:ffff 2001:db8:0:80::")]
    public async Task AllowedPrefixes(string prefixes, string inside, string outside)
    {
        await using TestHost host = Host();
        Workload attacker = await StartAsync(host);
        Workload other = host.Workloads[1];
        await host.PostViewAsync(host.View with { Endpoints = [attacker.View([], prefixes.Split(' ')) with { Revision = 2 }, other.View([])] });
        foreach (string prefix in prefixes.Split(' ')) host.Ip($"route replace {prefix} dev {attacker.Endpoint.Interface}");
        using ToldDrops drops = new(host);
        foreach (InetAddress source in inside.Split(' ').Select(Address))
            Assert.True(await Traffic.ArrivesAsync(attacker.Namespace, other.Namespace, source.IsIPv6 ? other.V6 : other.V4, 9, source), source.ToString());
        using FrameSender sender = Sender(attacker);
        foreach (InetAddress source in outside.Split(' ').Select(Address))
        {
            sender.Send(Frame.Ip(s_mac, new Packet { Source = source, Destination = source.IsIPv6 ? other.V6 : other.V4, Protocol = Protocol.Udp, SourcePort = 1, DestinationPort = 9 }));
            DroppedPacket told = await drops.NextAsync();
            Assert.Equal((Spoofed, source), (told.Site.Name, told.Headers.Source));
        }
        // Nobody else may.
        using FrameSender another = Sender(other);
        InetAddress first = Address(inside.Split(' ')[0]);
        another.Send(Frame.Ip(other.Endpoint.Mac, new Packet { Source = first, Destination = first.IsIPv6 ? attacker.V6 : attacker.V4, Protocol = Protocol.Udp, SourcePort = 1, DestinationPort = 9 }));
        DroppedPacket others = await drops.NextAsync();
        Assert.Equal((Spoofed, first), (others.Site.Name, others.Headers.Source));
    }

    private static async Task AssertDroppedAsync(string rule, InetAddress source, byte[] frame)
    {
        await using TestHost host = Host();
        Workload attacker = await StartAsync(host);
        using ToldDrops drops = new(host);
        using FrameSender sender = Sender(attacker);
        sender.Send(frame);
        DroppedPacket told = await drops.NextAsync();
        Assert.Equal((rule, PolicyType.Egress, DropKind.Fixed, source, "mga"), (told.Site.Name, told.Site.Direction, told.Site.Kind, told.Headers.Source, told.InputInterface));
    }

    private static TestHost Host() => new(new DataplaneOptions { EndpointToHost = EndpointToHostAction.Accept, RouteHoldTime = TimeSpan.FromMinutes(10) });

    private static async Task<Workload> StartAsync(TestHost host, params PolicyView[] policies)
    {
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync(policies);
        await host.WaitProgrammedAsync(a, b);
        // It says nothing of its own that could be taken for what the test sends.
        a.Ip("link set eth0 addrgenmode none");
        return a;
    }

    private static FrameSender Sender(Workload workload) =>
        new(workload.Namespace, int.Parse(workload.Run("cat", "/sys/class/net/eth0/ifindex"), CultureInfo.InvariantCulture));

    private static string Neighbours(TestHost host) => string.Join('\n', host.IpText("neigh show nud permanent").Split('\n').Order(StringComparer.Ordinal));

    private static int ArpDrops(TestHost host)
    {
        string rule = host.Nft("list", "table", "arp", "margay").Split('\n').Single(l => l.Contains("spoofed ARP", StringComparison.Ordinal));
        return int.Parse(rule.Split("packets ")[1].Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static InetAddress Address(string text) => InetAddress.Parse(text);

    private static InetAddress Named(string name) => name switch
    {
        "own" => s_own6, "other" => s_other6, "own link" => s_ownLink, "gateway" => s_gateway, "all nodes" => s_allNodes, "all routers" => s_allRouters,
        "host" => InetAddress.Parse("2001:db8::1"), _ => InetAddress.Parse("::"),
    };
}
