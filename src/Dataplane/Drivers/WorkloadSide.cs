using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>The end of a link that the workload sees: addresses, gateways, neighbours.</summary>
internal static class WorkloadSide
{
    private const int LoopbackIndex = 1;

    /// <summary>Null when done, else what the kernel refused.</summary>
    public static string? SetUp(WorkloadLinkSpec spec, NetworkNamespace workload)
    {
        bool v4 = spec.Addresses.Any(a => a.IsIPv4), v6 = spec.Addresses.Any(a => a.IsIPv6);
        using RouteSocket socket = workload.Visit(() =>
        {
            // Container engines like to switch IPv6 off for new interfaces. A write takes the kernel's link lock even where it changes nothing; reading does not.
            string disabled = $"net/ipv6/conf/{spec.Interface}/disable_ipv6";
            if (v6 && Sysctl.Read(disabled) is { Ok: true, Value: not "0" }) Sysctl.Write(disabled, "0");
            return RouteSocket.Open();
        });
        NetlinkResult<Link> link = socket.GetLink(spec.Interface);
        if (!link.Ok) return $"find {spec.Interface} in the workload: {link.Result}";
        int index = link.Value.Index;
        using RouteBatch batch = socket.CreateBatch();
        List<string> steps = [];
        Step("set up the loopback link", () => batch.SetLink(LoopbackIndex, new LinkChange { Up = true }));
        Step($"set up {spec.Interface}", () => batch.SetLink(index, new LinkChange { Up = true }));
        foreach (InetAddress address in spec.Addresses)
        {
            Step($"address {address}", () => batch.AddAddress(
                new InterfaceAddress { LinkIndex = index, Local = address, PrefixLength = address.BitLength, Flags = address.IsIPv6 ? AddressFlags.NoDad : AddressFlags.None },
                replace: true));
        }
        foreach (InetAddress gateway in Gateways(v4, v6))
        {
            Step($"neighbour {gateway}", () => batch.AddNeighbour(new Neighbour { LinkIndex = index, Address = gateway, Mac = MacAddress.Gateway }, replace: true));
            // An IPv6 link-local gateway is on the link by itself; the IPv4 one needs to be told so.
            if (gateway.IsIPv4) Step($"route to {gateway}", () => batch.AddRoute(new RouteEntry { Destination = IpPrefix.Host(gateway), LinkIndex = index }, replace: true));
            Step($"default route via {gateway}", () => batch.AddRoute(DefaultRoute(gateway, index), replace: true));
        }
        foreach (NetlinkResult failure in batch.Complete())
            return $"{(failure.Index < 0 ? "set up the workload's side" : steps[failure.Index])}: {failure with { Index = -1 }}";
        return null;

        void Step(string what, Action action)
        {
            steps.Add(what);
            action();
        }
    }

    public static void Check(WorkloadLinkSpec spec, NetworkNamespace workload, List<string> faults)
    {
        using RouteSocket socket = RouteSocket.OpenIn(workload);
        NetlinkResult<Link> link = socket.GetLink(spec.Interface);
        if (!link.Ok)
        {
            faults.Add($"interface {spec.Interface}: {link.Result}");
            return;
        }
        if (!link.Value.IsUp) faults.Add($"interface {spec.Interface} is down");
        if (link.Value.Mac != spec.Mac) faults.Add($"interface {spec.Interface} has MAC address {link.Value.Mac}, not {spec.Mac}");
        NetlinkResult<IReadOnlyList<InterfaceAddress>> addresses = socket.ListAddresses(link.Value.Index);
        NetlinkResult<IReadOnlyList<RouteEntry>> routes = socket.ListRoutes(new RouteFilter { Table = RouteTable.Main });
        if (!addresses.Ok || !routes.Ok)
        {
            faults.Add($"list addresses and routes of the workload: {(addresses.Ok ? routes.Result : addresses.Result)}");
            return;
        }
        foreach (InetAddress address in spec.Addresses)
            if (!addresses.Value.Any(a => a.Local == address)) faults.Add($"interface {spec.Interface} lacks the address {address}");
        foreach (InetAddress gateway in Gateways(spec.Addresses.Any(a => a.IsIPv4), spec.Addresses.Any(a => a.IsIPv6)))
        {
            if (!routes.Value.Any(r => r.Gateway == gateway && r.Destination.Length == 0 && r.LinkIndex == link.Value.Index))
                faults.Add($"there is no default route via {gateway}");
        }
    }

    private static RouteEntry DefaultRoute(InetAddress gateway, int index) =>
        new() { Destination = gateway.IsIPv6 ? IpPrefix.DefaultV6 : IpPrefix.DefaultV4, Gateway = gateway, LinkIndex = index };

    private static IEnumerable<InetAddress> Gateways(bool v4, bool v6)
    {
        if (v4) yield return WorkloadLinks.GatewayV4;
        if (v6) yield return WorkloadLinks.GatewayV6;
    }
}
