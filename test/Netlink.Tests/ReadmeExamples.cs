using Margay.Core.Net;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Namespaces;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Tests;

/// <summary>The examples of src/Netlink/README.md, line by line, so that they compile. Never run.</summary>
internal static class ReadmeExamples
{
    internal static async Task AllAsync(CancellationToken cancel)
    {
        using NetworkNamespace pod = NetworkNamespace.OpenNamed("pod");
        using RouteSocket socket = RouteSocket.Open();
        socket.CreateLink(new VethSpec { Name = "mg0", PeerName = "eth0", PeerNamespace = pod }).ThrowIfFailed();
        int link = socket.GetLink("mg0").Value.Index;
        socket.SetLink(link, new LinkChange { Up = true, Mac = MacAddress.Parse("ee:ee:ee:ee:ee:ee") }).ThrowIfFailed();
        socket.AddRoute(new RouteEntry { Destination = IpPrefix.Parse("10.65.0.2/32"), LinkIndex = link }, replace: true).ThrowIfFailed();

        using RouteSocket inside = RouteSocket.OpenIn(pod);
        int eth0 = inside.GetLink("eth0").Value.Index;
        inside.SetLink(eth0, new LinkChange { Up = true }).ThrowIfFailed();
        inside.AddAddress(InterfaceAddress.On(eth0, InetAddress.Parse("10.65.0.2"))).ThrowIfFailed();

        foreach (RouteEntry route in socket.ListRoutes(new RouteFilter { Table = 1001, Protocol = RouteProtocol.Bgp }).Value)
            Console.WriteLine($"{route.Destination} via {route.Gateway}");

        NetlinkResult result = socket.DeleteRoute(new RouteEntry { Destination = IpPrefix.Parse("10.65.0.2/32") });
        if (!result.Ok && !result.IsNotFound) Console.Error.WriteLine(result); // ENETUNREACH: Nexthop has invalid gateway

        using RouteBatch batch = socket.CreateBatch();
        batch.AddNexthop(new Nexthop { Id = 7, Gateway = InetAddress.Parse("192.0.2.7"), LinkIndex = link, OnLink = true });
        for (uint i = 0; i < 100_000; i++)
            batch.AddRoute(new RouteEntry { Destination = IpPrefix.Host(InetAddress.FromIPv4(0x0b000000 + i)), NexthopId = 7 });
        foreach (NetlinkResult failure in batch.Complete()) Console.Error.WriteLine($"message {failure.Index}: {failure}");

        using RouteMonitor monitor = RouteMonitor.Open(RouteEvents.Links | RouteEvents.Routes);
        await foreach (RouteEvent change in monitor.ReadAllAsync(cancel))
        {
            if (change is RouteOverrun) Console.WriteLine("some were lost: list again");
            if (change is RouteEntryEvent { Removed: true } gone && gone.Sender != socket.PortId) Console.WriteLine($"someone removed {gone.Route.Destination}");
        }

        NftTable table = new(NftFamily.Inet, "demo");
        NftChain chain = new(table, "input") { Hook = new NftHook(NftHookPoint.Input, 0), Policy = NftPolicy.Accept };
        NftSet blocked = new(table, "blocked", NftDataType.Ipv4Addr) { Interval = true, Comment = "who may not" };
        using NfTablesSocket nft = NfTablesSocket.Open(); // keep it open: closing waits for the kernel's clean-up
        using NfTablesBatch changes = new();
        changes.Add(table);
        changes.Add(chain);
        changes.Add(blocked);
        changes.AddElements(blocked, NftElement.Prefix(IpPrefix.Parse("198.51.100.0/24")), new NftElement(NftValue.From(InetAddress.Parse("203.0.113.9"))));
        changes.Add(new NftRule(chain, [.. NftMatch.CtState(NftCtState.Established | NftCtState.Related), NftImmediate.Accept]));
        changes.Add(new NftRule(chain, [.. NftMatch.NfProto(ipv6: false), NftMatch.Saddr(ipv6: false), new NftLookup("blocked"), new NftCounter(), NftImmediate.Drop]) { Comment = "blocked" });
        NetlinkResult committed = nft.Commit(changes); // ENOENT: add rule inet demo input (message 4)

        using ConntrackSocket conntrack = ConntrackSocket.OpenIn(pod);
        int cut = conntrack.DeleteFlows(new ConntrackFilter { AnyEnd = IpPrefix.Parse("10.65.0.2/32") }).Value;
        using NetworkNamespace fresh = NetworkNamespace.Create("fresh").Value; // as `ip netns add`
        fresh.WriteSysctl("net/ipv4/ip_forward", "1").ThrowIfFailed();
        NetworkNamespace.Delete("fresh").ThrowIfFailed();
    }
}
