using System.Text.Json.Nodes;
using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

public class RouteTests
{
    private const RouteProtocol Mine = (RouteProtocol)80;

    private static void Prepare(Sandbox s)
    {
        s.AddVeth();
        s.Ip("addr add 192.0.2.1/24 dev v0");
        s.Ip("addr add 2001:db8::1/64 dev v0 nodad");
        s.Ip("nexthop add id 5 via 192.0.2.5 dev v0");
        s.Ip("nexthop add id 6 via 2001:db8::6 dev v0");
    }

    public static TheoryData<string, Func<int, RouteEntry>> Routes => new()
    {
        { "route add 10.1.0.0/16 dev v0 proto static", i => Route("10.1.0.0/16") with { LinkIndex = i } },
        { "route add 10.1.0.0/16 via 192.0.2.9 proto static", _ => Route("10.1.0.0/16") with { Gateway = Ip("192.0.2.9") } },
        { "route add 10.1.0.0/16 via 192.0.2.9 dev v0 metric 7 proto 80", i => Route("10.1.0.0/16") with { Gateway = Ip("192.0.2.9"), LinkIndex = i, Priority = 7, Protocol = Mine } },
        { "route add default via 198.51.100.9 dev v0 onlink proto static", i => Route("0.0.0.0/0") with { Gateway = Ip("198.51.100.9"), LinkIndex = i, OnLink = true } },
        { "route add 10.1.0.1/32 dev v0 table 1001 proto static src 192.0.2.1", i => Route("10.1.0.1/32") with { LinkIndex = i, Table = 1001, PreferredSource = Ip("192.0.2.1") } },
        { "route add 10.1.0.0/16 via inet6 2001:db8::9 dev v0 proto static", i => Route("10.1.0.0/16") with { Gateway = Ip("2001:db8::9"), LinkIndex = i } },
        { "route add blackhole 10.1.0.0/16 proto static", _ => Route("10.1.0.0/16") with { Type = RouteType.Blackhole } },
        { "route add unreachable 10.1.0.0/16 proto static metric 4278198272", _ => Route("10.1.0.0/16") with { Type = RouteType.Unreachable, Priority = 4278198272 } },
        { "route add throw 10.1.0.0/16 proto static table 99", _ => Route("10.1.0.0/16") with { Type = RouteType.Throw, Table = 99 } },
        { "route add 10.1.0.0/16 nhid 5 proto static", _ => Route("10.1.0.0/16") with { NexthopId = 5 } },
        { "route add 10.1.0.0/16 dev v0 mtu 1280 proto static", i => Route("10.1.0.0/16") with { LinkIndex = i, Mtu = 1280 } },
        { "route add 10.1.0.0/16 proto static nexthop via 192.0.2.7 dev v0 weight 1 nexthop via 192.0.2.8 dev v0 weight 3",
            i => Route("10.1.0.0/16") with { Hops = [new RouteHop(Ip("192.0.2.7"), i), new RouteHop(Ip("192.0.2.8"), i, 3)] } },
        { "route add local 10.1.0.1 dev v0 table local proto static", i => Route("10.1.0.1/32") with { LinkIndex = i, Type = RouteType.Local, Table = RouteTable.Local } },
        { "-6 route add 2001:db8:1::/48 dev v0 proto static", i => Route("2001:db8:1::/48") with { LinkIndex = i } },
        { "-6 route add 2001:db8:1::/48 via 2001:db8::9 metric 50 proto static", i => Route("2001:db8:1::/48") with { Gateway = Ip("2001:db8::9"), Priority = 50, LinkIndex = i } },
        { "-6 route add 2001:db8:1::/48 via fe80::1 dev v0 table 1001 proto 80", i => Route("2001:db8:1::/48") with { Gateway = Ip("fe80::1"), LinkIndex = i, Table = 1001, Protocol = Mine } },
        { "-6 route add default nhid 6 proto static", _ => Route("::/0") with { NexthopId = 6 } },
        { "-6 route add unreachable 2001:db8:1::/48 proto static", _ => Route("2001:db8:1::/48") with { Type = RouteType.Unreachable } },
        { "-6 route add blackhole 2001:db8:1::/48 proto static", _ => Route("2001:db8:1::/48") with { Type = RouteType.Blackhole } },
        { "-6 route add 2001:db8:1::/48 proto static nexthop via 2001:db8::7 dev v0 weight 2 nexthop via 2001:db8::8 dev v0",
            i => Route("2001:db8:1::/48") with { Hops = [new RouteHop(Ip("2001:db8::7"), i, 2), new RouteHop(Ip("2001:db8::8"), i)] } },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public void Route_IsTheSameAsIps_AndReadsBackAsItWasAdded(string command, Func<int, RouteEntry> make)
    {
        Twin.AssertSame(
            s =>
            {
                Prepare(s);
                s.Ip(command);
            },
            s =>
            {
                Prepare(s);
                RouteEntry route = make(s.Route.GetLink("v0").Value.Index);
                s.Route.AddRoute(route).ThrowIfFailed();
                RouteFilter filter = new() { IPv6 = route.Destination.IsIPv6, Table = route.Table, Protocol = route.Protocol };
                RouteEntry read = Assert.Single(s.Route.ListRoutes(filter).Value, r => r.Destination == route.Destination);
                // The kernel fills in the link of a gateway that was given without one.
                Assert.Equal(route.LinkIndex == 0 && route.Gateway is not null ? route with { LinkIndex = read.LinkIndex } : route, read);
            },
            s => NotOfTheKernel(s.IpJson(command.StartsWith("-6", StringComparison.Ordinal) ? "-6 route show table all" : "-4 route show table all")));
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public void Delete_TakesWhatAddMade(string command, Func<int, RouteEntry> make)
    {
        using Sandbox s = new();
        Prepare(s);
        s.Ip(command);
        RouteEntry route = make(s.Route.GetLink("v0").Value.Index);
        s.Route.DeleteRoute(route).ThrowIfFailed();
        Assert.DoesNotContain(s.Route.ListRoutes().Value, r => r.Destination == route.Destination && r.Protocol == route.Protocol);
        Assert.True(s.Route.DeleteRoute(route).IsNotFound);
    }

    [Fact]
    public void Replace_ChangesInPlace()
    {
        using Sandbox s = new();
        Prepare(s);
        int link = s.Route.GetLink("v0").Value.Index;
        s.Route.AddRoute(Route("10.0.0.0/8") with { LinkIndex = link }).ThrowIfFailed();
        Assert.True(s.Route.AddRoute(Route("10.0.0.0/8") with { NexthopId = 5 }).Exists);
        s.Route.AddRoute(Route("10.0.0.0/8") with { NexthopId = 5 }, replace: true).ThrowIfFailed();
        Assert.Equal(Route("10.0.0.0/8") with { NexthopId = 5 }, Assert.Single(s.Route.ListRoutes(new RouteFilter { IPv6 = false, Protocol = RouteProtocol.Static }).Value));
    }

    [Fact]
    public void Filter_IsAppliedByTheKernel()
    {
        using Sandbox s = new();
        Prepare(s);
        s.Ip("link add w0 type veth peer name w1");
        s.Ip("link set w0 up");
        int v0 = s.Route.GetLink("v0").Value.Index;
        int w0 = s.Route.GetLink("w0").Value.Index;
        RouteEntry[] routes =
        [
            Route("10.0.0.0/8") with { LinkIndex = v0 },
            Route("10.1.0.0/16") with { LinkIndex = w0, Protocol = Mine },
            Route("10.2.0.0/16") with { LinkIndex = w0, Table = 77, Protocol = Mine },
            Route("10.3.0.0/16") with { Type = RouteType.Blackhole, Table = 77 },
            Route("2001:db8:9::/48") with { LinkIndex = w0, Table = 77, Protocol = Mine },
        ];
        foreach (RouteEntry route in routes) s.Route.AddRoute(route).ThrowIfFailed();
        Assert.Equal([routes[1], routes[2], routes[4]], Listed(new RouteFilter { Protocol = Mine }));
        Assert.Equal([routes[2], routes[3], routes[4]], Listed(new RouteFilter { Table = 77 }));
        Assert.Equal([routes[2], routes[4]], Listed(new RouteFilter { Table = 77, LinkIndex = w0 }));
        Assert.Equal([routes[3]], Listed(new RouteFilter { Type = RouteType.Blackhole, IPv6 = false }));
        Assert.Empty(Listed(new RouteFilter { Table = 4711 }));
        IEnumerable<RouteEntry> Listed(RouteFilter filter) => s.Route.ListRoutes(filter).Value.OrderBy(r => r.Destination);
    }

    [Fact]
    public void Lookup_SaysWhatTheKernelWouldDo()
    {
        using Sandbox s = new();
        Prepare(s);
        s.Route.AddRoute(Route("10.0.0.0/8") with { Gateway = Ip("192.0.2.9") }).ThrowIfFailed();
        s.Route.AddRoute(Route("10.9.0.0/16") with { Type = RouteType.Unreachable }).ThrowIfFailed();
        RouteEntry found = s.Route.LookupRoute(Ip("10.1.2.3")).Value;
        Assert.Equal((IpPrefix.Parse("10.0.0.0/8"), Ip("192.0.2.9")), (found.Destination, found.Gateway!.Value));
        Assert.Equal(Errno.ENETUNREACH, s.Route.LookupRoute(Ip("203.0.113.1")).Error);
    }

    [Fact]
    public void LookupOfIPv6_SaysWhatTheKernelWouldDo()
    {
        using Sandbox s = new();
        int link = s.AddVeth();
        s.Ip("addr add 2001:db8::1/64 dev v0 nodad");
        s.Ip("-6 route add 2001:db8:8::/48 via 2001:db8::9");
        RouteEntry found = s.Route.LookupRoute(Ip("2001:db8:8::3")).Value;
        Assert.Equal((IpPrefix.Parse("2001:db8:8::/48"), Ip("2001:db8::9"), link), (found.Destination, found.Gateway!.Value, found.LinkIndex));
        Assert.Equal(RouteTable.Main, found.Table);
        Assert.Null(s.Route.LookupRoute(Ip("2001:db8::9")).Value.Gateway);
        Assert.Equal(Errno.ENETUNREACH, s.Route.LookupRoute(Ip("2001:db8:ffff::1")).Error);
    }

    [Fact]
    public void Batch_TenThousandRoutes_AreAllThere()
    {
        using Sandbox s = new();
        int link = s.AddVeth();
        InetAddress start = Ip("10.0.0.0");
        using RouteBatch batch = s.Route.CreateBatch();
        for (uint i = 0; i < 10_000; i++) batch.AddRoute(new RouteEntry { Destination = IpPrefix.Host(start.Add(i)), LinkIndex = link, Protocol = Mine });
        Assert.Empty(batch.Complete());
        Assert.Equal(10_000, s.Route.ListRoutes(new RouteFilter { Protocol = Mine, IPv6 = false }).Value.Count);
        for (uint i = 0; i < 10_000; i++) batch.DeleteRoute(new RouteEntry { Destination = IpPrefix.Host(start.Add(i)), LinkIndex = link, Protocol = Mine });
        Assert.Empty(batch.Complete());
        Assert.Empty(s.Route.ListRoutes(new RouteFilter { Protocol = Mine }).Value);
    }

    /// <summary>What the kernel adds for addresses comes in its own time.</summary>
    private static JsonArray NotOfTheKernel(JsonNode? routes) =>
        new([.. routes!.AsArray().Where(r => (string?)r!["protocol"] != "kernel").Select(r => r!.DeepClone())]);

    private static RouteEntry Route(string prefix) => new() { Destination = IpPrefix.Parse(prefix) };

    private static InetAddress Ip(string address) => InetAddress.Parse(address);
}
