using Margay.Bgp.Filter;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Session;

/// <summary>Policy and reflector roles that change while sessions are up: routes follow, sessions stay.</summary>
public class PolicyChangeTests
{
    private readonly Net _net = new();

    [Fact]
    public void ChangedImport_IsJudgedFromWhatWasReceived()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2);
        _net.Announce(a, "192.0.2.0/24");
        _net.Announce(a, "198.51.100.0/24");
        _net.AwaitRoute(b, "198.51.100.0/24");
        long updates = _net.Status(b, 1).UpdatesReceived;

        _net.ChangePeer(b, 1, p => p with { Import = Reject("192.0.2.0/24", "keep out") });
        _net.AwaitNoRoute(b, "192.0.2.0/24");
        RouteRow row = _net.Routes(b, RibKind.AdjRibIn).Single(r => r.Nlri.ToString() == "192.0.2.0/24");
        Assert.Equal("rejected by the import filter: keep out", row.Reason);
        Assert.Equal((2, 1), (_net.Status(b, 1).RoutesReceived, _net.Status(b, 1).RoutesAccepted));

        _net.ChangePeer(b, 1, p => p with { Import = null });
        _net.AwaitRoute(b, "192.0.2.0/24");
        Assert.Equal((1, updates), (_net.Status(b, 1).TimesEstablished, _net.Status(b, 1).UpdatesReceived));
    }

    [Fact]
    public void ChangedExport_TellsWhatDiffers()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2);
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(b, "192.0.2.0/24");
        _net.ChangePeer(a, 2, p => p with { Export = Reject("192.0.2.0/24", "not for you") });
        _net.AwaitNoRoute(b, "192.0.2.0/24");
        Assert.Contains(_net.Sim.Wait(a.ExplainAsync(IpPrefix.Parse("192.0.2.0/24")))!.NotAdvertisedTo, n => n.Reason == "rejected by the export filter: not for you");
        PolicyStatement tag = new("tag", RouteMatch.Any, PolicyAction.Accept) { Operations = [new RouteOperation.AddCommunity(new Community(65001, 5)), new RouteOperation.PrependAsPath(AsPath.Sequence(65001, 65001))] };
        _net.ChangePeer(a, 2, p => p with { Export = new RoutePolicy([tag], PolicyAction.Accept) });
        _net.AwaitRoute(b, "192.0.2.0/24");
        PathAttributes at = _net.Route(b, "192.0.2.0/24")!.Attributes;
        Assert.Equal(("65001 65001 65001", true), (at.AsPath.ToString(), at.HasCommunity(new Community(65001, 5))));
        Assert.Equal(1, _net.Status(a, 2).TimesEstablished);
    }

    [Fact]
    public void AnEqualPolicy_ChangesNothing()
    {
        Speaker a = _net.Add(1, 65001), b = _net.Add(2, 65002);
        _net.Link(a, 1, b, 2, p => p with { Export = Reject("198.51.100.0/24", "x") });
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(b, "192.0.2.0/24");
        long updates = _net.Status(b, 1).UpdatesReceived;
        _net.ChangePeer(a, 2, p => p with { Export = Reject("198.51.100.0/24", "x") });
        _net.Run(5);
        Assert.Equal(updates, _net.Status(b, 1).UpdatesReceived);
    }

    [Fact]
    public void ANodeBecomesAReflector_AndNoneAgain_WithinItsSessions()
    {
        Speaker a = _net.Add(1, 65000), rr = _net.Add(2, 65000), c = _net.Add(3, 65000);
        _net.Link(a, 1, rr, 2);
        _net.Link(rr, 2, c, 3);
        _net.Announce(a, "192.0.2.0/24");
        _net.AwaitRoute(rr, "192.0.2.0/24");
        _net.Run(5);
        Assert.Null(_net.Route(c, "192.0.2.0/24"));

        // Of two peers one being a client is enough, whichever (RFC 4456 §6).
        _net.ChangePeer(rr, 1, p => p with { RouteReflectorClient = true });
        _net.AwaitRoute(c, "192.0.2.0/24");
        Assert.Equal([Net.Address(2)], _net.Route(c, "192.0.2.0/24")!.Attributes.ClusterList);
        _net.Change(rr, x => x with { ClusterId = InetAddress.Parse("9.9.9.9") });
        Assert.True(_net.Sim.RunUntil(() => _net.Route(c, "192.0.2.0/24")!.Attributes.ClusterList is [var id] && id == InetAddress.Parse("9.9.9.9"), TimeSpan.FromSeconds(5)));
        _net.ChangePeer(rr, 1, p => p with { RouteReflectorClient = false });
        _net.AwaitNoRoute(c, "192.0.2.0/24");
        _net.ChangePeer(rr, 3, p => p with { RouteReflectorClient = true });
        _net.AwaitRoute(c, "192.0.2.0/24");
        Assert.All([_net.Status(rr, 1), _net.Status(rr, 3)], s => Assert.Equal(1, s.TimesEstablished));
    }

    private static RoutePolicy Reject(string prefix, string name) =>
        new([new PolicyStatement(name, new RouteMatch { Prefix = new PrefixMatch(IpPrefix.Parse(prefix), PrefixOperator.Equal) }, PolicyAction.Reject)], PolicyAction.Accept);
}
