using Margay.Core.Net;
using Margay.Netlink.Route;

namespace Margay.Interop.Netlink;

public class NeighbourTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:09");

    public static TheoryData<string, Func<int, Neighbour>> Neighbours => new()
    {
        { "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent", i => new Neighbour { LinkIndex = i, Address = InetAddress.Parse("192.0.2.9"), Mac = Mac } },
        { "neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev v0 nud permanent router", i => new Neighbour { LinkIndex = i, Address = InetAddress.Parse("2001:db8::9"), Mac = Mac, Flags = NeighbourFlags.Router } },
        { "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0 nud noarp extern_learn protocol 80", i => new Neighbour { LinkIndex = i, Address = InetAddress.Parse("192.0.2.9"), Mac = Mac, State = NeighbourState.NoArp, Flags = NeighbourFlags.ExternallyLearned, Protocol = (RouteProtocol)80 } },
    };

    [Theory]
    [MemberData(nameof(Neighbours))]
    public void Neighbour_IsTheSameAsIps_AndReadsBackAsItWasAdded(string command, Func<int, Neighbour> make) => Twin.AssertSame(
        s =>
        {
            s.AddVeth();
            s.Ip(command);
        },
        s =>
        {
            int index = s.AddVeth();
            Neighbour neighbour = make(index);
            s.Route.AddNeighbour(neighbour).ThrowIfFailed();
            Assert.True(s.Route.AddNeighbour(neighbour).Exists);
            s.Route.AddNeighbour(neighbour, replace: true).ThrowIfFailed();
            Assert.Equal(neighbour, Assert.Single(s.Route.ListNeighbours(index).Value, n => n.Address == neighbour.Address));
        },
        s => s.IpJson($"neigh show to {(command.Contains("2001:", StringComparison.Ordinal) ? "2001:db8::/32" : "192.0.2.0/24")} dev v0 nud all"));

    [Theory]
    [InlineData("192.0.2.50")]
    [InlineData("2001:db8::50")]
    public void Proxy_IsTheSameAsIps(string address) => Twin.AssertSame(
        s =>
        {
            s.AddVeth();
            s.Ip($"neigh add proxy {address} dev v0");
        },
        s =>
        {
            int index = s.AddVeth();
            Neighbour proxy = Neighbour.Proxy(index, InetAddress.Parse(address));
            s.Route.AddNeighbour(proxy).ThrowIfFailed();
            Assert.Equal(proxy, Assert.Single(s.Route.ListNeighbours(index, proxies: true).Value));
            Assert.Empty(s.Route.ListNeighbours(index + 1, proxies: true).Value);
        },
        s => s.IpJson("neigh show proxy"));

    [Fact]
    public void Delete_TakesEntryAndProxy()
    {
        using Sandbox s = new();
        int index = s.AddVeth();
        Neighbour entry = new() { LinkIndex = index, Address = InetAddress.Parse("192.0.2.9"), Mac = Mac };
        Neighbour proxy = Neighbour.Proxy(index, InetAddress.Parse("192.0.2.50"));
        s.Route.AddNeighbour(entry).ThrowIfFailed();
        s.Route.AddNeighbour(proxy).ThrowIfFailed();
        s.Route.DeleteNeighbour(entry).ThrowIfFailed();
        s.Route.DeleteNeighbour(proxy).ThrowIfFailed();
        Assert.True(s.Route.DeleteNeighbour(proxy).IsNotFound);
        Assert.Empty(s.Route.ListNeighbours(index, proxies: true).Value);
    }

    public static TheoryData<string, Func<int, FdbEntry>> Entries => new()
    {
        { "fdb add 02:00:00:00:00:09 dev vx dst 192.0.2.9 self permanent", i => new FdbEntry { LinkIndex = i, Mac = Mac, Destination = InetAddress.Parse("192.0.2.9") } },
        { "fdb add 02:00:00:00:00:09 dev vx dst 192.0.2.9 port 4790 vni 77 self permanent", i => new FdbEntry { LinkIndex = i, Mac = Mac, Destination = InetAddress.Parse("192.0.2.9"), Port = 4790, Vni = 77 } },
        { "fdb add 00:00:00:00:00:00 dev vx dst 192.0.2.9 self permanent", i => new FdbEntry { LinkIndex = i, Mac = default, Destination = InetAddress.Parse("192.0.2.9") } },
        { "fdb add 02:00:00:00:00:09 dev vx nhid 8 self permanent", i => new FdbEntry { LinkIndex = i, Mac = Mac, NexthopId = 8 } },
    };

    [Theory]
    [MemberData(nameof(Entries))]
    public void Fdb_IsTheSameAsBridges_AndReadsBackAsItWasAdded(string command, Func<int, FdbEntry> make) => Twin.AssertSame(
        s =>
        {
            Vxlan(s);
            Tool.Run("bridge", ["-n", s.Name, .. command.Split(' ')]);
        },
        s =>
        {
            FdbEntry entry = make(Vxlan(s));
            s.Route.AddFdb(entry).ThrowIfFailed();
            Assert.Equal(entry, Assert.Single(s.Route.ListFdb(entry.LinkIndex).Value));
            s.Route.DeleteFdb(entry).ThrowIfFailed();
            Assert.Empty(s.Route.ListFdb(entry.LinkIndex).Value);
            s.Route.AddFdb(entry).ThrowIfFailed();
        },
        s => s.BridgeJson("fdb show dev vx"));

    [Fact]
    public void Fdb_DefaultEntry_FloodsToSeveral()
    {
        using Sandbox s = new();
        int index = Vxlan(s);
        foreach (string vtep in new[] { "192.0.2.1", "192.0.2.2" })
            s.Route.AddFdb(new FdbEntry { LinkIndex = index, Mac = default, Destination = InetAddress.Parse(vtep) }, append: true).ThrowIfFailed();
        Assert.Equal(["192.0.2.1", "192.0.2.2"], s.Route.ListFdb(index).Value.Select(e => $"{e.Destination}").Order());
    }

    private static int Vxlan(Sandbox s)
    {
        s.Ip("nexthop add id 7 via 192.0.2.7 fdb");
        s.Ip("nexthop add id 8 group 7 fdb");
        s.Ip("link add vx type vxlan id 5 local 127.0.0.1 dstport 4789 nolearning");
        return s.Route.GetLink("vx").Value.Index;
    }
}
