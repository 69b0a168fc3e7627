using CsCheck;
using Margay.Agent.Attach;

namespace Margay.Agent.Tests.Attach;

public class NamesTests
{
    [Fact]
    public void HostInterface_IsAValidLinkName_AndStable()
    {
        string name = Names.HostInterface(new("c1", "eth0"));
        Assert.Equal(name, Names.HostInterface(new("c1", "eth0")));
        Assert.NotEqual(name, Names.HostInterface(new("c1", "eth1")));
        Assert.Equal(13, name.Length);
        Assert.True(Names.IsHostInterface(name));
        Assert.False(Names.IsHostInterface("mgmt0"));
        Assert.False(Names.IsHostInterface("mgmt-uplink-1"));
    }

    [Fact]
    public void HostInterfaces_OfManyContainers_Differ() =>
        Assert.Equal(100_000, Enumerable.Range(0, 100_000).Select(i => Names.HostInterface(new($"c{i}", "eth0"))).Distinct().Count());

    [Fact]
    public void Mac_IsUnicastAndLocallyAdministered() =>
        Gen.String.Sample(text => Assert.Equal(0x02UL, Names.Mac(new(text, "eth0")).Value >> 40 & 0x03));

    [Theory]
    [InlineData("n1", "k8s", "web-0", "eth0", "n1-k8s-web--0-eth0")]
    [InlineData("host-a.example", "cni", "abc", "eth0", "host--a.example-cni-abc-eth0")]
    public void Endpoint_HasTheFormOfCalico(string node, string orchestrator, string workload, string iface, string expected) =>
        Assert.Equal(expected, Names.Endpoint(node, orchestrator, workload, iface));

    [Fact]
    public void Endpoint_IsAlwaysAValidObjectName() =>
        Gen.Select(Gen.String[1, 300], Gen.String[1, 15]).Sample((workload, iface) =>
        {
            string name = Names.Endpoint("n1", "cni", workload, iface);
            Assert.True(name.Length <= 253);
            Assert.All(name.Split('.'), label =>
            {
                Assert.NotEqual("", label);
                Assert.True(char.IsAsciiLetterOrDigit(label[0]) && char.IsAsciiLetterOrDigit(label[^1]), name);
                Assert.DoesNotContain(label, c => !(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));
            });
        }, iter: 2000);

    [Fact]
    public void Endpoint_KeepsWorkloadsApart() =>
        Gen.Select(Gen.String[1, 20], Gen.String[1, 20]).Sample((a, b) => Assert.Equal(a == b, Names.Endpoint("n", "cni", a, "eth0") == Names.Endpoint("n", "cni", b, "eth0")), iter: 2000);
}
