using System.Net;
using System.Net.Sockets;
using Margay.Api.NodeSync;
using Margay.Netlink.Conntrack;

namespace Margay.Interop.Dataplane;

/// <summary>A connection lives as long as policy allows it, not as long as its peers like.</summary>
public class EstablishedTests
{
    [Fact]
    public async Task TightenedPolicy_CutsWhatItDenies_AndNothingElse()
    {
        await using TestHost host = new();
        (Workload a, Workload b) = await StartAsync(host, Rules.Ingress("ports", Rules.Allow.Tcp(80), Rules.Allow.Tcp(81), Rules.Allow.FromNets("fd00::/16"), Rules.Allow.FromNets("10.65.0.0/24")));
        using Conversation web = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 80);
        using Conversation other = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 81);
        using Conversation six = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V6, 443);
        using Conversation datagrams = await Conversation.UdpAsync(a.Namespace, b.Namespace, a.V4, b.V4, 53);
        await host.ApplyAsync(Rules.Ingress("ports", Rules.Allow.Tcp(81), Rules.Allow.FromNets("fd00::/16")));
        Assert.False(await web.IsAliveAsync());
        Assert.False(await datagrams.IsAliveAsync());
        Assert.True(await other.IsAliveAsync());
        Assert.True(await six.IsAliveAsync());
        await host.ApplyAsync(Rules.Ingress("ports", Rules.Allow.Tcp(81)));
        Assert.True(await other.IsAliveAsync());
        Assert.False(await six.IsAliveAsync());
    }

    [Fact]
    public async Task TightenedEgress_CutsAtTheSender()
    {
        await using TestHost host = new();
        (Workload a, Workload b) = await StartAsync(host, Rules.Egress("out", Rules.Allow));
        using Conversation web = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 80);
        await host.ApplyAsync(Rules.Egress("out", Rules.Allow.Tcp(81)));
        Assert.False(await web.IsAliveAsync());
    }

    [Fact]
    public async Task MemberThatLeavesASet_LosesItsConnections()
    {
        await using TestHost host = new();
        await host.PostViewAsync(host.View with { IpSets = [new IpSetView { Id = "clients", Members = ["10.65.0.1/32", "10.65.0.9/32"] }] });
        (Workload a, Workload b) = await StartAsync(host, Rules.Ingress("members", Rules.Allow.FromSet("clients")));
        using Conversation web = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 80);
        await ChangeAsync(host, new IpSetChange { Id = "clients", Removed = ["10.65.0.9/32"] });
        Assert.True(await web.IsAliveAsync());
        await ChangeAsync(host, new IpSetChange { Id = "clients", Removed = ["10.65.0.1/32"] });
        Assert.False(await web.IsAliveAsync());
    }

    [Fact]
    public async Task PolicyThatKeepsEstablished_Does()
    {
        await using TestHost host = new();
        (Workload a, Workload b) = await StartAsync(host, Rules.Ingress("ports", Rules.Allow.Tcp(80)) with { KeepEstablished = true });
        using Conversation web = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 80);
        await host.ApplyAsync(Rules.Ingress("ports", Rules.Allow.Tcp(81)) with { KeepEstablished = true });
        Assert.True(await web.IsAliveAsync());
        Assert.False(await Traffic.ConnectsAsync(a.Namespace, b.Namespace, b.V4, 82));
    }

    /// <summary>New for connection tracking with each packet, known to it all the same, and nobody's to keep.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FlowWithoutAnswer_ObeysPolicyAsOfNow(bool keepEstablished)
    {
        await using TestHost host = new();
        (Workload a, Workload b) = await StartAsync(host, Rules.Ingress("ports", Rules.Allow.Udp(53)) with { KeepEstablished = keepEstablished });
        using Socket sender = Traffic.Open(a.Namespace, a.V4, SocketType.Dgram), receiver = Traffic.Open(b.Namespace, b.V4, SocketType.Dgram);
        receiver.Bind(new IPEndPoint(b.V4.ToIPAddress(), 53));
        sender.Connect(new IPEndPoint(b.V4.ToIPAddress(), 53));
        using ConntrackSocket flows = ConntrackSocket.OpenIn(host.Namespace);
        for (int i = 0; i < 2; i++) Assert.True(await ArrivesAsync());
        Assert.Single(flows.ListFlows(new ConntrackFilter { Answered = false }).Value, f => f.Original.Destination == b.V4);
        Assert.DoesNotContain(flows.ListFlows(new ConntrackFilter { Answered = true }).Value, f => f.Original.Destination == b.V4);
        await host.ApplyAsync(Rules.Ingress("ports", Rules.Allow.Udp(54)) with { KeepEstablished = keepEstablished });
        Assert.False(await ArrivesAsync());
        await host.ApplyAsync(Rules.Ingress("ports", Rules.Allow.Udp(53)) with { KeepEstablished = keepEstablished });
        Assert.True(await ArrivesAsync());

        async Task<bool> ArrivesAsync()
        {
            await sender.SendAsync(new byte[] { 1 });
            using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(400));
            try
            {
                return await receiver.ReceiveAsync(new byte[16], patience.Token) == 1;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task WhatWasTightenedWhileTheAgentWasAway_IsCutWhenItIsBack()
    {
        await using TestHost host = new();
        (Workload a, Workload b) = await StartAsync(host, Rules.Ingress("ports", Rules.Allow.Tcp(80), Rules.Allow.Tcp(81)));
        using Conversation web = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 80);
        using Conversation other = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 81);
        await host.StopAsync();
        host.ChangeViewUnseen(host.View with { Policies = [Rules.Ingress("ports", Rules.Allow.Tcp(81))] });
        Assert.True(await web.IsAliveAsync());
        await host.RestartAsync();
        Assert.False(await web.IsAliveAsync());
        Assert.True(await other.IsAliveAsync());
    }

    [Fact]
    public async Task DetachedEndpoint_LeavesNoConnectionToItsAddress()
    {
        await using TestHost host = new();
        (Workload a, Workload b) = await StartAsync(host, Rules.Ingress("in", Rules.Allow));
        using Conversation web = await Conversation.TcpAsync(a.Namespace, b.Namespace, b.V4, 80);
        using ConntrackSocket flows = ConntrackSocket.OpenIn(host.Namespace);
        Assert.NotEmpty(flows.ListFlows().Value);
        await host.DetachAsync(b.Endpoint);
        Assert.DoesNotContain(flows.ListFlows().Value, f => f.Original.Destination == b.V4 || f.Original.Source == b.V4);
    }

    private static async Task<(Workload A, Workload B)> StartAsync(TestHost host, PolicyView policy)
    {
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync(policy);
        await host.WaitProgrammedAsync(a, b);
        return (a, b);
    }

    private static async Task ChangeAsync(TestHost host, IpSetChange change)
    {
        await host.Loop.PostAsync(new Margay.Dataplane.ViewChanged(new ViewDelta { Epoch = "test", Revision = 1000, IpSetChanges = [change] }));
        await host.Loop.InspectAsync();
    }
}
