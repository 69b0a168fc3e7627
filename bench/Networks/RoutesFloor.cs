using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Networks.Bench;

/// <summary>The same routes by raw netlink, one socket, 256 to a send, over a nexthop object for each host and network.</summary>
internal static class RoutesFloor
{
    internal static void Run()
    {
        using RouteSocket host = RouteSocket.Open();
        List<(NetworkNamespace Space, RouteSocket Socket, int Link)> networks = [];
        for (int n = 0; n < FabricRoutes.Networks; n++)
        {
            NetworkNamespace space = NetworkNamespace.CreateAnonymous();
            host.CreateLink(new VxlanSpec { Name = "vxlan", Vni = FabricRoutes.Vni(n), Local = HostingProduct.OwnEnd.Address, Namespace = space, Up = true }).ThrowIfFailed("make the tunnel");
            RouteSocket socket = RouteSocket.OpenIn(space);
            networks.Add((space, socket, socket.GetLink("vxlan").Value.Index));
        }
        List<(double Wall, double Cpu)> times = [];
        for (int round = 0; round < 3; round++)
        {
            long begun = TimeProvider.System.GetTimestamp();
            TimeSpan cpu = HostUsage.CpuNow();
            foreach ((_, RouteSocket socket, int link) in networks)
            {
                using RouteBatch batch = socket.CreateBatch();
                for (int h = 0; h < FabricRoutes.Hosts; h++) batch.AddNexthop(new Nexthop { Id = (uint)h + 1, Gateway = FabricRoutes.Host(h).RouterMac.ToLinkLocal(), LinkIndex = link });
                for (int i = 0; i < FabricRoutes.PerNetwork; i++) batch.AddRoute(new RouteEntry { Destination = FabricRoutes.Prefix(i), NexthopId = (uint)FabricRoutes.HostOf(i) + 1, Protocol = (RouteProtocol)80 });
                if (batch.Complete() is [var refused, ..]) throw new InvalidOperationException(refused.ToString());
            }
            times.Add((TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds, (HostUsage.CpuNow() - cpu).TotalMilliseconds));
            // The routes go with the objects.
            foreach ((_, RouteSocket socket, _) in networks)
            {
                using RouteBatch batch = socket.CreateBatch();
                for (int h = 0; h < FabricRoutes.Hosts; h++) batch.DeleteNexthop((uint)h + 1);
                batch.Complete();
            }
        }
        Console.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"| raw netlink, routes known beforehand (least of 3) | {times.Min(t => t.Wall):0} | {times.Min(t => t.Cpu):0} |"));
        foreach ((NetworkNamespace space, RouteSocket socket, _) in networks)
        {
            socket.Dispose();
            space.Dispose();
        }
    }
}
