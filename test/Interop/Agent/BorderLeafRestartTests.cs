using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// A border router that lets go of EVPN routes with their session, whatever the OPEN asks of it (FRR 8.4 helps the restart of unicast and VPN routes alone), and knows nothing of RFC 4684: behind our
/// reflector, which does both for it. Not behind two: when its best path moves from one's copy to the other's, zebra 8.4 takes the Router's MAC away and does not put it back.
/// </summary>
public sealed class BorderLeafRestartTests
{
    [Fact]
    public async Task Frr_BehindAReflector_LosesNoPacket_WhenAHostsAgentIsKilled()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await PeerAsync(lab);
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red");
        using BorderLeaf leaf = new(lab.Cluster, await lab.VniAsync("n1", "red.net"), "192.0.2.9");
        foreach (string address in (string[])[BorderLeaf.OutsideV4, BorderLeaf.OutsideV6]) await lab.CanPingAsync(red1, address);

        using NetworkNamespace r1 = lab.Inside(red1);
        await using NumberedStream there = new(leaf.Vrf, BorderLeaf.OutsideV4, r1, red1.V4), back = new(r1, red1.V6, leaf.Vrf, BorderLeaf.OutsideV6);
        for (int round = 0; round < 2; round++)
        {
            lab.KillAgent("n1");
            await there.GoOnAsync();
            await lab.RestartAgentAsync("n1");
            // n1, n2 and the leaf.
            await Eventually.Async(() => Task.FromResult(lab.Cluster.Established("n9").Count == 3), NetworkLab.Patience);
            await there.GoOnAsync();
        }
        foreach (NumberedStream stream in (NumberedStream[])[there, back])
        {
            (int sent, int lost) = await stream.StopAsync();
            Assert.True(lost == 0 && sent > 1000, $"{lost} of {sent} lost: {stream.Lost()}\n{leaf.Log}");
        }
    }

    [Fact]
    public async Task Frr_WithoutRouteTargetConstraint_IsToldOfItsNetworksAlone()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        await PeerAsync(lab);
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red");
        await lab.AttachAsync("n1", "g1", "green");
        await lab.AttachAsync("n2", "g2", "green");
        Tenant blue2 = await lab.AttachAsync("n2", "b2", "blue");
        uint red = await lab.VniAsync("n1", "red.net"), green = await lab.VniAsync("n1", "green.net"), blue = await lab.VniAsync("n2", "blue.net");
        using BorderLeaf leaf = new(lab.Cluster, red, "192.0.2.9");
        await lab.CanPingAsync(red1, BorderLeaf.OutsideV4);
        Assert.DoesNotContain("132", string.Join(',', leaf.Captured($"ip.src == {BorderLeaf.Address} && bgp.type == 1", "bgp.cap.mp.safi")).Split(','));
        Assert.Equal([red], Told(leaf, [red, green, blue]));
        // One, or two where both sides called the other at once.
        string[] opens = Opens(leaf);

        // Another network is given to it, within the session; then taken again.
        await lab.Cluster.PutAsync("PATCH", "bgppeers/leaf", $$$"""{"spec":{"routeTargets":["64512:{{{blue}}}"]}}""");
        await Eventually.Async(() => Task.FromResult(Told(leaf, [red, green, blue]) is [var a, var b] && (a, b) == (red, blue)), NetworkLab.Patience);
        Assert.Contains($"[{blue2.V4}]", leaf.Ask("show bgp l2vpn evpn"), StringComparison.Ordinal);
        await lab.Cluster.PutAsync("PATCH", "bgppeers/leaf", """{"spec":{"routeTargets":[]}}""");
        await Eventually.Async(() => Task.FromResult(Told(leaf, [red, green, blue]) is [var only] && only == red), NetworkLab.Patience);
        Assert.Equal(opens, Opens(leaf));
        await lab.CanPingAsync(red1, BorderLeaf.OutsideV4);
    }

    private static string[] Opens(BorderLeaf leaf) => [.. leaf.Captured("ip.src == 192.0.2.9 && bgp.type == 1", "frame.number")];

    /// <summary>Of these, the networks whose targets the leaf has heard of from our reflector.</summary>
    private static uint[] Told(BorderLeaf leaf, uint[] networks) => leaf.Ask("show bgp l2vpn evpn neighbors 192.0.2.9 routes") is var routes ? [.. networks.Where(n => routes.Contains($"RT:64512:{n} ", StringComparison.Ordinal))] : [];

    /// <summary>The reflector has a session with the leaf, for red alone.</summary>
    private static Task PeerAsync(NetworkLab lab) =>
        lab.Cluster.PutAsync("POST", "bgppeers", $$$"""{"metadata":{"name":"leaf"},"spec":{"peerIP":"{{{BorderLeaf.Address}}}","asNumber":64512,"nodeSelector":"has(reflector)","networks":["red/net"]}}""");
}
