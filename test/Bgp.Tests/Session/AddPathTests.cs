namespace Margay.Bgp.Tests.Session;

/// <summary>ADD-PATH (RFC 7911): all usable paths to a peer that asked, each with an id that stays.</summary>
public class AddPathTests
{
    private readonly Net _net = new();

    [Fact]
    public void AllPathsArrive_ChangeAndGo_EachByItself()
    {
        Speaker rr = _net.Add(1, 65000), a = _net.Add(2, 65000), b = _net.Add(3, 65000), c = _net.Add(4, 65000), plain = _net.Add(5, 65000);
        _net.Link(rr, 1, a, 2, p => p with { RouteReflectorClient = true });
        _net.Link(rr, 1, b, 3, p => p with { RouteReflectorClient = true });
        _net.Link(rr, 1, c, 4, p => p with { RouteReflectorClient = true, AddPath = AddPathMode.Send }, p => p with { AddPath = AddPathMode.Receive });
        _net.Link(rr, 1, plain, 5, p => p with { RouteReflectorClient = true });
        for (int n = 2; n <= 5; n++) _net.AwaitUp(rr, n);
        _net.Announce(a, "192.0.2.0/24", new LocalRoute { LocalPref = 200 });
        _net.Announce(b, "192.0.2.0/24", new LocalRoute { LocalPref = 100 });
        _net.Run(1);
        Assert.Equal(2, _net.Routes(c, RibKind.AdjRibIn).Length);
        Assert.Equal(2, _net.Routes(c, RibKind.AdjRibIn).Select(r => r.PathId).Distinct().Count());
        Assert.Single(_net.Routes(plain, RibKind.AdjRibIn));
        // A path that is not the best changes: only ADD-PATH peers hear of it, under the same id.
        uint id = _net.Routes(c, RibKind.AdjRibIn).Single(r => r.Attributes.LocalPref == 100).PathId;
        _net.Announce(b, "192.0.2.0/24", new LocalRoute { LocalPref = 150 });
        _net.Run(1);
        Assert.Equal(id, _net.Routes(c, RibKind.AdjRibIn).Single(r => r.Attributes.LocalPref == 150).PathId);
        Assert.Equal(2, _net.Routes(c, RibKind.AdjRibIn).Length);
        // The best goes: the other is left, and the plain peer changes over.
        _net.Withdraw(a, "192.0.2.0/24");
        _net.Run(1);
        Assert.Equal(150u, Assert.Single(_net.Routes(c, RibKind.AdjRibIn)).Attributes.LocalPref);
        Assert.Equal(150u, Assert.Single(_net.Routes(plain, RibKind.AdjRibIn)).Attributes.LocalPref);
        _net.Withdraw(b, "192.0.2.0/24");
        _net.Run(1);
        Assert.Empty(_net.Routes(c, RibKind.AdjRibIn));
        Assert.Equal(0, rr.Prepared.Tables[0].ReclaimableCount);
    }

    [Fact]
    public void OwnPathIsNotSentBack_AndALateJoinerGetsAll()
    {
        Speaker rr = _net.Add(1, 65000), a = _net.Add(2, 65000), b = _net.Add(3, 65000);
        foreach ((Speaker s, int n) in new[] { (a, 2), (b, 3) })
            _net.Link(rr, 1, s, n, p => p with { RouteReflectorClient = true, AddPath = AddPathMode.Both }, p => p with { AddPath = AddPathMode.Both });
        _net.Announce(a, "192.0.2.0/24");
        _net.Announce(b, "192.0.2.0/24");
        _net.AwaitUp(rr, 2);
        _net.AwaitUp(rr, 3);
        _net.Run(1);
        Assert.Equal(Net.Address(3), Assert.Single(_net.Routes(a, RibKind.AdjRibIn)).Attributes.NextHop);
        Assert.Equal(Net.Address(2), Assert.Single(_net.Routes(b, RibKind.AdjRibIn)).Attributes.NextHop);
        Speaker late = _net.Add(4, 65000);
        _net.Link(rr, 1, late, 4, p => p with { RouteReflectorClient = true, AddPath = AddPathMode.Send }, p => p with { AddPath = AddPathMode.Receive });
        _net.AwaitUp(rr, 4);
        _net.Run(1);
        Assert.Equal(2, _net.Routes(late, RibKind.AdjRibIn).Length);
    }
}
