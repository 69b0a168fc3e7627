using Margay.Bgp.Session;
using Margay.Bgp.Tests.Session;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Rib;

/// <summary>A member of an update group that does not read: bounded memory, nobody else delayed, and the right table in the end.</summary>
public class SlowPeerTests
{
    private readonly Net _net = new();

    private static LocalRouteChange[] Block(int count, LocalRoute? route) =>
        [.. Enumerable.Range(0, count).Select(i => new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + (uint)i), 32), route))];

    [Fact]
    public void StuckMember_IsServedFromTheRib_CoalescedPerPrefix_AndNobodyWaitsForIt()
    {
        _net.Sim.Network.Window = 16 << 10;
        Speaker hub = _net.Add(1, 65000, options: o => o with { UpdateLogLimit = 64 << 10 });
        Speaker quick = _net.Add(2, 65002), stuck = _net.Add(3, 65003);
        _net.Link(hub, 1, quick, 2, p => p with { Timers = p.Timers with { Hold = TimeSpan.Zero } });
        _net.Link(hub, 1, stuck, 3, p => p with { Timers = p.Timers with { Hold = TimeSpan.Zero } });
        _net.AwaitUp(hub, 2);
        _net.AwaitUp(hub, 3);
        _net.AwaitUp(stuck, 1);
        SimConnection reader = (SimConnection)stuck.Prepared.Peers.Find("s1")!.Established!.Connection;
        reader.Paused = true;
        // 2,000 prefixes change 30 times: far more than the log may hold.
        for (uint med = 1; med <= 30; med++)
        {
            _net.Sim.Wait(hub.UpdateLocalRoutesAsync(Block(2000, new LocalRoute { Med = med })));
            _net.Run(0.05);
            Assert.Equal(2000, _net.Status(quick, 1).RoutesReceived);
            Assert.All(hub.Prepared.Groups.Values, g => Assert.InRange(g.Log.Bytes, 0, 64 << 10));
        }
        Assert.True(_net.Status(hub, 3).IsSlow);
        Assert.False(_net.Status(hub, 2).IsSlow);
        _net.Sim.Wait(hub.UpdateLocalRoutesAsync(Block(1000, null)));
        long before = _net.Status(stuck, 1).UpdatesReceived;
        reader.Paused = false;
        _net.Run(5);
        Assert.Equal(1000, _net.Status(stuck, 1).RoutesReceived);
        Assert.All(_net.Routes(stuck), r => Assert.Equal(30u, r.Attributes.Med));
        Assert.False(_net.Status(hub, 3).IsSlow);
        // Coalesced: what it was sent after it woke is of the order of the table, not of the 60,000 changes.
        Assert.InRange(_net.Status(stuck, 1).UpdatesReceived - before, 1, 40);
    }

    [Fact]
    public void StuckInItsFirstTable_IsToldItsEndAllTheSame()
    {
        _net.Sim.Network.Window = 16 << 10;
        Speaker hub = _net.Add(1, 65000, options: o => o with { UpdateLogLimit = 64 << 10 }), stuck = _net.Add(3, 65003);
        _net.Sim.Wait(hub.UpdateLocalRoutesAsync(Block(30_000, LocalRoute.Default)));
        _net.Link(hub, 1, stuck, 3, p => p with { Timers = p.Timers with { Hold = TimeSpan.Zero } });
        _net.AwaitUp(hub, 3);
        _net.AwaitUp(stuck, 1);
        BgpSession session = stuck.Prepared.Peers.Find("s1")!.Established!;
        SimConnection reader = (SimConnection)session.Connection;
        reader.Paused = true;
        for (uint med = 1; med <= 30; med++)
        {
            _net.Sim.Wait(hub.UpdateLocalRoutesAsync(Block(2000, new LocalRoute { Med = med })));
            _net.Run(0.05);
        }
        Assert.True(_net.Status(hub, 3).IsSlow);
        Assert.False(session.EndOfRib.HasFlag(FamilySet.IPv4Unicast));
        reader.Paused = false;
        _net.Run(5);
        Assert.Equal(30_000, _net.Status(stuck, 1).RoutesReceived);
        Assert.True(session.EndOfRib.HasFlag(FamilySet.IPv4Unicast));
    }

    [Fact]
    public void Joining_WhileRoutesChange_EndsWithTheRightTable()
    {
        _net.Sim.Network.Window = 8 << 10;
        Speaker hub = _net.Add(1, 65000), late = _net.Add(2, 65002);
        for (uint i = 0; i < 200; i++) _net.Sim.Wait(hub.UpdateLocalRoutesAsync([new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + i), 32), new LocalRoute { Med = i })]));
        _net.Link(hub, 1, late, 2);
        _net.AwaitUp(hub, 2);
        for (uint i = 0; i < 200; i += 2)
        {
            _net.Sim.Wait(hub.UpdateLocalRoutesAsync([new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + i), 32), i % 4 == 0 ? null : new LocalRoute { Med = 1000 + i })]));
            _net.Run(0.001);
        }
        _net.Run(5);
        Assert.Equal(150, _net.Status(late, 1).RoutesReceived);
        Assert.All(_net.Routes(late), r =>
        {
            r.Nlri.TryGetPrefix(out IpPrefix p);
            uint i = p.Address.IPv4Value & 0xffff;
            Assert.Equal(i % 2 == 0 ? 1000 + i : i, r.Attributes.Med);
        });
    }

    [Fact]
    public void AfterEverythingIsWithdrawn_NothingIsHeld()
    {
        Speaker hub = _net.Add(1, 65000), peer = _net.Add(2, 65002);
        _net.Link(hub, 1, peer, 2);
        _net.AwaitUp(hub, 2);
        _net.Sim.Wait(hub.UpdateLocalRoutesAsync(Block(500, LocalRoute.Default)));
        _net.Run(1);
        _net.Sim.Wait(hub.UpdateLocalRoutesAsync(Block(500, null)));
        _net.Run(1);
        foreach (Speaker s in new[] { hub, peer })
        {
            Assert.Equal(0, s.Prepared.Attributes.Count);
            Assert.All(s.Prepared.Tables, t => Assert.Equal((0, 0), (t.PrefixCount, t.ReclaimableCount)));
            Assert.All(s.Prepared.Groups.Values, g => Assert.Equal(0, g.Log.Bytes));
        }
    }
}
