using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Addresses of the world that stand for workloads of networks: both ways, with policy, from one host to another, and gone without a trace.</summary>
public sealed class FloatingAddressTests
{
    private const string World4 = "198.51.100.1", World6 = "2001:db8:100::1";
    private const int Port = 8091;

    private static string Floating(string ns) => $"/apis/margay.dev/v1/namespaces/{ns}/floatingips";

    private static async Task<NetworkLab> StartAsync()
    {
        NetworkLab lab = await NetworkLab.StartAsync();
        await lab.Cluster.PutAsync("POST", "ippools", """{"metadata":{"name":"floating4"},"spec":{"cidr":"203.0.113.0/28","blockSize":28,"allowedUses":["FloatingIP"]}}""");
        await lab.Cluster.PutAsync("POST", "ippools", """{"metadata":{"name":"floating6"},"spec":{"cidr":"2001:db8:f::/124","blockSize":124,"allowedUses":["FloatingIP"]}}""");
        lab.Cluster.Ip("hub", $"address add {World4}/32 dev lo");
        lab.Cluster.Ip("hub", "-6 address add 2001:db8::fe/64 dev br0 nodad");
        lab.Cluster.Ip("hub", $"-6 address add {World6}/128 dev lo");
        lab.Cluster.Ip("n1", "-6 address add 2001:db8::1/64 dev up0 nodad");
        lab.Cluster.Ip("n1", "-6 route add default via 2001:db8::fe");
        lab.Cluster.Ip("hub", "-6 route add 2001:db8:f::/124 via 2001:db8::1");
        return lab;
    }

