using Margay.Core.Net;
using Margay.Netlink.Route;

namespace Margay.Interop.Netlink;

public class NexthopTests
{
    private static void Prepare(Sandbox s)
    {
        s.Ip("link set lo up");
        s.AddVeth();
        s.Ip("addr add 192.0.2.1/24 dev v0");
        s.Ip("addr add 2001:db8::1/64 dev v0 nodad");
        s.Ip("nexthop add id 101 via 192.0.2.101 dev v0");
        s.Ip("nexthop add id 102 via 192.0.2.102 dev v0");
    }

    public static TheoryData<string, Func<int, Nexthop>> Nexthops => new()
    {
        { "nexthop add id 1 via 192.0.2.9 dev v0 proto static", i => new Nexthop { Id = 1, Gateway = InetAddress.Parse("192.0.2.9"), LinkIndex = i } },
        { "nexthop add id 1 via 198.51.100.9 dev v0 onlink proto 80", i => new Nexthop { Id = 1, Gateway = InetAddress.Parse("198.51.100.9"), LinkIndex = i, OnLink = true, Protocol = (RouteProtocol)80 } },
        { "nexthop add id 1 via fe80::9 dev v0 proto static", i => new Nexthop { Id = 1, Gateway = InetAddress.Parse("fe80::9"), LinkIndex = i } },
        { "nexthop add id 1 dev v0 proto static", i => new Nexthop { Id = 1, LinkIndex = i } },
        { "-6 nexthop add id 1 dev v0 proto static", i => new Nexthop { Id = 1, LinkIndex = i, IPv6 = true } },
        { "nexthop add id 1 blackhole proto static", _ => new Nexthop { Id = 1, Blackhole = true } },
        { "nexthop add id 1 group 101/102 proto static", _ => new Nexthop { Id = 1, Group = [new NexthopMember(101), new NexthopMember(102)] } },
        { "nexthop add id 1 group 101,3/102,200 proto static", _ => new Nexthop { Id = 1, Group = [new NexthopMember(101, 3), new NexthopMember(102, 200)] } },
        { "nexthop add id 1 via 192.0.2.9 fdb proto static", _ => new Nexthop { Id = 1, Gateway = InetAddress.Parse("192.0.2.9"), Fdb = true } },
    };

    [Theory]
    [MemberData(nameof(Nexthops))]
    public void Nexthop_IsTheSameAsIps_AndReadsBackAsItWasAdded(string command, Func<int, Nexthop> make) => Twin.AssertSame(
        s =>
        {
            Prepare(s);
            s.Ip(command);
        },
        s =>
        {
            Prepare(s);
            Nexthop nexthop = make(s.Route.GetLink("v0").Value.Index);
            s.Route.AddNexthop(nexthop).ThrowIfFailed();
            Assert.Equal(nexthop, s.Route.GetNexthop(1).Value with { HopFlags = default });
            Assert.True(s.Route.AddNexthop(nexthop).Exists);
        },
        s => s.IpJson("nexthop show"));

    [Fact]
    public void Replace_MovesAllRoutesOverIt()
    {
        using Sandbox s = new();
        Prepare(s);
        int link = s.Route.GetLink("v0").Value.Index;
        s.Route.AddRoute(new RouteEntry { Destination = IpPrefix.Parse("10.0.0.0/8"), NexthopId = 101 }).ThrowIfFailed();
        s.Route.AddNexthop(new Nexthop { Id = 101, Gateway = InetAddress.Parse("192.0.2.77"), LinkIndex = link }, replace: true).ThrowIfFailed();
        Assert.Equal("192.0.2.77", (string?)s.IpJson("route show 10.0.0.0/8")![0]!["gateway"]);
        Assert.Equal([101u, 102u], s.Route.ListNexthops().Value.Select(n => n.Id));
        s.Route.DeleteNexthop(101).ThrowIfFailed();
        Assert.True(s.Route.DeleteNexthop(101).IsNotFound);
        Assert.Empty(s.Route.ListRoutes(new RouteFilter { IPv6 = false, Protocol = RouteProtocol.Static }).Value);
    }
}
