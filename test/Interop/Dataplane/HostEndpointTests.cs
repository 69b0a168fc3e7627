using System.Net.Sockets;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Netlink.Conntrack;
using Margay.Policy;

namespace Margay.Interop.Dataplane;

/// <summary>What the table of cases cannot say of host endpoints: which interface, what NAT does, what is not tracked, what lives on.</summary>
public sealed class HostEndpointTests
{
    private static readonly InetAddress HostV4 = InetAddress.Parse("192.0.2.1"), HostV6 = InetAddress.Parse("2001:db8::1"), Near = InetAddress.Parse("192.0.2.50"), Far = InetAddress.Parse("198.51.100.9");
    private static readonly HostEndpointView Eth0 = new() { Name = "eth", Revision = 1, Interface = "eth0" };
    private static readonly PolicyView DenyAll = new() { Id = "GlobalNetworkPolicy/deny", Tier = "default", Ingress = [Rules.Deny], Egress = [Rules.Deny] };

    [Fact]
    public async Task ExpectedAddress_FindsTheInterface_WhereverItIs()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await ApplyAsync(world, [Eth0 with { Interface = null, Addresses = ["192.0.2.1"] }]);
        Assert.Equal("", await AskAsync(world, (Tcp(Near, HostV4, 80), PacketWorld.Outside, PacketWorld.HostName, false), (Tcp(Near, HostV4, 22), PacketWorld.Outside, PacketWorld.HostName, true)));
        world.Host.Ip("addr add 192.0.2.77/32 dev eth0");
        world.Host.Ip("addr del 192.0.2.1/32 dev eth0");
        await Eventually.TrueAsync(() => !world.Host.Ruleset().Contains("host-input", StringComparison.Ordinal), TimeSpan.FromSeconds(10), world.Host.Ruleset);
        Assert.Equal("", await AskAsync(world, (Tcp(Near, InetAddress.Parse("192.0.2.77"), 80), PacketWorld.Outside, PacketWorld.HostName, true)));
    }

    [Fact]
    public async Task AllInterfaces_AreNotLoopback_NorWorkloads()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await ApplyAsync(world, [Eth0 with { Interface = "*" }]);
        InetAddress web = world.Host.Workloads[0].V4;
        Assert.Equal("", await AskAsync(world,
            (Tcp(HostV4, HostV4, 80), PacketWorld.HostName, PacketWorld.HostName, true), (Tcp(HostV4, web, 80), PacketWorld.HostName, "web", true),
            (Tcp(Near, HostV4, 80), PacketWorld.Outside, PacketWorld.HostName, false), (Tcp(HostV4, Near, 80), PacketWorld.HostName, PacketWorld.Outside, false),
            (Tcp(Near, web, 80), PacketWorld.Outside, "web", true)));
    }

    [Fact]
    public async Task NothingOfIt_IsThere_WithoutHostEndpoints()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await ApplyAsync(world, []);
        string before = world.Host.Ruleset();
        Assert.DoesNotContain("host-", before, StringComparison.Ordinal);
        await ApplyAsync(world, [Eth0 with { UntrackedTiers = [Tier(DenyAll)], PreDnatTiers = [Tier(DenyAll)], ForwardTiers = [Tier(DenyAll)] }], DenyAll);
        string listing = world.Host.Ruleset();
        Assert.Contains("iifname vmap @host-input-lists", listing, StringComparison.Ordinal);
        Assert.DoesNotContain("@nh", listing, StringComparison.Ordinal);
        await ApplyAsync(world, []);
        Assert.Equal(before, world.Host.Ruleset());
    }

    [Fact]
    public async Task ClosedHost_StillFindsItsNeighbours()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await ApplyAsync(world, [Eth0]);
        world.Host.Ip("-6 neigh flush dev eth0");
        world.OutsideIp("-6 neigh flush dev eth0");
        InetAddress near6 = InetAddress.Parse("2001:db8::50");
        Assert.Equal("", await AskAsync(world, (Tcp(near6, HostV6, 22), PacketWorld.Outside, PacketWorld.HostName, true), (Tcp(HostV6, near6, 179), PacketWorld.HostName, PacketWorld.Outside, true)));
    }

    [Fact]
    public async Task AllowBeforeConntrack_LeavesNoConnection()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        PolicyView both = new()
        {
            Id = "GlobalNetworkPolicy/u", Tier = "default",
            Ingress = [Rules.Allow with { Protocol = Protocol.Udp, Destination = new SideView { Ports = [new PortRange(53, 53)] } }],
            Egress = [Rules.Allow with { Protocol = Protocol.Udp, Source = new SideView { Ports = [new PortRange(53, 53)] } }],
        };
        await ApplyAsync(world, [Eth0 with { UntrackedTiers = [Tier(both)] }], both);
        world.ForgetConnections();
        using Conversation talk = await Conversation.UdpAsync(world.SpaceOf(PacketWorld.Outside), world.Host.Namespace, InetAddress.Parse("192.0.2.254"), HostV4, 53);
        using ConntrackSocket flows = ConntrackSocket.OpenIn(world.Host.Namespace);
        Assert.DoesNotContain(flows.ListFlows().Value, f => f.Original.Destination == HostV4);
        Assert.Equal("", await AskAsync(world, (Tcp(Near, HostV4, 80), PacketWorld.Outside, PacketWorld.HostName, false)));
    }

    [Fact]
    public async Task FailsafeConnection_ComesAbout_ThoughNothingIsLetThroughBeforeConntrack()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await ApplyAsync(world, [Eth0 with { UntrackedTiers = [Tier(DenyAll)] }], DenyAll);
        using Conversation ssh = await Conversation.TcpAsync(world.SpaceOf(PacketWorld.Outside), world.Host.Namespace, HostV4, 22);
        using Conversation bgp = await Conversation.TcpAsync(world.Host.Namespace, world.SpaceOf(PacketWorld.Outside), InetAddress.Parse("192.0.2.254"), 179);
        Assert.True(await ssh.IsAliveAsync());
        Assert.True(await bgp.IsAliveAsync());
        Assert.Equal("", await AskAsync(world, (Tcp(Near, HostV4, 80), PacketWorld.Outside, PacketWorld.HostName, false)));
    }

    /// <summary>A published port: what is translated to a workload is asked for by the port that the sender wrote.</summary>
    [Theory]
    [InlineData(RuleAction.Deny)]
    [InlineData(RuleAction.Allow)]
    public async Task PolicyBeforeNat_SeesThePublishedPort(RuleAction action)
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        world.Host.Nft("add table ip services; add chain ip services pre { type nat hook prerouting priority dstnat; }; add rule ip services pre tcp dport 30080 dnat to 10.65.0.1:80");
        PolicyView published = new()
        {
            Id = "GlobalNetworkPolicy/d", Tier = "default",
            Ingress = [new RuleView { Action = action, Protocol = Protocol.Tcp, Source = new SideView { Nets = ["198.51.100.0/24"] }, Destination = new SideView { Ports = [new PortRange(30080, 30080)] } }],
        };
        // What is allowed before NAT is not asked for when it is forwarded; the rest is, and denied.
        bool allows = action == RuleAction.Allow;
        await ApplyAsync(world, [Eth0 with { PreDnatTiers = [Tier(published)], ForwardTiers = allows ? [Tier(DenyAll)] : [] }], published, DenyAll);
        Assert.Equal("", await AskAsync(world, (Tcp(Far, HostV4, 30080), PacketWorld.Outside, "web", allows), (Tcp(Near, HostV4, 30080), PacketWorld.Outside, "web", !allows), (Tcp(Far, world.Host.Workloads[0].V4, 80), PacketWorld.Outside, "web", !allows)));
    }

    /// <summary>What the host sends is asked for by the interface and address that NAT gave it.</summary>
    [Fact]
    public async Task HostsOwnPackets_AreAskedForAfterTranslation()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        world.Host.Nft("add table ip services; add chain ip services out { type nat hook output priority -100; }; add rule ip services out tcp dport 81 dnat to 10.65.0.1:80; add rule ip services out tcp dport 82 dnat to 198.51.100.7:82; add rule ip services out tcp dport 83 dnat to 198.51.100.8:83");
        PolicyView some = new() { Id = "GlobalNetworkPolicy/some", Tier = "default", Egress = [Rules.Allow with { Destination = new SideView { Nets = ["198.51.100.7/32"] } }] };
        await ApplyAsync(world, [Eth0 with { Tiers = [Tier(some)] }], some);
        InetAddress elsewhere = InetAddress.Parse("203.0.113.99");
        Assert.Equal("", await AskAsync(world,
            (Tcp(HostV4, elsewhere, 81), PacketWorld.HostName, "web", true), (Tcp(HostV4, elsewhere, 82), PacketWorld.HostName, PacketWorld.Outside, true),
            (Tcp(HostV4, elsewhere, 83), PacketWorld.HostName, PacketWorld.Outside, false), (Tcp(HostV4, elsewhere, 84), PacketWorld.HostName, PacketWorld.Outside, false)));
    }

    /// <summary>Only we say that a packet was allowed before.</summary>
    [Fact]
    public async Task MarkOfASocket_OpensNothing()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await ApplyAsync(world, [Eth0 with { PreDnatTiers = [Tier(DenyAll)] }], DenyAll);
        using Socket receiver = Traffic.Open(world.SpaceOf(PacketWorld.Outside), Near, SocketType.Dgram), sender = Traffic.Open(world.Host.Namespace, Near, SocketType.Dgram);
        // SOL_SOCKET, SO_MARK.
        sender.SetRawSocketOption(1, 36, BitConverter.GetBytes(world.Host.Options.AcceptedMark));
        receiver.Bind(new System.Net.IPEndPoint(InetAddress.Parse("192.0.2.254").ToIPAddress(), 9));
        SocketException refused = Assert.Throws<SocketException>(() => sender.SendTo(new byte[] { 1 }, new System.Net.IPEndPoint(InetAddress.Parse("192.0.2.254").ToIPAddress(), 9)));
        Assert.Equal(SocketError.AccessDenied, refused.SocketErrorCode);
        sender.SendTo(new byte[] { 1 }, new System.Net.IPEndPoint(InetAddress.Parse("192.0.2.254").ToIPAddress(), 53));
    }

    [Fact]
    public async Task TightenedHostPolicy_CutsItsConnections_AndNothingElse()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        PolicyView open = new() { Id = "GlobalNetworkPolicy/h", Tier = "default", Ingress = [Rules.Allow], Egress = [Rules.Allow] };
        HostEndpointView host = Eth0 with { Tiers = [Tier(open)], ForwardTiers = [Tier(open)] };
        await ApplyAsync(world, [host], open);
        Margay.Netlink.Namespaces.NetworkNamespace outside = world.SpaceOf(PacketWorld.Outside), web = world.SpaceOf("web");
        InetAddress there = InetAddress.Parse("192.0.2.254");
        using Conversation ssh = await Conversation.TcpAsync(outside, world.Host.Namespace, HostV4, 22), http = await Conversation.TcpAsync(outside, world.Host.Namespace, HostV4, 80);
        using Conversation mail = await Conversation.TcpAsync(world.Host.Namespace, outside, there, 25), forwarded = await Conversation.TcpAsync(web, outside, there, 443);
        using Conversation inward = await Conversation.TcpAsync(outside, web, world.Host.Workloads[0].V4, 81);
        PolicyView narrow = open with { Ingress = [Rules.Allow.Tcp(81)], Egress = [Rules.Allow.Tcp(443)] };
        await ApplyAsync(world, [host], narrow);
        Assert.Equal((true, false, false, true, true), (await ssh.IsAliveAsync(), await http.IsAliveAsync(), await mail.IsAliveAsync(), await forwarded.IsAliveAsync(), await inward.IsAliveAsync()));
        await ApplyAsync(world, [host], narrow with { Ingress = [Rules.Allow.Tcp(82)] });
        Assert.Equal((true, true, false), (await ssh.IsAliveAsync(), await forwarded.IsAliveAsync(), await inward.IsAliveAsync()));
    }

    [Fact]
    public async Task Restart_ChangesNothing()
    {
        await using PacketWorld world = await PacketWorld.StartAsync();
        await ApplyAsync(world, [Eth0 with { UntrackedTiers = [Tier(DenyAll)], PreDnatTiers = [Tier(DenyAll)], ForwardTiers = [Tier(DenyAll)] }, Eth0 with { Name = "all", Interface = "*" }], DenyAll);
        string before = Listing.Settled(world.Host.Nft("-s", "-a", "list", "ruleset"));
        await world.Host.RestartAsync();
        Assert.Equal(before, Listing.Settled(world.Host.Nft("-s", "-a", "list", "ruleset")));
    }

    private static EndpointTier Tier(params PolicyView[] policies) => new()
    {
        Name = "default",
        IngressPolicies = [.. policies.Where(p => p.Ingress.Count > 0).Select(p => p.Id)],
        EgressPolicies = [.. policies.Where(p => p.Egress.Count > 0).Select(p => p.Id)],
    };

    private static Task ApplyAsync(PacketWorld world, HostEndpointView[] hosts, params PolicyView[] policies) => world.Host.PostViewAsync(world.Host.View with
    {
        Policies = policies, Profiles = [Rules.AllowAllProfile], HostEndpoints = hosts, Endpoints = [.. world.Host.Workloads.Select(w => w.View([]))],
    });

    private static Packet Tcp(InetAddress from, InetAddress to, ushort port) => new() { Source = from, Destination = to, Protocol = Protocol.Tcp, SourcePort = 40000, DestinationPort = port };

    private static async Task<string> AskAsync(PacketWorld world, params (Packet Packet, string From, string To, bool Arrives)[] packets)
    {
        await world.Host.WaitProgrammedAsync([.. world.Host.Workloads]);
        world.ForgetConnections();
        foreach ((Packet packet, string from, string to, bool arrives) in packets) world.Send(from, to, packet, arrives, packet.ToString());
        return await world.CheckAsync();
    }
}
