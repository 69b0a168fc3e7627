using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

public class MonitorTests
{
    [Fact]
    public async Task EveryKindOfChange_IsReported()
    {
        using Sandbox s = new();
        s.Ip("link set lo up");
        using RouteMonitor monitor = RouteMonitor.OpenIn(s.Namespace);
        s.Ip("link add v0 type veth peer name v1");
        s.Ip("link set v0 up");
        s.Ip("link set v1 up");
        s.Ip("addr add 192.0.2.1/24 dev v0");
        s.Ip("route add 10.0.0.0/8 via 192.0.2.9");
        s.Ip("nexthop add id 5 via 192.0.2.5 dev v0");
        s.Ip("neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0");
        s.Ip("rule add pref 100 lookup 77");
        s.Ip("link add vx type vxlan id 5 local 192.0.2.1 dstport 4789 nolearning");
        Tool.Run("bridge", "-n", s.Name, "fdb", "add", "02:00:00:00:00:09", "dev", "vx", "dst", "192.0.2.9", "self");
        s.Ip("route del 10.0.0.0/8");
        s.Ip("rule del pref 100");
        s.Ip("link del v0");

        List<RouteEvent> events = [];
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(10));
        await foreach (RouteEvent e in monitor.ReadAllAsync(timeout.Token))
        {
            events.Add(e);
            if (e is LinkEvent { Removed: true, Link.Name: "v0" }) break;
        }
        Assert.Contains(events, e => e is LinkEvent { Removed: false, Link.Name: "v0" });
        Assert.Contains(events, e => e is AddressEvent { Removed: false } a && a.Address.Local == InetAddress.Parse("192.0.2.1"));
        Assert.Contains(events, e => e is RouteEntryEvent { Removed: false } r && r.Route.Destination == IpPrefix.Parse("10.0.0.0/8"));
        Assert.Contains(events, e => e is RouteEntryEvent { Removed: true } r && r.Route.Destination == IpPrefix.Parse("10.0.0.0/8"));
        Assert.Contains(events, e => e is NexthopEvent { Removed: false, Nexthop.Id: 5 });
        Assert.Contains(events, e => e is NeighbourEvent { Removed: false } n && n.Neighbour.Address == InetAddress.Parse("192.0.2.9"));
        Assert.Contains(events, e => e is FdbEvent { Removed: false } f && f.Entry.Destination == InetAddress.Parse("192.0.2.9"));
        Assert.Contains(events, e => e is RuleEvent { Removed: false, Rule.Priority: 100 });
        Assert.Contains(events, e => e is RuleEvent { Removed: true, Rule.Priority: 100 });
        Assert.DoesNotContain(events, e => e is RouteOverrun);
    }

    [Fact]
    public void Read_IsCancelled()
    {
        using Sandbox s = new();
        using RouteMonitor monitor = RouteMonitor.OpenIn(s.Namespace);
        Assert.False(monitor.TryRead(out _));
        using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(20));
        Assert.ThrowsAny<OperationCanceledException>(() => monitor.Read(soon.Token));
        s.Ip("link set lo up");
        Assert.IsType<LinkEvent>(monitor.Read(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TooManyChanges_AreReportedAsOverrun_AndReadingGoesOn()
    {
        using Sandbox s = new();
        int link = s.AddVeth();
        using RouteMonitor monitor = RouteMonitor.OpenIn(s.Namespace, RouteEvents.Routes, new NetlinkSocketOptions { ReceiveBufferSize = 4096 });
        using (RouteBatch batch = s.Route.CreateBatch())
        {
            for (uint i = 0; i < 500; i++)
                batch.AddRoute(new RouteEntry { Destination = IpPrefix.Host(InetAddress.FromIPv4(0x0a000000 + i)), LinkIndex = link });
            Assert.Empty(batch.Complete());
        }
        List<RouteEvent> events = [];
        while (monitor.TryRead(out RouteEvent? e)) events.Add(e);
        Assert.Contains(events, e => e is RouteOverrun);
        Assert.True(events.Count < 500);
        s.Ip("route del 10.0.0.1");
        Assert.IsType<RouteEntryEvent>(monitor.Read(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void PortId_TellsOnesOwnChanges()
    {
        using Sandbox s = new();
        int link = s.AddVeth();
        using RouteMonitor monitor = RouteMonitor.OpenIn(s.Namespace, RouteEvents.Routes);
        s.Route.AddRoute(new RouteEntry { Destination = IpPrefix.Parse("10.0.0.0/8"), LinkIndex = link }).ThrowIfFailed();
        Assert.Equal(s.Route.PortId, monitor.Read(TestContext.Current.CancellationToken).Sender);
        s.Ip("route del 10.0.0.0/8");
        Assert.NotEqual(s.Route.PortId, monitor.Read(TestContext.Current.CancellationToken).Sender);
    }

    [Fact]
    public void WhatTheIgnoredSenderDoes_IsNotEvenDelivered()
    {
        using Sandbox s = new();
        int link = s.AddVeth();
        using RouteMonitor monitor = RouteMonitor.OpenIn(s.Namespace, RouteEvents.Routes, new NetlinkSocketOptions { ReceiveBufferSize = 4096 }, ignoredSender: s.Route.PortId);
        using (RouteBatch batch = s.Route.CreateBatch())
        {
            // More than the buffer would hold.
            for (uint i = 0; i < 1000; i++) batch.AddRoute(new RouteEntry { Destination = IpPrefix.Host(InetAddress.FromIPv4(0x0a000000 + i)), LinkIndex = link });
            Assert.Empty(batch.Complete());
        }
        Assert.False(monitor.TryRead(out _));
        s.Ip("route del 10.0.0.7");
        RouteEntryEvent others = Assert.IsType<RouteEntryEvent>(monitor.Read(TestContext.Current.CancellationToken));
        Assert.Equal((IpPrefix.Parse("10.0.0.7/32"), true), (others.Route.Destination, others.Removed));
    }

    [Fact]
    public void OnlyWhatIsAskedFor_IsReported()
    {
        using Sandbox s = new();
        using RouteMonitor monitor = RouteMonitor.OpenIn(s.Namespace, RouteEvents.Rules);
        s.AddVeth();
        s.Ip("rule add pref 100 lookup 77");
        Assert.IsType<RuleEvent>(monitor.Read(TestContext.Current.CancellationToken));
        Assert.False(monitor.TryRead(out _));
    }
}
