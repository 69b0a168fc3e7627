using Margay.Api.NodeSync;

namespace Margay.Interop.Dataplane;

/// <summary>A policy is changed at one moment for all packets: none sees half of it.</summary>
public class SwapTests
{
    [Fact]
    public async Task WhileAPolicyIsSwapped_WhatBothVersionsAllow_IsNeverDropped()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        // In each version another rule lets the stream through. Members stay: a packet that is being looked at while the kernel takes a new generation may see
        // the old rules with the new elements.
        PolicyView one = Rules.Ingress("swap", Rules.Allow.FromNets("10.65.0.0/24"), Rules.Deny);
        PolicyView two = Rules.Ingress("swap", Rules.Deny.Tcp(80), Rules.Deny.FromNets("192.0.2.0/24", "198.51.100.0/24"), Rules.Allow.FromSet("clients"), Rules.Deny);
        await host.PostViewAsync(host.View with { IpSets = [new IpSetView { Id = "clients", Members = ["10.65.0.0/25"] }] });
        await host.ApplyAsync(one);
        await host.WaitProgrammedAsync(a, b);
        await using PacketStream stream = PacketStream.Start(a.Namespace, b.Namespace, a.V4, b.V4);
        for (int i = 0; i < 200; i++) await host.PostViewAsync(host.View with { Policies = [i % 2 == 0 ? two : one] });
        (int sent, int lost) = await stream.StopAsync();
        Assert.True(sent > 200, $"only {sent} packets were sent");
        Assert.Equal(0, lost);
    }

    [Fact]
    public async Task WhileAPolicyIsSwapped_WhatBothVersionsDeny_NeverGetsThrough()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        PolicyView one = Rules.Ingress("swap", Rules.Deny.FromNets("10.65.0.0/24"), Rules.Allow);
        PolicyView two = Rules.Ingress("swap", Rules.Allow.Tcp(80), Rules.Deny);
        await host.ApplyAsync(one);
        await host.WaitProgrammedAsync(a, b);
        await using PacketStream stream = PacketStream.Start(a.Namespace, b.Namespace, a.V4, b.V4);
        for (int i = 0; i < 200; i++) await host.PostViewAsync(host.View with { Policies = [i % 2 == 0 ? two : one] });
        (int sent, int lost) = await stream.StopAsync();
        Assert.Equal(sent, lost);
    }
}
