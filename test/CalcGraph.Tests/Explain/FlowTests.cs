using Margay.CalcGraph.Explain;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.CalcGraph.Tests.Explain;

public class FlowTests
{
    [Theory]
    [InlineData("443/tcp", "443/tcp", true, true)]
    [InlineData("443", "443/tcp", true, true)]
    [InlineData("53/UDP", "53/udp", true, true)]
    [InlineData("0/sctp", "0/sctp", true, true)]
    [InlineData("65535/udplite", "65535/udplite", true, true)]
    [InlineData("icmp", "icmp", true, true)]
    [InlineData("icmp:3", "icmp:3", true, false)]
    [InlineData("icmp:3/1", "icmp:3/1", true, false)]
    [InlineData("icmpv6", "icmpv6", false, true)]
    [InlineData("ICMPv6:128/0", "icmpv6:128/0", false, true)]
    [InlineData("proto:47", "proto:47", true, true)]
    public void Text_IsRead(string text, string canonical, bool inV4, bool inV6)
    {
        Assert.True(Flow.TryParse(text, out Flow flow));
        Assert.Equal((canonical, inV4, inV6), (flow.ToString(), flow.ExistsIn(isIPv6: false), flow.ExistsIn(isIPv6: true)));
        Assert.True(Flow.TryParse(canonical, out Flow again));
        Assert.Equal(flow, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http")]
    [InlineData("65536/tcp")]
    [InlineData("-1/tcp")]
    [InlineData("80/gre")]
    [InlineData("80/tcp/x")]
    [InlineData("icmp:256")]
    [InlineData("icmp:8/x")]
    [InlineData("icmp:")]
    [InlineData("proto:256")]
    [InlineData("tcp/80")]
    public void WhatIsNoFlow_IsRefused(string text) => Assert.False(Flow.TryParse(text, out _));

    [Theory]
    [InlineData("icmp", "10.0.0.1", (byte)1, (byte)8)]
    [InlineData("icmp", "fd00::1", (byte)58, (byte)128)]
    [InlineData("icmp:3/1", "10.0.0.1", (byte)1, (byte)3)]
    public void Icmp_IsThatOfTheFamily(string text, string address, byte protocol, byte type)
    {
        Assert.True(Flow.TryParse(text, out Flow flow));
        Packet packet = flow.PacketOf(NetworkName.Default, InetAddress.Parse(address), InetAddress.Parse(address));
        Assert.Equal((protocol, type, null), (packet.Protocol, packet.IcmpType, packet.DestinationPort));
    }

    [Theory]
    [InlineData("80/tcp", true)]
    [InlineData("80/sctp", true)]
    [InlineData("proto:47", false)]
    public void Ports_AreThoseOfProtocolsThatHaveThem(string text, bool has)
    {
        Assert.True(Flow.TryParse(text, out Flow flow));
        Packet packet = flow.PacketOf(NetworkName.Default, InetAddress.Parse("10.0.0.1"), InetAddress.Parse("10.0.0.2"));
        Assert.Equal((has, has), (packet.SourcePort == Flow.UsualSourcePort, packet.DestinationPort == 80));
    }
}