    private static Task GiveAsync(NetworkLab lab, string ns, string name, string address, string target) =>
        lab.Cluster.SendAsync("POST", Floating(ns), $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"network":"net","address":"{{{address}}}","target":"{{{target}}}"}}""");

    private static Task SeenAsync(NetworkNamespace from, string address, string expected) =>
        Eventually.Async(async () => await Mirror.AskAsync(from, address, Port) == expected, NetworkLab.Patience);

    [Fact]
    public async Task ItIsReached_AndLeft_AndPolicySeesTheWorldsAddresses()
    {
        await using NetworkLab lab = await StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), green1 = await lab.AttachAsync("n1", "g1", "green"), red2 = await lab.AttachAsync("n1", "r2", "red");
        Assert.Equal(red1.Addresses, green1.Addresses);
        await GiveAsync(lab, "red", "a", "203.0.113.1", red1.V4);
        await GiveAsync(lab, "green", "a", "203.0.113.2", green1.V4);
        await GiveAsync(lab, "red", "a6", "2001:db8:f::1", red1.V6);
        // The same inside, another network outside: told apart by who answers.
        NetworkNamespace hub = lab.Cluster.Namespace("hub"), far = lab.Cluster.Namespace("n9");
        using NetworkNamespace red = lab.Inside(red1), green = lab.Inside(green1), other = lab.Inside(red2);
        await using Greeter redSays = new(red, "red"), greenSays = new(green, "green");
        await using Mirror inRed = new(red, Port), world = new(hub, Port);
        // The route came by BGP.
        await Eventually.Async(async () => await Greeter.AskAsync(far, "203.0.113.1") == "red", NetworkLab.Patience);
        await Eventually.Async(async () => await Greeter.AskAsync(far, "203.0.113.2") == "green", NetworkLab.Patience);
        Assert.Equal("192.0.2.9", await Mirror.AskAsync(far, "203.0.113.1", Port));
        await SeenAsync(hub, "2001:db8:f::1", "2001:db8::fe");

        foreach (string address in (string[])["203.0.113.1", "203.0.113.2"]) lab.Cluster.Ip("hub", $"route add {address}/32 via 192.0.2.1");
        await SeenAsync(red, World4, "203.0.113.1");
        await SeenAsync(green, World4, "203.0.113.2");
        await SeenAsync(red, World6, "2001:db8:f::1");
        // One of the same network without an address of its own stays inside, another network's is reached as anyone's.
        Assert.Null(await Mirror.AskAsync(other, World4, Port));
        Assert.Equal("203.0.113.2", await Mirror.AskAsync(green, "203.0.113.1", Port));
        // Only what floats is reached.
        foreach (string closed in (string[])["203.0.113.3", red2.V4]) Assert.Null(await Mirror.AskAsync(hub, closed, Port));

        await lab.Cluster.PutAsync("POST", "globalnetworkpolicies", """{"metadata":{"name":"not-him"},"spec":{"order":1,"types":["Ingress"],"selector":"app == 'r1'","ingress":[{"action":"Deny","source":{"nets":["192.0.2.9/32"]}},{"action":"Allow"}]}}""");
        await Eventually.Async(async () => await Mirror.AskAsync(far, "203.0.113.1", Port) is null, NetworkLab.Patience);
        Assert.Equal("192.0.2.254", await Mirror.AskAsync(hub, "203.0.113.1", Port));
        Assert.Equal("green", await Greeter.AskAsync(far, "203.0.113.2"));
    }

    [Fact]
    public async Task ItGoesToAnotherHost_AndGoesWithoutATrace()
    {
        await using NetworkLab lab = await StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), stays1 = await lab.AttachAsync("n1", "s1", "red"), stays2 = await lab.AttachAsync("n2", "s2", "red");
        await lab.CanPingAsync(stays1, stays2.V4);
        NetworkNamespace far = lab.Cluster.Namespace("n9");
        string RouteOf(string address) => Tool.Run("ip", "-n", lab.Cluster.NameOf("n9"), "route", "get", address);
        string before1 = lab.StateOf("n1"), before2 = lab.StateOf("n2");
        await GiveAsync(lab, "red", "a", "203.0.113.1", red1.V4);
        using (NetworkNamespace inside = lab.Inside(red1))
        {
            await using Mirror here = new(inside, Port);
            await SeenAsync(far, "203.0.113.1", "192.0.2.9");
            Assert.Contains("via 192.0.2.1 ", RouteOf("203.0.113.1"), StringComparison.Ordinal);
            await using NumberedStream stream = new(far, "192.0.2.9", inside, "0.0.0.0", "203.0.113.1");
            lab.KillAgent("n1");
            await lab.RestartAgentAsync("n1");
            await stream.GoOnAsync();
            (int sent, int lost) = await stream.StopAsync();
            Assert.True(sent > 2000 && lost == 0, $"{lost} of {sent} lost: {stream.Lost()}");
        }
        await lab.Cluster.SendAsync("PATCH", $"{Floating("red")}/a", $$$"""{"spec":{"target":"{{{stays2.V4}}}"}}""");
        using (NetworkNamespace inside = lab.Inside(stays2))
        {
            await using Mirror there = new(inside, Port);
            await SeenAsync(far, "203.0.113.1", "192.0.2.9");
            Assert.Contains("via 192.0.2.2 ", RouteOf("203.0.113.1"), StringComparison.Ordinal);
            await Eventually.Async(() => Task.FromResult(!Tool.Run("ip", "-n", lab.Cluster.NameOf("n1"), "link", "show").Contains("leg", StringComparison.Ordinal)), NetworkLab.Patience);
        }
        await lab.Cluster.SendAsync("DELETE", $"{Floating("red")}/a");
        await Eventually.Async(() => Task.FromResult(!Tool.Run("ip", "-n", lab.Cluster.NameOf("n2"), "link", "show").Contains("leg", StringComparison.Ordinal)), NetworkLab.Patience);
        await Eventually.Async(() => Task.FromResult(!Tool.Run("ip", "netns", "exec", lab.SpaceOf("n2", "red.net"), "conntrack", "-L").Contains("203.0.113.1", StringComparison.Ordinal)), NetworkLab.Patience);
        foreach ((string host, string before) in ((string, string)[])[("n1", before1), ("n2", before2)])
        {
            await Eventually.WithinAsync(() => Task.FromResult(lab.StateOf(host) == before), NetworkLab.Patience);
            Assert.Equal(before, lab.StateOf(host));
        }
        Assert.Contains("via 192.0.2.254 ", RouteOf("203.0.113.1"), StringComparison.Ordinal);
    }
}
