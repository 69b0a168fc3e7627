using Margay.Core.Net;
using Margay.Dataplane.Networks;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A tenant's network goes on in a router of another make, and nobody else's does.</summary>
public sealed class BorderLeafTests
{
    [Fact]
    public async Task Frr_CarriesATenantsPackets_BothWays_AndNoOthers()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await lab.Cluster.PutAsync("POST", "bgppeers", $$$"""{"metadata":{"name":"leaf"},"spec":{"peerIP":"{{{BorderLeaf.Address}}}","asNumber":64512,"nodeSelector":"!has(reflector)","networks":["red/net"]}}""");
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red"), green1 = await lab.AttachAsync("n1", "g1", "green");
        using BorderLeaf leaf = new(lab.Cluster, await lab.VniAsync("n1", "red.net"), "192.0.2.1", "192.0.2.2");
        using NetworkNamespace r1 = lab.Inside(red1), r2 = lab.Inside(red2), g1 = lab.Inside(green1);
        await using Greeter outside = new(leaf.Vrf, "outside"), inRed1 = new(r1, "red1"), inRed2 = new(r2, "red2"), inGreen1 = new(g1, "green1");

        foreach ((NetworkNamespace from, string address, string who) in ((NetworkNamespace, string, string)[])
            [
                (r1, BorderLeaf.OutsideV4, "outside"), (r2, BorderLeaf.OutsideV4, "outside"), (r1, BorderLeaf.OutsideV6, "outside"), (r2, BorderLeaf.OutsideV6, "outside"),
                (leaf.Vrf, red1.V4, "red1"), (leaf.Vrf, red2.V4, "red2"), (leaf.Vrf, red1.V6, "red1"), (leaf.Vrf, red2.V6, "red2"),
            ])
        {
            if (!await Eventually.WithinAsync(async () => await Greeter.AskAsync(from, address) == who, NetworkLab.Patience))
                Assert.Fail($"{who} did not answer at {address}\n{leaf.Log}\n{leaf.VrfState("route")}\n{leaf.VrfState("neigh")}\n{string.Join('\n', lab.Cluster.Query("n1", "network-routes").Query!.Rows!.Select(r => string.Join(' ', r)))}\n{lab.Cluster.Log("n1")}");
        }
        Assert.Null(await Greeter.AskAsync(g1, BorderLeaf.OutsideV4));
        // Who has this address in red is asked from outside: never the workload of green that has it too.
        Assert.Equal(red1.V4, green1.V4);

        string neighbours = leaf.VrfState("neigh");
        foreach (string host in (string[])["192.0.2.1", "192.0.2.2"])
            Assert.Contains($"{host} dev br0 lladdr {TunnelEnd.Of(InetAddress.Parse(host), 1500).RouterMac}", neighbours, StringComparison.Ordinal);
        Assert.Empty(lab.Cluster.Query("n1", "network-lint").Query!.Rows!);

        // A third opinion of what our hosts have sent.
        Assert.Empty(leaf.Captured("_ws.malformed || _ws.expert.severity >= \"Error\"", "frame.number"));
        string sent = string.Join(',', leaf.Captured("ip.src == 192.0.2.1 && bgp.evpn.nlri.rt == 5", "bgp.evpn.nlri.ip.addr"));
        Assert.Contains(red1.V4, sent, StringComparison.Ordinal);
        // It is asked to keep them over a restart, L2VPN (25) as IPv4 (1), which FRR 8.4 does not do: BorderLeafRestartTests.
        Assert.Contains("25", string.Join(',', leaf.Captured("ip.src == 192.0.2.1 && bgp.type == 1", "bgp.cap.gr.afi")).Split(','));
    }
}
