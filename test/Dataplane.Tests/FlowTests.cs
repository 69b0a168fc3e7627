using Margay.Core.Net;
using Margay.Dataplane.Managers;
using Margay.Netlink.Conntrack;
using Margay.Policy;

namespace Margay.Dataplane.Tests;

public class FlowTests
{
    private static readonly InetAddress Client = InetAddress.Parse("10.0.0.1"), Service = InetAddress.Parse("10.96.0.1"), Backend = InetAddress.Parse("10.0.0.2"), Node = InetAddress.Parse("192.0.2.1");

    /// <summary>Policy stands after destination NAT and before masquerading.</summary>
    [Fact]
    public void TranslatedFlow_IsSeenAsPolicySeesIt()
    {
        Packet packet = FlowManager.PacketOf(new ConntrackFlow
        {
            Original = new ConntrackTuple(Client, Service, 6, 40000, 80),
            Reply = new ConntrackTuple(Backend, Node, 6, 8080, 50000),
        });
        Assert.Equal((Client, Backend, 40000, 8080), (packet.Source, packet.Destination, (int)packet.SourcePort!, (int)packet.DestinationPort!));
    }

    [Fact]
    public void IcmpFlow_HasTypeAndCode_AndNoPorts()
    {
        Packet packet = FlowManager.PacketOf(new ConntrackFlow
        {
            Original = new ConntrackTuple(Client, Backend, 1, 77, 8 << 8 | 3),
            Reply = new ConntrackTuple(Backend, Client, 1, 77, 0),
        });
        Assert.Equal(((byte?)8, (byte?)3, (ushort?)null, (ushort?)null), (packet.IcmpType, packet.IcmpCode, packet.SourcePort, packet.DestinationPort));
    }
}
