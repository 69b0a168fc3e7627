using Margay.Api.NodeSync;

namespace Margay.Interop.Dataplane;

/// <summary>A policy is changed at one moment for all packets: none sees half of it.</summary>
public class SwapTests
{
    private const int Swaps = 1000;

    [Fact]
    public async Task WhileAPolicyIsSwapped_WhatBothVersionsAllow_IsNeverDropped()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        // In each version another rule lets the stream through.
        PolicyView one = Rules.Ingress("swap", Rules.Allow.FromNets("10.65.0.0/24"), Rules.Deny);
        PolicyView two = Rules.Ingress("swap", Rules.Deny.Tcp(80), Rules.Deny.FromNets("192.0.2.0/24", "198.51.100.0/24"), Rules.Allow.FromSet("clients"), Rules.Deny);
        await host.PostViewAsync(host.View with { IpSets = [new IpSetView { Id = "clients", Members = ["10.65.0.0/25"] }] });
        await host.ApplyAsync(one);
        await host.WaitProgrammedAsync(a, b);
        await using PacketStream stream = PacketStream.Start(a.Namespace, b.Namespace, a.V4, b.V4);
        for (int i = 0; i < Swaps; i++) await host.PostViewAsync(host.View with { Policies = [i % 2 == 0 ? two : one] });
        (int sent, int lost) = await stream.StopAsync();
        Assert.True(sent > 200, $"only {sent} packets were sent");
        Assert.Equal(0, lost);
    }

    /// <summary>The set's members move from one structure of the kernel to another, and with them the rules that look them up: hosts, a net, many nets of several lengths.</summary>
    [Fact]
    public async Task WhileASetChangesItsStructure_WhatIsAlwaysAMember_IsNeverDropped()
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        IpSetView hosts = Clients($"{a.V4}/32"), net = Clients("10.65.0.0/25"), nets = Clients([.. Enumerable.Range(0, 600).Select(i => $"10.{i % 250}.{i / 250}.0/{24 + i % 3}"), "10.65.0.0/24"]);
        await host.PostViewAsync(host.View with { IpSets = [hosts] });
        await host.ApplyAsync(Rules.Ingress("members", Rules.Allow.FromSet("clients"), Rules.Deny));
        await host.WaitProgrammedAsync(a, b);
        await using PacketStream stream = PacketStream.Start(a.Namespace, b.Namespace, a.V4, b.V4);
        for (int i = 0; i < 300; i++)
        {
            IpSetView next = (i % 3) switch { 0 => net, 1 => nets, _ => hosts };
            await host.PostViewAsync(host.View with { IpSets = [next] });
        }
        (int sent, int lost) = await stream.StopAsync();
        Assert.True(sent > 200, $"only {sent} packets were sent");
        Assert.Equal(0, lost);
    }

    private static IpSetView Clients(params string[] members) => new() { Id = "clients", Members = members };

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
        for (int i = 0; i < Swaps; i++) await host.PostViewAsync(host.View with { Policies = [i % 2 == 0 ? two : one] });
        (int sent, int lost) = await stream.StopAsync();
        Assert.Equal(sent, lost);
    }
}
