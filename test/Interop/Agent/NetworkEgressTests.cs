using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Networks reach what is outside of them under their host's address, when they are to; nothing comes in by that way, no host and no other network is reached by it, and it goes without a trace.</summary>
public sealed class NetworkEgressTests
{
    private const string World4 = "198.51.100.1", World6 = "2001:db8:100::1";
    private const int Port = 8090;

    /// <summary>Both families of underlay, and something beyond it: the hub.</summary>
    private static async Task<NetworkLab> StartAsync()
    {
        NetworkLab lab = await NetworkLab.StartAsync();
        lab.Cluster.Ip("hub", $"address add {World4}/32 dev lo");
        lab.Cluster.Ip("hub", "-6 address add 2001:db8::fe/64 dev br0 nodad");
        lab.Cluster.Ip("hub", $"-6 address add {World6}/128 dev lo");
        foreach (int n in (int[])[1, 2])
        {
            lab.Cluster.Ip($"n{n}", $"-6 address add 2001:db8::{n}/64 dev up0 nodad");
            lab.Cluster.Ip($"n{n}", "-6 route add default via 2001:db8::fe");
        }
        return lab;
    }

    [Fact]
    public async Task TenantsWithTheSameAddress_LeaveAtOnce_EachUnderItsHostsAddress()
    {
        await using NetworkLab lab = await StartAsync();
        await using Mirror world = new(lab.Cluster.Namespace("hub"), Port);
        foreach (string tenant in (string[])["red", "green"]) await lab.PatchNetworkAsync(tenant, """{"egress":{"mode":"Snat"}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), green1 = await lab.AttachAsync("n1", "g1", "green"), red2 = await lab.AttachAsync("n2", "r2", "red"), blue1 = await lab.AttachAsync("n1", "b1", "blue");
        Assert.Equal(red1.Addresses, green1.Addresses);
        foreach (string to in (string[])[World4, World6])
        {
            bool v6 = to == World6;
            string HostOf(Tenant t) => v6 ? $"2001:db8::{t.Host[1..]}" : $"192.0.2.{t.Host[1..]}";
            foreach (Tenant tenant in (Tenant[])[red1, green1, red2])
            {
                using NetworkNamespace inside = lab.Inside(tenant);
                await Eventually.Async(async () => await Mirror.AskAsync(inside, to, Port) == HostOf(tenant), NetworkLab.Patience);
            }
            // The same four numbers in two networks at one moment: the host's connection tracking never sees them.
            using NetworkNamespace red = lab.Inside(red1), green = lab.Inside(green1), blue = lab.Inside(blue1);
            string?[] seen = await Task.WhenAll(Mirror.AskAsync(red, to, Port, 40000), Mirror.AskAsync(green, to, Port, 40000));
            Assert.Equal([HostOf(red1), HostOf(green1)], seen);
            Assert.Null(await Mirror.AskAsync(blue, to, Port));
        }
        // An address of the network that nobody has is not looked for outside.
        Assert.DoesNotContain("10.0.0.77", Tool.Run("ip", "netns", "exec", lab.Cluster.NameOf("n1"), "conntrack", "-L"), StringComparison.Ordinal);
        await lab.Cluster.PutAsync("POST", "globalnetworkpolicies", $$$"""{"metadata":{"name":"not-there"},"spec":{"order":1,"types":["Egress"],"egress":[{"action":"Deny","destination":{"nets":["{{{World4}}}/32"]}},{"action":"Allow"}]}}""");
        using NetworkNamespace denied = lab.Inside(red1);
        await Eventually.Async(async () => await Mirror.AskAsync(denied, World4, Port) is null, NetworkLab.Patience);
        Assert.NotNull(await Mirror.AskAsync(denied, World6, Port));
    }

    [Fact]
    public async Task NobodyIsReachedByALeg_ButWhatIsOutside()
    {
        await using NetworkLab lab = await StartAsync();
        foreach (string tenant in (string[])["red", "blue"]) await lab.PatchNetworkAsync(tenant, """{"egress":{"mode":"Snat"}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), blue1 = await lab.AttachAsync("n1", "b1", "blue");
        await using Mirror world = new(lab.Cluster.Namespace("hub"), Port), host = new(lab.Cluster.Namespace("n1"), Port);
        using NetworkNamespace red = lab.Inside(red1), blue = lab.Inside(blue1);
        NetworkNamespace hub = lab.Cluster.Namespace("hub");
        await using Mirror neighbour = new(blue, Port);
        await Eventually.Async(async () => await Mirror.AskAsync(red, World4, Port) is not null && await Mirror.AskAsync(blue, World6, Port) is not null, NetworkLab.Patience);
        Assert.NotNull(await Mirror.AskAsync(hub, "192.0.2.1", Port));

        string[] legs = [.. ((string[])["red.net", "blue.net"]).SelectMany(n => Tool.Run("ip", "-n", lab.SpaceOf("n1", n), "-o", "address", "show", "dev", "leg").Split('\n').Where(l => l.Length > 0).Select(l => l.Split("inet")[1].Split(' ')[1].Split('/')[0]))];
        Assert.Equal(4, legs.Length);
        foreach (string closed in (string[])["192.0.2.1", "2001:db8::1", .. legs, .. blue1.Addresses]) Assert.Null(await Mirror.AskAsync(red, closed, Port));
        // Nor by a packet in the network's own name that somebody puts into the host.
        lab.Cluster.Ip("hub", $"route add {legs[0]}/32 via 192.0.2.1");
        lab.Cluster.Ip("hub", $"route add {blue1.V4}/32 via 192.0.2.1");
        foreach (string closed in (string[])[legs[0], blue1.V4]) Assert.Null(await Mirror.AskAsync(hub, closed, Port));
    }

    [Fact]
    public async Task EgressGivenAndTakenBack_LeavesNothing_AndAKilledAgentDisturbsNobody()
    {
        await using NetworkLab lab = await StartAsync();
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        foreach (string address in red2.Addresses) await lab.CanPingAsync(red1, address);
        string before = lab.StateOf("n1");
        await lab.PatchNetworkAsync("red", """{"egress":{"mode":"Snat"}}""");
        await lab.CanPingAsync(red1, World4);
        await lab.CanPingAsync(red1, World6);
        string with = lab.StateOf("n1");

        using (NetworkNamespace from = lab.Inside(red1))
        {
            await using NumberedStream v4 = new(from, red1.V4, lab.Cluster.Namespace("hub"), World4), v6 = new(from, red1.V6, lab.Cluster.Namespace("hub"), World6);
            lab.KillAgent("n1");
            await lab.RestartAgentAsync("n1");
            foreach (NumberedStream stream in (NumberedStream[])[v4, v6])
            {
                await stream.GoOnAsync();
                (int sent, int lost) = await stream.StopAsync();
                Assert.True(sent > 2000 && lost == 0, $"{lost} of {sent} lost: {stream.Lost()}");
            }
        }
        await IsAsync(lab, with);

        await lab.PatchNetworkAsync("red", """{"egress":{"mode":"None"}}""");
        await IsAsync(lab, before);
        Assert.False(lab.Ping(red1, World4));
        foreach (string address in red2.Addresses) await lab.CanPingAsync(red1, address);
        // And with the network itself.
        string without = lab.StateOf("n1");
        await lab.PatchNetworkAsync("green", """{"egress":{"mode":"Snat"}}""");
        Tenant green1 = await lab.AttachAsync("n1", "g1", "green");
        await lab.CanPingAsync(green1, World4);
        await lab.DetachAsync(green1);
        await Eventually.Async(() => Task.FromResult(lab.NetworksOn("n1") is ["red.net"]), NetworkLab.Patience);
        await IsAsync(lab, without);
    }

    [Fact]
    public async Task ChosenNodes_LetTheNetworkOutForAll_AndOneTakesOverFromAnother()
    {
        await using NetworkLab lab = await StartAsync();
        await lab.Cluster.PutAsync("PATCH", "bgppeers/rr", """{"spec":{"bfd":{}}}""");
        await using Mirror world = new(lab.Cluster.Namespace("hub"), Port);
        Tenant red9 = await lab.AttachAsync("n9", "r9", "red"), blue9 = await lab.AttachAsync("n9", "b9", "blue");
        await lab.PatchNetworkAsync("red", """{"egress":{"mode":"Snat","nodeSelector":"rack in {'r1','r2'}"}}""");
        using NetworkNamespace inside = lab.Inside(red9), other = lab.Inside(blue9);
        string? seen = null;
        await Eventually.Async(async () => (seen = await Mirror.AskAsync(inside, World4, Port)) is not null, NetworkLab.Patience);
        Assert.Contains(seen, (string[])["192.0.2.1", "192.0.2.2"]);
        await Eventually.Async(async () => await Mirror.AskAsync(inside, World6, Port) is "2001:db8::1" or "2001:db8::2", NetworkLab.Patience);
        Assert.Null(await Mirror.AskAsync(other, World4, Port));
        // Gateways have the network without a workload of it; both are ways.
        foreach (string gateway in (string[])["n1", "n2"]) await Eventually.Async(() => Task.FromResult(lab.NetworksOn(gateway) is ["red.net"]), NetworkLab.Patience);
        string Ways() => Tool.Run("ip", "-n", lab.SpaceOf("n9", "red.net"), "nexthop", "show");
        await Eventually.Async(() => Task.FromResult(Ways().Contains("group", StringComparison.Ordinal)), NetworkLab.Patience);
        seen = await Mirror.AskAsync(inside, World4, Port);

        string dead = seen == "192.0.2.1" ? "n1" : "n2", left = dead == "n1" ? "192.0.2.2" : "192.0.2.1";
        lab.Cluster.Ip(dead, "link set up0 down");
        long down = TimeProvider.System.GetTimestamp();
        await Eventually.Async(async () => await Mirror.AskAsync(inside, World4, Port) == left, NetworkLab.Patience);
        TestContext.Current.TestOutputHelper?.WriteLine($"a gateway's death to an answer by the other: {TimeProvider.System.GetElapsedTime(down).TotalMilliseconds:F0} ms");
        await lab.PatchNetworkAsync("red", """{"egress":{"mode":"None","nodeSelector":null}}""");
        await Eventually.Async(async () => await Mirror.AskAsync(inside, World4, Port) is null, NetworkLab.Patience);
        string alive = dead == "n1" ? "n2" : "n1";
        await Eventually.Async(() => Task.FromResult(lab.NetworksOn(alive).Count == 0), NetworkLab.Patience);
    }

    private static async Task IsAsync(NetworkLab lab, string expected)
    {
        await Eventually.WithinAsync(() => Task.FromResult(lab.StateOf("n1") == expected), NetworkLab.Patience);
        Assert.Equal(expected, lab.StateOf("n1"));
    }
}
