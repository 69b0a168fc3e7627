using Margay.Bgp.Tests.Session;
using Margay.Bgp.Tests.Wire;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Hostile;

/// <summary>
/// Peers that attack with much of something, while an honest peer's session must not notice: its keepalives come in time, a route of it reaches another honest peer within
/// a second, and what the attack left behind is bounded.
/// </summary>
[Collection(typeof(Alone))]
public class StormTests
{
    private readonly Net _net = new();
    private readonly Speaker _us;
    private readonly Speaker _honest;
    private readonly Speaker _listener;
    private int _routes;

    public StormTests()
    {
        _us = _net.Add(1, 65001);
        _honest = _net.Add(3, 65003);
        _listener = _net.Add(4, 65004);
        static PeerSpec Alert(PeerSpec p) => p with { Timers = p.Timers with { Hold = TimeSpan.FromSeconds(3) } };
        _net.Link(_us, 1, _honest, 3, Alert, Alert);
        _net.Link(_us, 1, _listener, 4, Alert, Alert);
        _net.Peer(_us, 2, 65002, p => p with { Passive = true });
        _net.AwaitUp(_us, 3);
        _net.AwaitUp(_us, 4);
    }

    private void AssertHonestServed()
    {
        string prefix = $"192.0.{_routes++}.0/24";
        _net.Announce(_honest, prefix);
        _net.AwaitRoute(_listener, prefix, seconds: 1);
        foreach (int n in new[] { 3, 4 }) Assert.Equal((1, SessionState.Established), (_net.Status(_us, n).TimesEstablished, _net.Status(_us, n).State));
    }

    private RawPeer Raw(string address = "10.0.0.2") => new(_net.Sim.Network, InetAddress.Parse(address));

    private void Turn(RawPeer raw, double seconds = 0.01)
    {
        _net.Run(seconds);
        raw.Poll();
    }

    /// <summary>Header, what is wrong with it, and the subcode of RFC 4271 §6.1.</summary>
    public static TheoryData<string, HeaderSubcode> WrongHeaders => new()
    {
        { "00000000000000000000000000000000 0013 04", HeaderSubcode.ConnectionNotSynchronized },
        { "fffffffffffffffffffffffffffffffe 0013 04", HeaderSubcode.ConnectionNotSynchronized },
        { "ffffffffffffffffffffffffffffffff 0012 04", HeaderSubcode.BadMessageLength },
        { "ffffffffffffffffffffffffffffffff 0000 02", HeaderSubcode.BadMessageLength },
        { "ffffffffffffffffffffffffffffffff ffff 04", HeaderSubcode.BadMessageLength },
        { "ffffffffffffffffffffffffffffffff 0014 04 00", HeaderSubcode.BadMessageLength },
        { "ffffffffffffffffffffffffffffffff 0016 02 000000", HeaderSubcode.BadMessageLength },
        { "ffffffffffffffffffffffffffffffff 1001 02", HeaderSubcode.BadMessageLength },
        { "ffffffffffffffffffffffffffffffff 0013 00", HeaderSubcode.BadMessageType },
        { "ffffffffffffffffffffffffffffffff 0013 63", HeaderSubcode.BadMessageType },
    };

    [Theory]
    [MemberData(nameof(WrongHeaders))]
    public void WrongHeader_IsAnsweredByItsSubcode(string header, HeaderSubcode expected)
    {
        RawPeer raw = Raw();
        raw.Connect(Net.Address(1));
        Turn(raw);
        raw.Send(RawPeer.Open(Net.Address(2)), MessageHeader.Keepalive);
        Turn(raw);
        raw.Send(Convert.FromHexString(header.Replace(" ", "", StringComparison.Ordinal)));
        for (int i = 0; i < 5; i++) Turn(raw);
        Assert.Equal((ErrorCode.MessageHeader, (byte)expected), (raw.Notification!.Code, raw.Notification.Subcode));
        AssertHonestServed();
    }

