using Margay.Agent.Attach;
using Margay.Api.Attach;

namespace Margay.Agent.Tests.Attach;

public class AttachValidationTests
{
    private static readonly AttachRequest s_good = new() { ContainerId = "c1", Interface = "eth0", NetworkNamespace = "/run/netns/w" };

    [Fact]
    public void EveryFault_IsNamedAtOnce()
    {
        AgentError error = AttachValidation.Check(new AttachRequest
        {
            ContainerId = "a/b",
            Interface = "much-too-long-name",
            NetworkNamespace = "relative",
            Network = "Blue!",
            Namespace = "Not A Label",
            Addresses = ["10.0.0.0/24", "x"],
            Mtu = 10,
            Mac = "01:00:00:00:00:01",
            Ports = [new() { Port = 0 }],
        })!;
        Assert.Equal("InvalidRequest", error.Code);
        Assert.All(["containerId", "interface", "networkNamespace", "network:", "namespace:", "addresses[0]", "addresses[1]", "mtu", "mac", "ports[0].port", "ports[0].name"],
            field => Assert.Contains(field, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void MissingMembers_OfHostileJson_AreFaultsAndNoCrash() =>
        Assert.NotNull(AttachValidation.Check(new AttachRequest { ContainerId = null!, Interface = null!, NetworkNamespace = null! }));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.1/32")]
    [InlineData("fd00::1/128")]
    public void Addresses_MayCarryTheirFullLength(string address) => Assert.Null(AttachValidation.Check(s_good with { Addresses = [address] }));

    [Fact]
    public void Ipv6_NeedsAnMtuOf1280()
    {
        Assert.Null(AttachValidation.Check(s_good with { Mtu = 1000 }));
        Assert.NotNull(AttachValidation.Check(s_good with { Mtu = 1000, Addresses = ["fd00::1"] }));
    }
}
