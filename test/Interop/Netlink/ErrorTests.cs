using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

/// <summary>What the kernel refuses comes back as a value with its words.</summary>
public class ErrorTests
{
    [Fact]
    public void SecondLinkOfAName_Exists()
    {
        using Sandbox s = new();
        s.AddVeth();
        NetlinkResult result = s.Route.CreateLink(new VethSpec { Name = "v0", PeerName = "v9" });
        Assert.True(result.Exists);
        Assert.True(result.IgnoreExists().Ok);
        Assert.Throws<NetlinkException>(() => result.ThrowIfFailed("create v0"));
    }

    [Fact]
    public void UnknownKind_IsNotSupported_WithTheKernelsWords()
    {
        using Sandbox s = new();
        NetlinkResult result = s.Route.CreateLink(new OtherLinkSpec("nosuchkind") { Name = "x0" });
        Assert.Equal(Errno.EOPNOTSUPP, result.Error);
        Assert.Equal("Unknown device type", result.Message);
    }

    [Fact]
    public void GatewayOutOfReach_HasTheKernelsWords()
    {
        using Sandbox s = new();
        int index = s.AddVeth();
        NetlinkResult result = s.Route.AddRoute(new RouteEntry
        {
            Destination = IpPrefix.Parse("10.0.0.0/8"), Gateway = InetAddress.Parse("192.0.2.1"), LinkIndex = index,
        });
        Assert.Equal(Errno.ENETUNREACH, result.Error);
        Assert.Equal("Nexthop has invalid gateway", result.Message);
        Assert.Equal("ENETUNREACH: Nexthop has invalid gateway", result.ToString());
    }

    [Fact]
    public void RouteThatIsNotThere_IsNotFound()
    {
        using Sandbox s = new();
        Assert.True(s.Route.DeleteRoute(new RouteEntry { Destination = IpPrefix.Parse("10.0.0.0/8") }).IsNotFound);
    }

    [Fact]
    public void AddressThatIsNotThere_IsNotFound()
    {
        using Sandbox s = new();
        int index = s.AddVeth();
        Assert.True(s.Route.DeleteAddress(InterfaceAddress.On(index, InetAddress.Parse("192.0.2.1"))).IsNotFound);
    }

    [Fact]
    public void WithoutTheCapability_IsNotPermitted()
    {
        using Sandbox s = new();
        // The request is judged by the user of the sender: a process without privileges, in the namespace, sends it.
        string output = Tool.Run("ip", "netns", "exec", s.Name, "setpriv", "--reuid=65534", "--clear-groups", Environment.ProcessPath!, "--netlink-eperm");
        Assert.Contains("EPERM", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Batch_NamesTheMessagesThatFailed_AndGoesOn()
    {
        using Sandbox s = new();
        int index = s.AddVeth();
        using RouteBatch batch = s.Route.CreateBatch(messagesPerSend: 4);
        for (int i = 0; i < 10; i++)
            batch.AddRoute(new RouteEntry { Destination = IpPrefix.Parse($"10.{(i == 7 ? 3 : i)}.0.0/16"), LinkIndex = i == 2 ? 9999 : index });
        NetlinkResult[] failures = [.. batch.Complete()];
        Assert.Equal([(2, Errno.ENODEV), (7, Errno.EEXIST)], failures.Select(f => (f.Index, f.Error)));
        Assert.Equal(8, s.Route.ListRoutes(new RouteFilter { IPv6 = false, Protocol = RouteProtocol.Static }).Value.Count);
        batch.DeleteRoute(new RouteEntry { Destination = IpPrefix.Parse("172.16.0.0/12") });
        Assert.Equal([0], batch.Complete().Select(f => f.Index));
    }

    [Fact]
    public void SocketSurvivesARefusedDump()
    {
        using Sandbox s = new();
        Assert.Empty(s.Route.ListRoutes(new RouteFilter { Table = 4711 }).Value);
        Assert.Single(s.Route.ListLinks().Value);
    }
}
