using System.Net;
using System.Net.Sockets;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Interop.Dataplane;

/// <summary>Limits of an endpoint, by datagrams: how many of a quick series get through.</summary>
public sealed class LimitTests
{
    private const int Series = 40;

    [Theory]
    [InlineData("egress packets")]
    [InlineData("ingress packets")]
    [InlineData("egress bandwidth")]
    [InlineData("ingress bandwidth")]
    public async Task WhatIsOver_IsDropped_AndNothingAfterTheLimitIsGone(string what)
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload limited = await host.AddWorkloadAsync("a"), free = await host.AddWorkloadAsync("b");
        // Five packets; 11 kB, which are seven packets. Each second brings less than one more.
        PacketRateView packets = new(1, 5);
        BandwidthView bandwidth = new(8_000, 80_000, null, null);
        QosView limits = what switch
        {
            "egress packets" => new QosView { EgressPacketRate = packets },
            "ingress packets" => new QosView { IngressPacketRate = packets },
            "egress bandwidth" => new QosView { EgressBandwidth = bandwidth },
            _ => new QosView { IngressBandwidth = bandwidth },
        };
        await ApplyAsync(host, limits);
        await host.WaitProgrammedAsync(limited, free);
        (Workload from, Workload to) = what.StartsWith("egress", StringComparison.Ordinal) ? (limited, free) : (free, limited);
        using ToldDrops drops = new(host);
        // Both families share the limit: the first series takes what there is. What neighbours ask and tell does not count.
        Assert.InRange(Arriving(from, to), 5, 20);
        await drops.UntilAsync("over its rate", what.StartsWith("egress", StringComparison.Ordinal) ? PolicyType.Egress : PolicyType.Ingress);
        Assert.InRange(Arriving(from, to, v6: true), 0, 15);
        Assert.Equal(Series, Arriving(to, from));
        Assert.Contains("limit rate over", host.Ruleset(), StringComparison.Ordinal);
        await host.RestartAsync();
        Assert.InRange(Arriving(from, to), 0, 15);
        await ApplyAsync(host, null);
        Assert.DoesNotContain("limit-", host.Ruleset(), StringComparison.Ordinal);
        Assert.Equal(Series, Arriving(from, to));
    }

    /// <summary>A burst of any size, but not faster than the peak: its bucket holds a second's worth (1 kB) and the minimum burst, which are three packets.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PeakRate_HoldsWhatTheBurstWouldLetThrough(bool peak)
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload limited = await host.AddWorkloadAsync("a"), free = await host.AddWorkloadAsync("b");
        await ApplyAsync(host, new QosView { EgressBandwidth = new BandwidthView(8_000, 1L << 30, peak ? 8_080 : null, peak ? 3_400 : null) });
        await host.WaitProgrammedAsync(limited, free);
        int arrived = Arriving(limited, free);
        if (peak) Assert.InRange(arrived, 3, 10);
        else Assert.Equal(Series, arrived);
    }

    private static Task ApplyAsync(TestHost host, QosView? limits) => host.PostViewAsync(host.View with
    {
        Profiles = [Rules.AllowAllProfile], Endpoints = [.. host.Workloads.Select((w, i) => w.View([]) with { Qos = i == 0 ? limits : null })],
    });

    /// <summary>How many of a series of datagrams, sent at once, arrive; waits until no more come.</summary>
    private static int Arriving(Workload from, Workload to, bool v6 = false)
    {
        InetAddress source = v6 ? from.V6 : from.V4, destination = v6 ? to.V6 : to.V4;
        using Socket sender = Traffic.Open(from.Namespace, source, SocketType.Dgram), receiver = Traffic.Open(to.Namespace, destination, SocketType.Dgram);
        receiver.Bind(new IPEndPoint(destination.ToIPAddress(), 9000));
        byte[] datagram = new byte[1400];
        for (int i = 0; i < Series; i++) sender.SendTo(datagram, new IPEndPoint(destination.ToIPAddress(), 9000));
        int arrived = 0;
        while (receiver.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectRead)) arrived += receiver.Receive(datagram) > 0 ? 1 : 0;
        return arrived;
    }
}