    [Fact]
    public void OpenStorm_AThousandSessionsThatComeAndGo()
    {
        RawPeer raw = Raw();
        for (int i = 0; i < 1000; i++)
        {
            raw.Connect(Net.Address(1));
            Turn(raw, 0.003);
            raw.Send(RawPeer.Open(Net.Address(2)), MessageHeader.Keepalive);
            Turn(raw, 0.003);
            if (i % 2 == 0) raw.Connection!.Dispose();
            if (i % 250 == 0) AssertHonestServed();
        }
        AssertHonestServed();
        Assert.Equal(3, _net.Sim.Wait(_us.GetPeersAsync()).Length);
    }

    [Fact]
    public void UnknownAddresses_FromEverywhere_LeaveNothing()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 2000; i++)
        {
            RawPeer stranger = Raw(InetAddress.FromIPv4(0x0a09_0000u + (uint)i).ToString());
            stranger.Connect(Net.Address(1));
            Turn(stranger, 0.003);
            stranger.Send(RawPeer.Open(Net.Address(2)));
            Turn(stranger, 0.003);
        }
        AssertHonestServed();
        Assert.Equal(3, _net.Sim.Wait(_us.GetPeersAsync()).Length);
        // What is left is the simulated network's own memory of 2,000 hosts, whose buffers are 64 KiB each.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 2000 * 80_000L);
    }

    [Fact]
    public void HalfOpenFromManyAddressesOfARange_TakeNoMoreThanItsLimit()
    {
        _net.Peer(_us, 100, RemoteAs.External, p => p with { RemoteAddress = null, ListenRange = IpPrefix.Parse("10.8.0.0/16"), ListenLimit = 50 });
        for (int i = 0; i < 500; i++)
        {
            RawPeer raw = Raw(InetAddress.FromIPv4(0x0a08_0000u + (uint)i).ToString());
            raw.Connect(Net.Address(1));
            Turn(raw, 0.003);
        }
        Assert.InRange(_net.Sim.Wait(_us.GetPeersAsync()).Count(p => p.Dynamic), 1, 50);
        AssertHonestServed();
        // Each ends by the timer of a session that never sent its OPEN, and its place is free again.
        _net.Run(300);
        Assert.Equal(0, _net.Sim.Wait(_us.GetPeersAsync()).Count(p => p.Dynamic));
    }

    [Fact]
    public void UpdateFlood_OfChangingAttributes_KeepsOthersInTime_AndMemoryBounded()
    {
        RawPeer raw = Raw();
        raw.Connect(Net.Address(1));
        Turn(raw);
        raw.Send(RawPeer.Open(Net.Address(2)), MessageHeader.Keepalive);
        Turn(raw);
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 2000; i++)
            {
                int n = (round * 2000) + i;
                raw.Send(MessageHeader.Whole(MessageType.Update, Hex.Update($"18 0b00{i % 100:x2}", "", Hex.Origin, Hex.Path, Hex.NextHop, Hex.Attribute(0xc0, 8, $"{n:x8}"))));
            }
            Turn(raw, 0.2);
            AssertHonestServed();
        }
        // 40,000 different sets of attributes came; those of 100 prefixes are kept.
        Assert.InRange(_us.Prepared.Attributes.Count, 1, 300);
        Assert.InRange(_us.Prepared.Tables[0].PrefixCount, 100, 200);
    }

    [Fact]
    public void SlowReaders_DoNotSlowOthers()
    {
        _net.Sim.Network.Window = 8192;
        for (int n = 10; n < 20; n++)
        {
            _net.Peer(_us, n, 65002, p => p with { Passive = true });
            RawPeer raw = Raw(Net.Address(n).ToString());
            raw.Connect(Net.Address(1));
            Turn(raw);
            raw.Send(RawPeer.Open(Net.Address(n)), MessageHeader.Keepalive);
            Turn(raw);
            // Never polled again: nothing that we send is read.
        }
        for (int round = 0; round < 10; round++)
        {
            _net.Sim.Wait(_us.UpdateLocalRoutesAsync([.. Enumerable.Range(0, 500).Select(i =>
                new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b00_0000u + (uint)i), 32), LocalRoute.Default with { Med = (uint)round }))]));
            AssertHonestServed();
        }
    }
}
