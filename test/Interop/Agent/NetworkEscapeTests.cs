using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Ways into another's network that must not be: frames put into its tunnel by hosts and workloads that have no part in it, and rules that mean another's addresses.</summary>
public sealed partial class NetworkEscapeTests
{
    private const string Host1 = "192.0.2.1", Host2 = "192.0.2.2";

    [Fact]
    public async Task OnlyKnownTunnelEnds_PutFramesIntoANetwork()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.Cluster.PutAsync("POST", "ippools", """{"metadata":{"name":"p"},"spec":{"cidr":"10.65.0.0/24","blockSize":28,"ipipMode":"Never","vxlanMode":"Never"}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), near = await lab.AttachAsync("n1", "d1", "default"), far = await lab.AttachAsync("n2", "d2", "default");
        const string inner = "10.0.0.200";
        uint vni = await lab.VniAsync("n1", "red.net");

        using NetworkNamespace inside = lab.Inside(red1), besideIt = lab.Inside(near), elsewhere = lab.Inside(far);
        using Socket receiver = inside.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        receiver.Bind(new IPEndPoint(IPAddress.Any, VxlanDatagram.InnerPort));

        // The second host has no workload of red yet, so that it is no tunnel end of red; that it is one of green changes nothing.
        NetworkNamespace n2 = lab.Cluster.Namespace("n2"), n9 = lab.Cluster.Namespace("n9");
        VxlanDatagram.Send(n2, Host1, vni, inner, red1.V4, "a host before it is known");
        Tenant green1 = await lab.AttachAsync("n1", "g1", "green"), green2 = await lab.AttachAsync("n2", "g2", "green");
        await lab.CanPingAsync(green1, green2.V4);
        VxlanDatagram.Send(n2, Host1, vni, inner, red1.V4, "a tunnel end of another network");
        Tenant red2 = await lab.AttachAsync("n2", "r2", "red");
        await lab.CanPingAsync(red1, red2.V4);

        VxlanDatagram.Send(n9, Host1, vni, inner, red1.V4, "a host of the underlay");
        VxlanDatagram.Send(besideIt, Host1, vni, inner, red1.V4, "a workload of the same host");
        VxlanDatagram.Send(elsewhere, Host1, vni, inner, red1.V4, "a workload of another host");
        Tool.Run("ip", "-n", lab.SpaceOf(far), "address", "add", $"{Host2}/32", "dev", "lo");
        VxlanDatagram.Send(elsewhere, Host1, vni, inner, red1.V4, "a workload in its host's name", Host2);
        VxlanDatagram.Send(n2, Host1, vni, inner, red1.V4, "a process of a tunnel end");
        // Proof that such a datagram would get in, and that all before it have been looked at: a machine of the underlay that sends from a tunnel end's address, but does not answer for it.
        n9.WriteSysctl("net/ipv4/conf/all/arp_ignore", "1");
        Tool.Run("ip", "-n", lab.Cluster.NameOf("n9"), "address", "add", $"{Host2}/32", "dev", "lo");
        await Eventually.Async(() =>
        {
            VxlanDatagram.Send(n9, Host1, vni, inner, red1.V4, "a tunnel end's address", Host2);
            return Task.FromResult(receiver.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead));
        }, NetworkLab.Patience);
        Assert.Equal(["a tunnel end's address"], Received(receiver));

        Assert.InRange(Dropped(lab, "n1", "tunnels"), 3, int.MaxValue);
        Assert.Equal(1, Dropped(lab, "n2", "tunnels-out"));
    }

    [Fact]
    public async Task FlowsOfATenant_TakeNoRoomInTheHostsConnectionTracking()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Tenant here = await lab.AttachAsync("n1", "r1", "red"), there = await lab.AttachAsync("n2", "r2", "red");
        await lab.CanPingAsync(here, there.V4);
        using NetworkNamespace inside = lab.Inside(here);
        // Each flow has an outer source port of its own.
        for (int port = 20000; port < 20200; port++)
        {
            using Socket socket = inside.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            socket.SendTo([1], new IPEndPoint(IPAddress.Parse(there.V4), 9));
        }
        Assert.Contains("sport=20199", Tool.Run("ip", "netns", "exec", lab.SpaceOf("n2", "red.net"), "conntrack", "-L"), StringComparison.Ordinal);
        foreach (string host in (string[])["n1", "n2"])
            Assert.DoesNotContain("dport=4789", Tool.Run("ip", "netns", "exec", lab.Cluster.NameOf(host), "conntrack", "-L"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARule_MeansTheAddressesOfItsOwnNetwork()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync(policy: false);
        await lab.Cluster.PutAsync("POST", "globalnetworkpolicies", """{"metadata":{"name":"db"},"spec":{"order":1,"selector":"app == 'db'","types":["Ingress"],"ingress":[{"action":"Allow","source":{"selector":"app == 'web'"}}]}}""");
        await lab.Cluster.PutAsync("POST", "globalnetworkpolicies", """{"metadata":{"name":"out"},"spec":{"order":2,"types":["Egress"],"egress":[{"action":"Allow"}]}}""");
        await lab.Cluster.PutAsync("POST", "globalnetworkpolicies", """{"metadata":{"name":"all"},"spec":{"order":0,"types":["Ingress"],"ingress":[{"action":"Allow"}]}}""");
        // Equal addresses, and who has them may do in one network what he may not in the other.
        List<(Tenant Db, Tenant Web, Tenant Other)> tenants = [];
        foreach ((string tenant, string first, string second) in ((string, string, string)[])[("red", "web", "other"), ("green", "other", "web")])
        {
            Tenant db = await lab.AttachAsync("n1", $"{tenant}-db", tenant, "db");
            Tenant one = await lab.AttachAsync("n2", $"{tenant}-{first}", tenant, first), two = await lab.AttachAsync("n2", $"{tenant}-{second}", tenant, second);
            tenants.Add(first == "web" ? (db, one, two) : (db, two, one));
        }
        Assert.Equal(tenants[0].Web.Addresses, tenants[1].Other.Addresses);
        foreach ((Tenant db, _, Tenant other) in tenants)
            foreach (string address in db.Addresses) await lab.CanPingAsync(other, address);
        await lab.Cluster.PutAsync("DELETE", "globalnetworkpolicies/all", "");
        foreach ((Tenant db, Tenant web, Tenant other) in tenants)
        {
            foreach (string address in db.Addresses)
            {
                await Eventually.Async(() => Task.FromResult(!lab.Ping(other, address)), NetworkLab.Patience);
                await lab.CanPingAsync(web, address);
            }
        }
    }

    private static List<string> Received(Socket receiver)
    {
        HashSet<string> texts = [];
        byte[] buffer = new byte[256];
        while (receiver.Poll(TimeSpan.FromMilliseconds(500), SelectMode.SelectRead)) texts.Add(Encoding.ASCII.GetString(buffer, 0, receiver.Receive(buffer)));
        return [.. texts];
    }

    private static int Dropped(NetworkLab lab, string host, string chain)
    {
        string listing = Tool.Run("ip", "netns", "exec", lab.Cluster.NameOf(host), "nft", "list", "chain", "inet", "margay", chain);
        Match dropped = DroppedOf().Match(listing);
        Assert.True(dropped.Success, listing);
        return int.Parse(dropped.Groups[1].ValueSpan);
    }

    [GeneratedRegex("counter packets (\\d+) bytes \\d+ drop")]
    private static partial Regex DroppedOf();
}
