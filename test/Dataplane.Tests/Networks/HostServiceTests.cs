using Margay.Dataplane.Networks;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>How services of the host are written, and which cannot be.</summary>
public sealed class HostServiceTests
{
    [Theory]
    [InlineData("169.254.169.254:80=127.0.0.1:8775", "169.254.169.254:80=127.0.0.1:8775", 6)]
    [InlineData("169.254.169.253:53/udp=192.0.2.1:53", "169.254.169.253:53/udp=192.0.2.1:53", 17)]
    [InlineData("[fd00:ec2::254]:80=[2001:db8::1]:8775", "[fd00:ec2::254]:80=[2001:db8::1]:8775", 6)]
    public void WhatIsWritten_IsRead(string text, string again, int protocol)
    {
        HostService? service = HostService.Parse(text, out string fault);
        Assert.Equal(("", again, protocol), (fault, service!.ToString(), service.Protocol));
        Assert.Equal(service, HostService.Parse(service.ToString(), out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("169.254.169.254:80")]
    [InlineData("169.254.169.254=127.0.0.1:80")]
    [InlineData("169.254.169.254:0=127.0.0.1:80")]
    [InlineData("169.254.169.254:80=127.0.0.1:70000")]
    [InlineData("169.254.169.254:80=localhost:80")]
    [InlineData("169.254.169.254:80=127.0.0.1:80=127.0.0.1:80")]
    [InlineData("fd00::1:80=[2001:db8::1]:80")]
    [InlineData("[169.254.169.254]:80=127.0.0.1:80")]
    public void WhatIsNoService_IsSaidSo(string text)
    {
        Assert.Null(HostService.Parse(text, out string fault));
        Assert.Equal("is not ADDRESS:PORT[/udp]=TARGET:PORT", fault);
    }

    [Theory]
    [InlineData("10.0.0.1:80=127.0.0.1:80", "has an address outside of 169.254.0.0/16")]
    [InlineData("[2001:db8::1]:80=[2001:db8::2]:80", "has an address outside of fc00::/7")]
    [InlineData("169.254.169.254:80=[2001:db8::1]:80", "has addresses of two families")]
    [InlineData("169.254.1.1:80=127.0.0.1:80", "has an address that is in use inside networks")]
    [InlineData("169.254.64.9:80=127.0.0.1:80", "has an address that is in use inside networks")]
    [InlineData("[fd00::1]:80=[::1]:80", "leads to ::1")]
    public void WhatCannotBe_HasAReason(string text, string reason)
    {
        Assert.Null(HostService.Parse(text, out string fault));
        Assert.StartsWith(reason, fault, StringComparison.Ordinal);
    }
}
