using System.Diagnostics;
using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Bench;

/// <summary>The library: one batch of adds, one of deletes. With objects, their creation is in the time.</summary>
internal sealed class LibraryContender(string name, int routes, int gateways, bool objects) : Contender(name, routes)
{
    private const RouteProtocol Mine = (RouteProtocol)80;
    private const uint FirstDestination = 0x0b000000;
    private const uint FirstGateway = 0x0afa0002;

    protected override Sample Measure(BenchNamespace space)
    {
        using RouteSocket socket = RouteSocket.OpenIn(space.Namespace);
        using RouteBatch batch = socket.CreateBatch();
        GC.Collect();
        long slab = BenchNamespace.Slab();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        for (uint i = 0; objects && i < gateways; i++)
            batch.AddNexthop(new Nexthop { Id = i + 1, Gateway = InetAddress.FromIPv4(FirstGateway + i), LinkIndex = space.LinkIndex, OnLink = true, Protocol = Mine });
        for (int i = 0; i < Routes; i++) batch.AddRoute(Make(i, space.LinkIndex));
        Check(batch.Complete());
        double add = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        double addCpu = (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        slab = BenchNamespace.Slab() - slab;

        start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Routes; i++) batch.DeleteRoute(Make(i, space.LinkIndex));
        Check(batch.Complete());
        double delete = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        int left = socket.ListRoutes(new RouteFilter { IPv6 = false, Protocol = Mine }).Value.Count;
        return left == 0 ? new Sample(add, delete, addCpu, slab, allocated) : throw new InvalidOperationException($"{left} routes are left");
    }

    private RouteEntry Make(int i, int link)
    {
        IpPrefix destination = IpPrefix.Host(InetAddress.FromIPv4(FirstDestination + (uint)i));
        uint gateway = (uint)(i % gateways);
        return objects
            ? new RouteEntry { Destination = destination, NexthopId = gateway + 1, Protocol = Mine }
            : gateways == 1
                ? new RouteEntry { Destination = destination, LinkIndex = link, Protocol = Mine }
                : new RouteEntry { Destination = destination, LinkIndex = link, Gateway = InetAddress.FromIPv4(FirstGateway + gateway), OnLink = true, Protocol = Mine };
    }

    private static void Check(IReadOnlyList<NetlinkResult> failures)
    {
        if (failures.Count > 0) failures[0].ThrowIfFailed($"{failures.Count} failed; the first");
    }
}
