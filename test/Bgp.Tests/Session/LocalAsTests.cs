using Margay.Bgp.Wire;

namespace Margay.Bgp.Tests.Session;

/// <summary>A local AS towards one external peer, in each of the ways that routers have.</summary>
public class LocalAsTests
{
    private readonly Net _net = new();

    [Theory]
    [InlineData(LocalAsModes.None, "64999", "65002")]
    [InlineData(LocalAsModes.ShowOwnAs, "64999 65001", "65002")]
    [InlineData(LocalAsModes.PrependInbound, "64999", "64999 65002")]
    [InlineData(LocalAsModes.ShowOwnAs | LocalAsModes.PrependInbound, "64999 65001", "64999 65002")]
    public void Path_OutAndIn(LocalAsModes mode, string sent, string received)
    {
        Speaker us = _net.Add(1, 65001), peer = _net.Add(2, 65002);
        _net.Peer(us, 2, 65002, p => p with { LocalAs = 64999, LocalAsMode = mode });
        _net.Peer(peer, 1, 64999);
        _net.AwaitUp(us, 2);
        _net.Announce(us, "192.0.2.0/24");
        _net.Announce(peer, "198.51.100.0/24");
        _net.AwaitRoute(peer, "192.0.2.0/24");
        _net.AwaitRoute(us, "198.51.100.0/24");
        Assert.Equal(sent, _net.Route(peer, "192.0.2.0/24")!.Attributes.AsPath.ToString());
        Assert.Equal(received, _net.Route(us, "198.51.100.0/24")!.Attributes.AsPath.ToString());
        Assert.Equal("65002", Assert.Single(_net.Routes(us, RibKind.AdjRibIn)).Attributes.AsPath.ToString());
    }

    [Fact]
    public void Mode_ChangesWithoutANewSession()
    {
        Speaker us = _net.Add(1, 65001), peer = _net.Add(2, 65002);
        _net.Peer(us, 2, 65002, p => p with { LocalAs = 64999 });
        _net.Peer(peer, 1, 64999);
        _net.Announce(us, "192.0.2.0/24");
        _net.Announce(peer, "198.51.100.0/24");
        _net.AwaitRoute(peer, "192.0.2.0/24");
        _net.ChangePeer(us, 2, p => p with { LocalAsMode = LocalAsModes.ShowOwnAs | LocalAsModes.PrependInbound });
        _net.Run(1);
        Assert.Equal("64999 65001", _net.Route(peer, "192.0.2.0/24")!.Attributes.AsPath.ToString());
        Assert.Equal("64999 65002", _net.Route(us, "198.51.100.0/24")!.Attributes.AsPath.ToString());
        Assert.Equal(1, _net.Status(peer, 1).TimesEstablished);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void OwnAs_InThePath_IsTakenAsOftenAsAllowed(int allowed, bool usable)
    {
        Speaker us = _net.Add(1, 65001), peer = _net.Add(2, 65002);
        _net.Link(us, 1, peer, 2, p => p with { AllowOwnAs = allowed });
        _net.Announce(peer, "192.0.2.0/24", new LocalRoute { AsPath = AsPath.Sequence(65001) });
        _net.AwaitUp(us, 2);
        _net.Run(1);
        Assert.Equal(usable, _net.Route(us, "192.0.2.0/24") is not null);
    }
}
