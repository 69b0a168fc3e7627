using Margay.Interop.Netlink;

namespace Margay.Interop.Agent;

/// <summary>margay-agent --reflector as a user without any privilege, between two hosts that peer with nobody else.</summary>
public class ReflectorTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task AnUnprivilegedReflector_ConnectsTwoHosts()
    {
        await using Cluster cluster = new();
        await cluster.StartServerAsync();
        await cluster.PutAsync("POST", "ippools", """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p4"},"spec":{"cidr":"10.65.0.0/16"}}""");
        await cluster.PutAsync("POST", "bgpconfigurations", """{"apiVersion":"projectcalico.org/v3","kind":"BGPConfiguration","metadata":{"name":"default"},"spec":{"nodeToNodeMeshEnabled":false}}""");
        await cluster.PutAsync("POST", "bgpconfigurations", """{"apiVersion":"projectcalico.org/v3","kind":"BGPConfiguration","metadata":{"name":"node.n9"},"spec":{"listenPort":1790}}""");
        await cluster.PutAsync("POST", "nodes", """{"apiVersion":"projectcalico.org/v3","kind":"Node","metadata":{"name":"n9"},"spec":{"bgp":{"ipv4Address":"192.0.2.9/24","routeReflectorClusterID":"9.9.9.9"}}}""");
        await cluster.PutAsync("POST", "bgppeers", """{"apiVersion":"projectcalico.org/v3","kind":"BGPPeer","metadata":{"name":"to-reflectors"},"spec":{"nodeSelector":"all()","peerSelector":"has(margay.dev/reflector)"}}""");
        cluster.StartHost(1);
        cluster.StartHost(2);
        cluster.StartUnprivileged(9, "--reflector", "--metrics-listen", "127.0.0.1:9099");
        foreach (string host in new[] { "n1", "n2" }) await Eventually.Async(() => Task.FromResult(File.Exists(cluster.SocketOf(host)) && cluster.Query(host, "status").Query!.Rows!.Any(r => r[0] == "connected" && r[1] == "yes")), s_patience);
        foreach (string host in new[] { "n1", "n2" })
        {
            await Eventually.Async(() => Task.FromResult(cluster.Learned(host).Count == 1), s_patience);
            Assert.Equal(["node/to-reflectors/n9"], cluster.Established(host));
        }
        Assert.Equal(2, cluster.Established("n9").Count);
        Assert.Contains(cluster.Query("n9", "status").Query!.Rows!, r => r[0] == "route reflector" && r[1] == "yes, cluster 9.9.9.9");
        Assert.Equal("InvalidRequest", cluster.Query("n9", "endpoints").Error!.Code);
        Assert.Contains("margay_bgp_peer_established", Tool.Run("ip", "netns", "exec", cluster.NameOf("n9"), "curl", "-s", "http://127.0.0.1:9099/metrics"), StringComparison.Ordinal);
        // Nothing of the host was touched.
        Assert.Empty(cluster.Learned("n9"));
        Assert.DoesNotContain("mg", cluster.IpText("n9", "-o link show type veth").Replace("up0", "", StringComparison.Ordinal).Split('@')[0], StringComparison.Ordinal);
    }
}
