using Margay.Core.Net;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Tests.Conntrack;

public class ConntrackTests
{
    private static readonly InetAddress A = InetAddress.Parse("10.0.0.1");
    private static readonly InetAddress B = InetAddress.Parse("10.0.0.2");

    private static readonly ConntrackFlow Flow = new()
    {
        Original = new ConntrackTuple(A, B, 6, 1000, 80), Reply = new ConntrackTuple(InetAddress.Parse("192.0.2.1"), A, 6, 8080, 1000), Zone = 5, Mark = 0x12,
    };

    public static TheoryData<ConntrackTuple> Tuples =>
    [
        new ConntrackTuple(A, B, 6, 1000, 80),
        new ConntrackTuple(A, B, 1, 77, 8 << 8),
        new ConntrackTuple(InetAddress.Parse("2001:db8::1"), InetAddress.Parse("2001:db8::2"), 58, 77, 128 << 8 | 1),
        new ConntrackTuple(InetAddress.Parse("2001:db8::1"), InetAddress.Parse("2001:db8::2"), 17, 1, 2),
    ];

    [Theory]
    [MemberData(nameof(Tuples))]
    public void Flow_IsReadAsWritten(ConntrackTuple tuple)
    {
        ConntrackFlow flow = new() { Original = tuple, Zone = 9, Id = 1234 };
        Assert.Equal(flow, Messages.RoundTrip<ConntrackFlow>((ref MessageBuffer b) => ConntrackCodec.WriteDelete(ref b, flow), ConntrackCodec.TryRead));
    }

    public static TheoryData<ConntrackFilter, bool> Filters => new()
    {
        { ConntrackFilter.All, true },
        { new ConntrackFilter { Source = IpPrefix.Parse("10.0.0.0/24"), DestinationPort = 80, Protocol = 6 }, true },
        { new ConntrackFilter { Source = IpPrefix.Parse("10.0.1.0/24") }, false },
        { new ConntrackFilter { Destination = IpPrefix.Host(B) }, true },
        { new ConntrackFilter { ReplySource = IpPrefix.Parse("192.0.2.0/24") }, true },
        { new ConntrackFilter { AnyEnd = IpPrefix.Parse("192.0.2.1/32") }, true },
        { new ConntrackFilter { AnyEnd = IpPrefix.Parse("192.0.2.2/32") }, false },
        { new ConntrackFilter { IPv6 = true }, false },
        { new ConntrackFilter { Answered = false }, true },
        { new ConntrackFilter { Answered = true }, false },
        { new ConntrackFilter { Zone = 5, Mark = 0x10, MarkMask = 0xf0 }, true },
        { new ConntrackFilter { Mark = 0x10 }, false },
        { new ConntrackFilter { Zone = 0 }, false },
        { new ConntrackFilter { SourcePort = 1 }, false },
    };

    [Theory]
    [MemberData(nameof(Filters))]
    public void Filter_AllThatIsGivenMustAgree(ConntrackFilter filter, bool matches) => Assert.Equal(matches, filter.Matches(Flow));
}
