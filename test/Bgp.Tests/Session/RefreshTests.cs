using Margay.Bgp.Tests.Hostile;
using Margay.Bgp.Tests.Wire;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Tests.Session;

/// <summary>Enhanced route refresh (RFC 7313) both ways, with a peer that says byte by byte what it is told to.</summary>
public class RefreshTests
{
    private readonly Net _net = new();
    private readonly Speaker _us;
    private readonly RawPeer _raw;

    public RefreshTests()
    {
        _us = _net.Add(1, 65001);
        _net.Peer(_us, 2, 65002, p => p with { Passive = true });
        _raw = new RawPeer(_net.Sim.Network, Net.Address(2));
    }

    private void Settle()
    {
        for (int i = 0; i < 20; i++)
        {
            _net.Run(0.01);
            _raw.Poll();
        }
    }

    private void Establish(bool enhanced = true)
    {
        _raw.Connect(Net.Address(1));
        Settle();
        OpenMessage open = new(65002, 90, Net.Address(2), new Capabilities
        {
            HasMultiprotocol = true, Families = FamilySet.IPv4Unicast, FourOctetAs = 65002, RouteRefresh = true, EnhancedRouteRefresh = enhanced,
        });
        _raw.Send(open.ToMessage(), MessageHeader.Keepalive);
        Settle();
        _raw.Received.Clear();
    }

    private static byte[] Announce(int third) =>
        MessageHeader.Whole(MessageType.Update, Hex.Update($"18 0b01{third:x2}", "", Hex.Origin, Hex.Attribute(0x40, 2, "0201 0000fdea"), Hex.Attribute(0x40, 3, "0a000002")));

    private static byte[] Refresh(byte subtype) => RouteRefreshMessage.Of(0, subtype).ToMessage();

    private string[] Known => [.. _net.Routes(_us).Select(r => r.Nlri.ToString()).Order(StringComparer.Ordinal)];

    /// <summary>What came since, as letters: U an UPDATE with routes, E an End-of-RIB, 0 1 2 a ROUTE-REFRESH by subtype.</summary>
    private string Said()
    {
        List<char> said = [];
        ReadOnlySpan<byte> rest = _raw.Received.ToArray();
        while (rest.Length >= 19)
        {
            int length = rest[16] << 8 | rest[17];
            if (rest[18] == 2) said.Add(length == 23 ? 'E' : 'U');
            if (rest[18] == 5) said.Add((char)('0' + rest[21]));
            rest = rest[length..];
        }
        return new string([.. said]);
    }

    [Fact]
    public void Request_IsAnsweredBetweenDemarcations()
    {
        _net.Announce(_us, "192.0.2.0/24");
        _net.Announce(_us, "198.51.100.0/24", new LocalRoute { Med = 1 });
        Establish();
        _raw.Send(Refresh(0));
        Settle();
        Assert.Equal("1UUE2", Said());
        _net.Announce(_us, "203.0.113.0/24");
        Settle();
        Assert.Equal("1UUE2U", Said());
    }

    [Fact]
    public void Request_OfAPeerWithoutTheCapability_IsAnsweredPlainly()
    {
        _net.Announce(_us, "192.0.2.0/24");
        Establish(enhanced: false);
        _raw.Send(Refresh(0));
        Settle();
        Assert.Equal("UE", Said());
    }

    [Fact]
    public void WhatTheRefreshDoesNotRenew_GoesAtItsEnd_AndNothingBefore()
    {
        Establish();
        _raw.Send(Announce(1), Announce(2), Announce(3));
        Settle();
        _raw.Send(Refresh(1), Announce(1));
        Settle();
        Assert.Equal(["11.1.1.0/24", "11.1.2.0/24", "11.1.3.0/24"], Known);
        _raw.Send(Announce(4), Refresh(2));
        Settle();
        Assert.Equal(["11.1.1.0/24", "11.1.4.0/24"], Known);
        Assert.All(_net.Routes(_us), r => Assert.False(r.Stale));
    }

    [Fact]
    public void EndWithoutBeginning_AndUnknownSubtypes_SayNothing()
    {
        Establish();
        _raw.Send(Announce(1), Refresh(2), Refresh(9));
        Settle();
        Assert.Equal(["11.1.1.0/24"], Known);
        Assert.True(_net.IsUp(_us, 2));
    }

    [Fact]
    public void RefreshThatNeverEnds_IsEndedForThePeer()
    {
        Establish();
        _raw.Send(Announce(1), Announce(2), Refresh(1), Announce(2));
        for (int i = 0; i < 40; i++)
        {
            _net.Run(10);
            _raw.Poll();
            _raw.Send(MessageHeader.Keepalive);
        }
        Assert.Equal(["11.1.2.0/24"], Known);
    }

    [Fact]
    public void DemarcationOfAWrongLength_EndsTheSession()
    {
        Establish();
        _raw.Send(MessageHeader.Whole(MessageType.RouteRefresh, [0, 1, 1, 1, 0]));
        Settle();
        Assert.Equal((ErrorCode.RouteRefresh, (byte)1), (_raw.Notification!.Code, _raw.Notification.Subcode));
    }
}
