using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>What a tenant may use at most, and that others do not notice when one tries for more.</summary>
public sealed class NetworkCapTests
{
    [Fact]
    public async Task Endpoints_AreCountedInTheWholeCluster_AndMoreAreRefusedWithTheReason()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.PatchNetworkAsync("red", """{"limits":{"endpoints":1}}""");
        Tenant first = await lab.AttachAsync("n1", "r1", "red");
        NetworkNamespace.Create($"{lab.Cluster.NameOf("n2")}-w-more").Value.Dispose();
        try
        {
            AttachRequest more = new() { ContainerId = "more", Interface = "eth0", NetworkNamespace = $"{NetworkNamespace.Directory}/{lab.Cluster.NameOf("n2")}-w-more", Namespace = "red", Network = "net" };
            AgentClient agent = new(lab.Cluster.SocketOf("n2"), NetworkLab.Patience);
            Assert.Contains("network red/net has 1 endpoints, and spec.limits.endpoints allows 1", agent.Ask(new AgentRequest { Attach = more }).Error!.Message, StringComparison.Ordinal);
            await lab.AttachAsync("n2", "g1", "green");
            await lab.DetachAsync(first);
            await Eventually.Async(() => Task.FromResult(agent.Ask(new AgentRequest { Attach = more }).Attach is not null), NetworkLab.Patience);
            agent.Ask(new AgentRequest { Detach = new DetachRequest { ContainerId = "more", Interface = "eth0" } });
        }
        finally
        {
            NetworkNamespace.Delete($"{lab.Cluster.NameOf("n2")}-w-more");
        }
    }

    [Fact]
    public async Task Connections_EndAtTheCap_OfTheNetworkAlone()
    {
        const int most = 1100, tried = 3000;
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.PatchNetworkAsync("red", $$$"""{"limits":{"connections":{{{most}}}}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red"), green1 = await lab.AttachAsync("n1", "g1", "green"), green2 = await lab.AttachAsync("n2", "g2", "green");
        await lab.CanPingAsync(red1, red2.V4);
        await lab.CanPingAsync(green1, green2.V4);
        Assert.Equal(2, Nft(lab, "n1", "red.net", "list", "chain", "inet", "margay", "network-connections").Split("ct count over 550").Length - 1);

        Begin(lab, red1, red2.V4, tried);
        Begin(lab, green1, green2.V4, tried);
        int red = Tracked(lab, "n1", "red.net"), green = Tracked(lab, "n1", "green.net");
        // Shares fill evenly, but not exactly.
        Assert.InRange(red, most * 8 / 10, most + 20);
        Assert.True(green >= tried, $"green has {green}");
        await Eventually.Async(() => Task.FromResult(lab.Margay("n1", "drops").Contains("too many connections of the network", StringComparison.Ordinal)), NetworkLab.Patience);
        Assert.True(lab.Ping(green1, green2.V4));

        // The cap goes, and so does what it was kept by.
        await lab.PatchNetworkAsync("red", """{"limits":null}""");
        await Eventually.Async(() => Task.FromResult(!Nft(lab, "n1", "red.net", "list", "table", "inet", "margay").Contains("network-connections", StringComparison.Ordinal)), NetworkLab.Patience);
        Begin(lab, red1, red2.V4, tried);
        Assert.True(Tracked(lab, "n1", "red.net") >= tried);
    }

    /// <summary>A workload may speak under as many link-local addresses as it likes, and the kernel has one table of neighbours for all namespaces.</summary>
    [Fact]
    public async Task Neighbours_EndAtTheCap_AndOthersFindTheirs()
    {
        const int most = 128, claimed = 600;
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.PatchNetworkAsync("red", $$$"""{"limits":{"neighbours":{{{most}}}}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), green1 = await lab.AttachAsync("n1", "g1", "green"), green2 = await lab.AttachAsync("n2", "g2", "green");
        string space = lab.SpaceOf(red1);
        await Eventually.Async(() => Task.FromResult(Nft(lab, "n1", "red.net", "list", "table", "inet", "margay").Contains("network-neighbours", StringComparison.Ordinal)), NetworkLab.Patience);
        string gateway = Tool.Run("ip", "-n", space, "-6", "route", "show", "default").Split("via ")[1].Split(' ')[0];
        string link = Tool.Run("ip", "-n", space, "-o", "link", "show", "eth0").Split(':')[0];
        string batch = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(batch, Enumerable.Range(1, claimed).Select(i => string.Create(CultureInfo.InvariantCulture, $"address add fe80::7:{i:x}/64 dev eth0 nodad")));
            Tool.Run("ip", "-n", space, "-batch", batch);
        }
        finally
        {
            File.Delete(batch);
        }
        using (NetworkNamespace inside = lab.Inside(red1))
        {
            inside.Run(() =>
            {
                for (int i = 1; i <= claimed; i++) Solicit(IPAddress.Parse($"fe80::7:{i:x}%{link}"), IPAddress.Parse($"{gateway}%{link}"));
                return true;
            });
        }
        int neighbours = Tool.Run("ip", "-n", lab.SpaceOf("n1", "red.net"), "-6", "neigh", "show").Split('\n').Count(l => l.StartsWith("fe80::7:", StringComparison.Ordinal));
        Assert.InRange(neighbours, 1, most);
        Assert.Contains("too many neighbours of the network", lab.Margay("n1", "drops"), StringComparison.Ordinal);
        await lab.CanPingAsync(green1, green2.V6);
        await lab.CanPingAsync(green1, green2.V4);
    }

    /// <summary>So many flows, none of which is answered or ends.</summary>
    private static void Begin(NetworkLab lab, Tenant from, string to, int count)
    {
        using NetworkNamespace inside = lab.Inside(from);
        using Socket socket = inside.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        // The receiver's kernel answers that the ports are closed, to a few of them.
        for (int i = 0; i < count; i++) socket.SendTo([0], new IPEndPoint(IPAddress.Parse(to), 20_000 + i));
    }

    /// <summary>A neighbour solicitation (RFC 4861 §4.3) under one of the workload's addresses.</summary>
    private static void Solicit(IPAddress from, IPAddress to)
    {
        using Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
        socket.Bind(new IPEndPoint(from, 0));
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.IpTimeToLive, 255);
        byte[] target = to.GetAddressBytes();
        socket.SendTo([135, 0, 0, 0, 0, 0, 0, 0, .. target, 1, 1, 2, 0, 0, 0, 0, 7], new IPEndPoint(to, 0));
    }

    private static int Tracked(NetworkLab lab, string host, string network) =>
        int.Parse(Tool.Run("ip", "netns", "exec", lab.SpaceOf(host, network), "cat", "/proc/sys/net/netfilter/nf_conntrack_count"), CultureInfo.InvariantCulture);

    private static string Nft(NetworkLab lab, string host, string network, params string[] command) => Tool.Run("ip", ["netns", "exec", lab.SpaceOf(host, network), "nft", .. command]);
}
