using Margay.Lab.Topologies;
using Margay.Lab.Workloads;

namespace Margay.Lab.Tests.Workloads;

public class CniPluginTests
{
    [Fact]
    public void Configuration_CarriesWhatPolicySees()
    {
        Workload workload = new()
        {
            Name = "web1",
            Namespace = "shop",
            Host = "host1",
            Labels = new Dictionary<string, string> { ["role"] = "web" },
            Ports = [new TransportPort(Transport.Tcp, 8080)],
            PortNames = new Dictionary<string, TransportPort> { ["admin"] = new(Transport.Tcp, 8080) },
            Profiles = ["media"],
        };
        Assert.Equal(
            """{"cniVersion":"1.0.0","name":"margay","type":"margay-cni","agentSocket":"/run/a.sock","namespace":"shop","labels":{"role":"web"},"ports":[{"name":"admin","port":8080,"protocol":"TCP"}],"profiles":["media"]}""",
            CniPlugin.Configuration(workload, "/run/a.sock"));
    }

    [Fact]
    public void Addresses_AreThoseOfTheResult() =>
        Assert.Equal(["10.65.0.1/32", "fd00:65::1/128"], CniPlugin.ReadAddresses("""{"cniVersion":"1.0.0","ips":[{"address":"10.65.0.1/32"},{"address":"fd00:65::1/128","interface":1}]}"""));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"ips":{}}""")]
    [InlineData("""{"ips":[{}]}""")]
    public void OtherThanAResult_IsAnError(string output) => Assert.Throws<LabException>(() => CniPlugin.ReadAddresses(output));
}
