using Margay.Bgp.Tests.Session;
using Margay.Bgp.Tests.Wire;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Hostile;

/// <summary>Peers that send rubbish, floods, or nothing. The session of another peer must not notice.</summary>
public class HostilePeerTests
{
    private readonly Net _net = new();
    private readonly Speaker _us;
    private readonly RawPeer _raw;

    public HostilePeerTests()
    {
        _us = _net.Add(1, 65001);
        Speaker honest = _net.Add(3, 65003);
        _net.Link(_us, 1, honest, 3);
        _net.Peer(_us, 2, 65002, p => p with { Passive = true });
        _net.AwaitUp(_us, 3);
        _raw = new RawPeer(_net.Sim.Network, Net.Address(2));
    }

    private void Settle(double seconds = 0.1)
    {
        for (int i = 0; i < 20; i++)
        {
            _net.Run(seconds / 20);
            _raw.Poll();
        }
    }

    private void Establish()
    {
        _raw.Connect(Net.Address(1));
        Settle();
        _raw.Send(RawPeer.Open(Net.Address(2)), MessageHeader.Keepalive);
        Settle();
        Assert.True(_net.IsUp(_us, 2));
    }

    private void AssertHonestUndisturbed() => Assert.Equal((1, SessionState.Established), (_net.Status(_us, 3).TimesEstablished, _net.Status(_us, 3).State));

    [Fact]
    public void Garbage_InsteadOfAnOpen()
    {
        _raw.Connect(Net.Address(1));
        Settle();
        byte[] garbage = new byte[5000];
        new Random(1).NextBytes(garbage);
        _raw.Send(garbage);
        Settle();
        Assert.Equal((ErrorCode.MessageHeader, (byte)HeaderSubcode.ConnectionNotSynchronized), (_raw.Notification!.Code, _raw.Notification.Subcode));
        Assert.True(_raw.Ended);
        AssertHonestUndisturbed();
    }

    [Theory]
    [InlineData(MessageType.Keepalive)]
    [InlineData(MessageType.Update)]
    public void WrongMessage_BeforeOpen(MessageType type)
    {
        _raw.Connect(Net.Address(1));
        Settle();
        _raw.Send(type == MessageType.Update ? MessageHeader.Whole(type, [0, 0, 0, 0]) : MessageHeader.Keepalive);
        Settle();
        Assert.Equal((ErrorCode.FiniteStateMachine, (byte)FsmSubcode.UnexpectedMessageInOpenSent), (_raw.Notification!.Code, _raw.Notification.Subcode));
    }

    [Fact]
    public void SecondOpen_InAnEstablishedSession()
    {
        Establish();
        _raw.Send(RawPeer.Open(Net.Address(2)));
        Settle();
        Assert.Equal((ErrorCode.FiniteStateMachine, (byte)FsmSubcode.UnexpectedMessageInEstablished), (_raw.Notification!.Code, _raw.Notification.Subcode));
        Assert.False(_net.IsUp(_us, 2));
        AssertHonestUndisturbed();
    }

    [Fact]
    public void MalformedAttribute_CostsTheRoutes_NotTheSession()
    {
        Establish();
        _raw.Send(Update("18 0b0101", Hex.Origin, Hex.Attribute(0x40, 2, "0201 0000fdea"), Hex.Attribute(0x40, 3, "0a000002")));
        Settle();
        Assert.NotNull(_net.Route(_us, "11.1.1.0/24"));
        _raw.Send(Update("18 0b0101", Hex.Attribute(0x40, 1, "09"), Hex.Path, Hex.NextHop));
        Settle();
        Assert.Null(_net.Route(_us, "11.1.1.0/24"));
        Assert.True(_net.IsUp(_us, 2));
    }

    [Fact]
    public void BrokenNlri_EndsTheSession()
    {
        Establish();
        _raw.Send(Update("40 0b0101", Hex.Origin, Hex.Path, Hex.NextHop));
        Settle();
        Assert.Equal((ErrorCode.UpdateMessage, (byte)UpdateSubcode.InvalidNetworkField), (_raw.Notification!.Code, _raw.Notification.Subcode));
        AssertHonestUndisturbed();
    }

    [Fact]
    public void Flood_OfOneByteWrites_IsPutTogether()
    {
        _raw.Connect(Net.Address(1));
        Settle();
        foreach (byte b in (byte[])[.. RawPeer.Open(Net.Address(2)), .. MessageHeader.Keepalive]) _raw.Send([b]);
        Settle();
        Assert.True(_net.IsUp(_us, 2));
    }

    [Fact]
    public void Flood_OfUpdates_ChangesNothingForOthers_AndLeavesNothing()
    {
        Establish();
        for (int i = 0; i < 20_000; i++)
            _raw.Send(Update($"20 0b{i >> 8 & 0xff:x2}{i & 0xff:x2}01", Hex.Origin, Hex.Path, Hex.NextHop, Hex.Attribute(0xc0, 8, $"{i:x8}")), Update("", $"20 0b{i >> 8 & 0xff:x2}{i & 0xff:x2}01"));
        Settle(2);
        AssertHonestUndisturbed();
        _raw.Connection!.Dispose();
        Settle(1);
        Assert.Equal(0, _us.Prepared.Attributes.Count);
        Assert.Equal(0, _us.Prepared.Tables[0].PrefixCount);
    }

    [Fact]
    public void HalfOpen_TakesOnePlace_AndEndsByItsTimer()
    {
        for (int i = 0; i < 500; i++)
        {
            _raw.Connect(Net.Address(1));
            Settle(0.02);
        }
        Assert.NotNull(_us.Prepared.Peers.Find("s2")!.Incoming);
        _net.Run(300);
        Assert.Null(_us.Prepared.Peers.Find("s2")!.Incoming);
        AssertHonestUndisturbed();
        Establish();
    }

    [Fact]
    public void Stranger_ThousandsOfConnects_AreRefused()
    {
        RawPeer stranger = new(_net.Sim.Network, InetAddress.Parse("10.0.9.9"));
        for (int i = 0; i < 2000; i++)
        {
            stranger.Connect(Net.Address(1));
            _net.Run(0.002);
            stranger.Poll();
        }
        _net.Run(0.1);
        stranger.Poll();
        Assert.Equal(2, _net.Sim.Wait(_us.GetPeersAsync()).Length);
        AssertHonestUndisturbed();
    }

    [Fact]
    public void Unreadable_Peer_IsGivenUpAfterTheSendHoldTime()
    {
        Establish();
        _net.Sim.Network.Window = 4096;
        Assert.True(_net.IsUp(_us, 2));
        _net.Sim.Wait(_us.UpdateLocalRoutesAsync([.. Enumerable.Range(0, 2000).Select(i => new LocalRouteChange(new IpPrefix(InetAddress.FromIPv4(0x0b000000u + (uint)i), 32), LocalRoute.Default))]));
        // It keeps sending, but nothing that we send is read: no poll.
        for (int i = 0; i < 60 && _net.IsUp(_us, 2); i++)
        {
            _raw.Send(MessageHeader.Keepalive);
            _net.Run(10);
        }
        Assert.False(_net.IsUp(_us, 2));
        Assert.Contains("does not read", _net.Status(_us, 2).LastError, StringComparison.Ordinal);
        AssertHonestUndisturbed();
    }

    private static byte[] Update(string nlri, params byte[][] attributes) => MessageHeader.Whole(MessageType.Update, Hex.Update(nlri, "", attributes));

    private static byte[] Update(string nlri, string withdrawn) => MessageHeader.Whole(MessageType.Update, Hex.Update(nlri, withdrawn));
}
