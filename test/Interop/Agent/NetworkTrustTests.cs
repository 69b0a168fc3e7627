using System.Globalization;
using Margay.Interop.Netlink;
using Margay.Interop.Peers;
using Margay.Bgp.Wire;

namespace Margay.Interop.Agent;

/// <summary>A BGP peer that may speak for one network: what it says of others, and of addresses that are somebody's, changes nothing, whether it says so to a host or to a reflector.</summary>
public sealed class NetworkTrustTests
{
    private const string Stranger = "192.0.2.7";

    [Theory]
    [InlineData("n1")]
    [InlineData("n9")]
    public async Task APeerOfRed_IsBelievedAboutRedAlone_AndToldOfRedAlone(string to)
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Cluster cluster = lab.Cluster;
        await cluster.PutAsync("POST", "bgppeers", $$$"""{"metadata":{"name":"stranger"},"spec":{"node":"{{{to}}}","peerIP":"{{{Stranger}}}","asNumber":64512,"networks":["red/net"]}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red"), green1 = await lab.AttachAsync("n1", "g1", "green"), green2 = await lab.AttachAsync("n2", "g2", "green");
        uint red = await lab.VniAsync("n1", "red.net"), green = await lab.VniAsync("n1", "green.net");
        await lab.CanPingAsync(red1, red2.V4);
        await lab.CanPingAsync(green1, green2.V4);

        await using PeerDaemon gobgp = PeerDaemon.Create(PeerKind.GoBgp, cluster.NameOf("n7"), Path.Combine(cluster.AddForeign(7), "daemon"));
        await gobgp.StartAsync(new PeerSetup { Address = Stranger, Neighbour = $"192.0.2.{to[1]}", Asn = 64512, NeighbourAsn = 64512, Families = FamilySet.Evpn, Prefixes = [] });
        await Eventually.Async(() => Task.FromResult(cluster.Established(to).Any(p => p.Contains("stranger", StringComparison.Ordinal))), NetworkLab.Patience);
        foreach (string route in (string[])
            [
                $"10.7.0.0/24 etag 0 label {red} rd 192.0.2.7:7 rt 64512:{red} 64512:{green}",
                $"10.9.0.0/24 etag 0 label {green} rd 192.0.2.7:9 rt 64512:{green}",
                $"169.254.169.254/32 etag 0 label {red} rd 192.0.2.7:7 rt 64512:{red}",
                // The address of red's workload, and under the name of green's own route.
                $"{red2.V4}/32 etag 0 label {red} rd 192.0.2.7:7 rt 64512:{red}",
                string.Create(CultureInfo.InvariantCulture, $"{green2.V4}/32 etag 0 label {red} rd 192.0.2.2:{green & 0xffff} rt 64512:{red}"),
                // Last: when it is there, all have been heard.
                $"10.8.0.0/24 etag 0 label {red} rd 192.0.2.7:7 rt 64512:{red}",
            ]) await gobgp.AskAsync(["global", "rib", "add", "-a", "evpn", "prefix", .. route.Split(' '), "encap", "vxlan", "router-mac", "02:00:00:00:00:07", "nexthop", Stranger]);

        Dictionary<(string Prefix, string Via), (string Used, string Why)> redRoutes = [];
        await Eventually.Async(() => Task.FromResult((redRoutes = Routes(cluster, "red/net")).GetValueOrDefault(("10.8.0.0/24", Stranger)).Used == "yes"), NetworkLab.Patience);
        Assert.Equal("yes", redRoutes[("10.7.0.0/24", Stranger)].Used);
        Assert.Equal("169.254.0.0/16 is this host's own in every network", redRoutes[("169.254.169.254/32", Stranger)].Why);
        Assert.Equal(("yes", "no"), (redRoutes[($"{red2.V4}/32", "192.0.2.2")].Used, redRoutes[($"{red2.V4}/32", Stranger)].Used));
        Dictionary<(string Prefix, string Via), (string Used, string Why)> greenRoutes = Routes(cluster, "green/net");
        Assert.Equal("yes", greenRoutes[($"{green2.V4}/32", "192.0.2.2")].Used);
        Assert.All(greenRoutes.Where(r => r.Key.Via == Stranger), r => Assert.Equal("no", r.Value.Used));
        // A reflector does not pass on what it does not believe.
        if (to == "n1") Assert.EndsWith("is not believed: BGPPeer stranger lets it speak for red/net alone", greenRoutes[("10.9.0.0/24", Stranger)].Why, StringComparison.Ordinal);
        else Assert.DoesNotContain(greenRoutes.Keys, r => r.Via == Stranger);
        Assert.Contains("says what it may not", cluster.Log(to), StringComparison.Ordinal);

        string kernel = Tool.Run("ip", "-n", lab.SpaceOf("n1", "green.net"), "route");
        foreach (string prefix in (string[])["10.7.0.0/24", "10.9.0.0/24"]) Assert.DoesNotContain(prefix, kernel, StringComparison.Ordinal);
        string ends = Tool.Run("ip", "netns", "exec", cluster.NameOf("n1"), "nft", "list", "set", "inet", "margay", "tunnel-from4");
        Assert.Single(ends.Split(Stranger).Skip(1));
        await lab.CanPingAsync(red1, red2.V4);
        await lab.CanPingAsync(green1, green2.V4);
        string lint = lab.Margay("n1", "network", "lint");
        Assert.Equal(to == "n1", lint.Contains("not believed", StringComparison.Ordinal));

        string told = await gobgp.AskAsync("neighbor", $"192.0.2.{to[1]}", "adj-in", "-a", "evpn");
        Assert.Contains(red1.V4, told, StringComparison.Ordinal);
        Assert.DoesNotContain($"64512:{green}", told, StringComparison.Ordinal);

        // Another network is given to it: within the session.
        await cluster.PutAsync("PATCH", "bgppeers/stranger", """{"spec":{"networks":["red/net","green/net"]}}""");
        await Eventually.Async(() => Task.FromResult(Routes(cluster, "green/net").GetValueOrDefault(("10.9.0.0/24", Stranger)).Used == "yes"), NetworkLab.Patience);
        await Eventually.Async(async () => (await gobgp.AskAsync("neighbor", $"192.0.2.{to[1]}", "adj-in", "-a", "evpn")).Contains($"64512:{green}", StringComparison.Ordinal), NetworkLab.Patience);
    }

    [Fact]
    public async Task APeerOfWhomNothingIsSaid_CarriesNoNetworks()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.Cluster.PutAsync("POST", "bgppeers", $$$"""{"metadata":{"name":"stranger"},"spec":{"node":"n1","peerIP":"{{{Stranger}}}","asNumber":64512}}""");
        await lab.AttachAsync("n1", "r1", "red");
        await using PeerDaemon gobgp = PeerDaemon.Create(PeerKind.GoBgp, lab.Cluster.NameOf("n7"), Path.Combine(lab.Cluster.AddForeign(7), "daemon"));
        await gobgp.StartAsync(new PeerSetup { Address = Stranger, Neighbour = "192.0.2.1", Asn = 64512, NeighbourAsn = 64512, Families = FamilySet.Evpn | FamilySet.IPv4Unicast, Prefixes = [] });
        await Eventually.Async(() => Task.FromResult(lab.Cluster.Established("n1").Any(p => p.Contains("stranger", StringComparison.Ordinal))), NetworkLab.Patience);
        string session = await gobgp.AskAsync("neighbor", "192.0.2.1");
        Assert.DoesNotContain(session.Split('\n'), line => line.Contains("l2vpn-evpn", StringComparison.Ordinal) && line.Contains("received", StringComparison.Ordinal));
    }

    /// <summary>What is used and why not, by prefix and tunnel end.</summary>
    private static Dictionary<(string Prefix, string Via), (string Used, string Why)> Routes(Cluster cluster, string network)
    {
        Dictionary<(string, string), (string, string)> routes = [];
        foreach (IReadOnlyList<string> row in cluster.Query("n1", "network-routes", network).Query?.Rows ?? []) routes[(row[1], row[2])] = (row[4], row[5]);
        return routes;
    }
}
