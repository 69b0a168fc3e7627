using Margay.Bgp.Discovery;

namespace Margay.Bgp.Tests.Discovery;

/// <summary>Router advertisements and solicitations (RFC 4861 §4.1, 4.2, 6.1): bytes both ways, and what is discarded.</summary>
public class RouterMessageTests
{
    [Theory]
    [InlineData("86000000" + "0000001e" + "0000000000000000", 134, 30)]
    [InlineData("86001234" + "40c007080000000000000000" + "01010253a1b2c3d4", 134, 1800)]
    [InlineData("86000000" + "400000000000000000000000" + "05010000000005dc" + "030440c000278d0000093a800000000020010db8000000000000000000000000", 134, 0)]
    [InlineData("8500000000000000", 133, 0)]
    [InlineData("8500000000000000" + "01010253a1b2c3d4", 133, 0)]
    public void Taken(string hex, int type, int seconds)
    {
        Assert.True(RouterMessage.TryRead(Convert.FromHexString(hex), out RouterMessage m));
        Assert.Equal(new RouterMessage((RouterMessageType)type, TimeSpan.FromSeconds(seconds)), m);
    }

    [Theory]
    [InlineData("")]
    [InlineData("86")]
    // A code; a neighbour solicitation; too short; an option of length zero; an option that ends too late; half an option header.
    [InlineData("86010000" + "0000001e" + "0000000000000000")]
    [InlineData("8700000000000000" + "fe800000000000000000000000000001")]
    [InlineData("86000000" + "0000001e" + "00000000000000")]
    [InlineData("85000000000000")]
    [InlineData("86000000" + "0000001e" + "0000000000000000" + "0100000000000000")]
    [InlineData("86000000" + "0000001e" + "0000000000000000" + "01020253a1b2c3d4")]
    [InlineData("86000000" + "0000001e" + "0000000000000000" + "01")]
    public void Discarded(string hex) => Assert.False(RouterMessage.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void Golden()
    {
        byte[] bytes = new byte[RouterMessage.MaxLength];
        int n = new RouterMessage(RouterMessageType.RouterAdvertisement, TimeSpan.FromSeconds(30)).Write(bytes);
        Assert.Equal("860000000000001e0000000000000000", Convert.ToHexStringLower(bytes[..n]));
        n = new RouterMessage(RouterMessageType.RouterSolicitation, TimeSpan.Zero).Write(bytes);
        Assert.Equal("8500000000000000", Convert.ToHexStringLower(bytes[..n]));
    }
}
