using Margay.Lab.Topologies;

namespace Margay.Lab.Tests.Topologies;

public class ExpectationTests
{
    [Theory]
    [InlineData("shop/web1", "shop/web1", true)]
    [InlineData("shop/*", "shop/web1", true)]
    [InlineData("*/*", "shop/web1", true)]
    [InlineData("shop/web*", "shop/web", true)]
    [InlineData("*/w*1", "shop/web1", true)]
    [InlineData("*", "shop/web1", false)]
    [InlineData("*", "host1", true)]
    [InlineData("shop/web", "shop/web1", false)]
    [InlineData("shop/web1", "shop/web", false)]
    [InlineData("*/*", "host1", false)]
    [InlineData("", "", true)]
    public void Matches_WholeNamesAndNeverAcrossASlash(string pattern, string name, bool matches) => Assert.Equal(matches, Expectation.Matches(pattern, name));

    [Theory]
    [InlineData("80/tcp", Transport.Tcp, 80)]
    [InlineData("65535/udp", Transport.Udp, 65535)]
    [InlineData("3868/sctp", Transport.Sctp, 3868)]
    [InlineData("icmp", Transport.Icmp, 0)]
    public void Port_ReadsAndWritesItself(string text, Transport transport, int number)
    {
        Assert.True(TransportPort.TryParse(text, out TransportPort port));
        Assert.Equal(new TransportPort(transport, number), port);
        Assert.Equal(text, port.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("0/tcp")]
    [InlineData("65536/tcp")]
    [InlineData("80/dccp")]
    [InlineData("+80/tcp")]
    [InlineData("80/tcp/x")]
    public void Port_RefusesAnythingElse(string? text) => Assert.False(TransportPort.TryParse(text, out _));
}
