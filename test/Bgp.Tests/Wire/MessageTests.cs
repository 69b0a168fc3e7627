using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Wire;

/// <summary>Golden bytes of the small messages, both ways.</summary>
public class MessageTests
{
    private const string Marker = "ffffffffffffffffffffffffffffffff";

    [Fact]
    public void Keepalive_IsHeaderAlone() => Assert.Equal(Marker + "001304", Convert.ToHexStringLower(MessageHeader.Keepalive));

    [Fact]
    public void Open_WithAllCapabilities_IsWrittenAndReadAsTheRfcsSay()
    {
        OpenMessage open = new(4_200_000_001, 90, InetAddress.Parse("10.0.0.1"), new Capabilities
        {
            HasMultiprotocol = true,
            Families = FamilySet.Unicast | FamilySet.Evpn,
            RouteRefresh = true,
            EnhancedRouteRefresh = true,
            ExtendedMessage = true,
            FourOctetAs = 4_200_000_001,
            ExtendedNextHop = FamilySet.IPv4Unicast,
            GracefulRestart = new(true, true, 120, FamilySet.Unicast, FamilySet.IPv4Unicast),
            LongLived = [(FamilySet.IPv6Unicast, true, 3600)],
            AddPathReceive = FamilySet.Unicast,
            AddPathSend = FamilySet.IPv4Unicast,
        });
        string expected = Marker + "0064" + "01" + "04" + "5ba0" + "005a" + "0a000001" + "47" + "0245"
            + "0104" + "00010001" + "0104" + "00020001" + "0104" + "00190046"
            + "0200" + "4600" + "0600"
            + "4104" + "fa56ea01"
            + "0506" + "000100010002"
            + "400a" + "c078" + "00010180" + "00020100"
            + "4707" + "0002018000" + "0e10"
            + "4508" + "00010103" + "00020101";
        byte[] bytes = open.ToMessage();
        Assert.Equal(expected, Convert.ToHexStringLower(bytes));
        Assert.Null(OpenMessage.TryRead(bytes.AsSpan(19), out OpenMessage read));
        Assert.Equal(open with { Capabilities = open.Capabilities with { LongLived = [] } }, read with { Capabilities = read.Capabilities with { LongLived = [] } });
        Assert.Equal(open.Capabilities.LongLived.AsSpan(), read.Capabilities.LongLived.AsSpan());
    }

    [Theory]
    [InlineData("03fde8005a0a00000100", OpenSubcode.UnsupportedVersionNumber)]
    [InlineData("040000005a0a00000100", OpenSubcode.BadPeerAs)]
    [InlineData("04fde800020a00000100", OpenSubcode.UnacceptableHoldTime)]
    [InlineData("04fde8005a0000000000", OpenSubcode.BadBgpIdentifier)]
    [InlineData("04fde8005a0a000001030501ff", OpenSubcode.UnsupportedOptionalParameter)]
    [InlineData("04fde8005a0a000001050501ff", (OpenSubcode)0)] // a length too long
    [InlineData("04fde8005a0a00000104020241ff", (OpenSubcode)0)] // a capability cut off
    public void Open_Bad_IsRefusedWithItsSubcode(string hex, OpenSubcode subcode)
    {
        NotificationMessage? fault = OpenMessage.TryRead(Convert.FromHexString(hex), out _);
        Assert.NotNull(fault);
        Assert.Equal((ErrorCode.OpenMessage, (byte)subcode), (fault.Code, fault.Subcode));
    }

    [Theory]
    [InlineData("ff00ffffffffffffffffffffffffffff001304", HeaderSubcode.ConnectionNotSynchronized)]
    [InlineData(Marker + "001204", HeaderSubcode.BadMessageLength)]
    [InlineData(Marker + "001404", HeaderSubcode.BadMessageLength)] // KEEPALIVE with a body
    [InlineData(Marker + "100102", HeaderSubcode.BadMessageLength)] // 4097
    [InlineData(Marker + "001c01", HeaderSubcode.BadMessageLength)] // OPEN too short
    [InlineData(Marker + "001307", HeaderSubcode.BadMessageType)]
    public void Header_Bad_IsRefusedWithItsSubcode(string hex, HeaderSubcode subcode)
    {
        NotificationMessage? fault = MessageHeader.Check(Convert.FromHexString(hex), MessageHeader.MaxMessage, out _, out _);
        Assert.Equal((ErrorCode.MessageHeader, (byte)subcode), (fault!.Code, fault.Subcode));
    }

    [Fact]
    public void Shutdown_CarriesItsText()
    {
        NotificationMessage n = NotificationMessage.Cease(CeaseSubcode.AdministrativeShutdown, "maintenance");
        Assert.Equal(Marker + "0021" + "03" + "0602" + "0b6d61696e74656e616e6365", Convert.ToHexStringLower(n.ToMessage()));
        Assert.Equal("Cease / Administrative Shutdown: \"maintenance\"", NotificationMessage.Read(n.ToMessage().AsSpan(19)).ToString());
    }

    [Fact]
    public void Shutdown_LongTextIsCutBetweenCharacters()
    {
        NotificationMessage n = NotificationMessage.Cease(CeaseSubcode.AdministrativeShutdown, new string('é', 200));
        Assert.Equal(254, n.Data[0]);
        Assert.Equal(new string('é', 127), n.ShutdownText);
    }

    [Fact]
    public void Shutdown_ControlCharactersDoNotReachTheTerminal() =>
        Assert.Equal("a?[2Jb", new NotificationMessage(ErrorCode.Cease, 2, [6, (byte)'a', 27, (byte)'[', (byte)'2', (byte)'J', (byte)'b']).ShutdownText);

    [Fact]
    public void RouteRefresh_RoundTrips()
    {
        byte[] bytes = new RouteRefreshMessage(2, 0, 1).ToMessage();
        Assert.Equal(Marker + "0017" + "05" + "00020001", Convert.ToHexStringLower(bytes));
        Assert.Equal(new RouteRefreshMessage(2, 0, 1), RouteRefreshMessage.Read(bytes.AsSpan(19)));
    }

    [Theory]
    [InlineData("65000:1", 0xfde80001u)]
    [InlineData("0:0", 0u)]
    public void Community_Parses(string text, uint value)
    {
        Assert.True(Community.TryParse(text, out Community c));
        Assert.Equal(value, c.Value);
        Assert.Equal(text, c.ToString());
    }

    [Theory]
    [InlineData("65536:1")]
    [InlineData("1")]
    [InlineData("1:2:3")]
    [InlineData(" 1:2")]
    [InlineData("+1:2")]
    public void Community_Bad_IsRefused(string text) => Assert.False(Community.TryParse(text, out _));

    [Theory]
    [InlineData(65000u, 100u, 0x0002_fde8_0000_0064ul, "rt:65000:100")]
    [InlineData(4_200_000_001u, 100u, 0x0202_fa56_ea01_0064ul, "rt:4200000001:100")]
    public void RouteTarget_TakesTheFormThatFits(uint asn, uint value, ulong bytes, string text)
    {
        ExtendedCommunity rt = ExtendedCommunity.RouteTarget(asn, value);
        Assert.Equal(bytes, rt.Value);
        Assert.True(rt.IsRouteTarget);
        Assert.Equal(text, rt.ToString());
    }
}
