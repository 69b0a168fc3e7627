using Margay.Core.Net;

namespace Margay.Agent.Tests;

public class CommandLineTests
{
    [Fact]
    public async Task Flags_BecomeOptions()
    {
        AgentOptions? got = null;
        int exit = await CommandLine.Build((options, _) =>
        {
            got = options;
            return Task.FromResult(0);
        }).Parse(["--node", "n1", "--server", "http://10.0.0.1:7443", "--run-dir", "/tmp/r", "--ip", "192.0.2.1/24", "--ip6", "none", "--bgp-listen", "192.0.2.1,:1790",
            "--metrics-listen", "none", "--labels", "rack=1", "--labels", "zone=a", "--mtu", "1450"]).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(0, exit);
        Assert.Equal(("n1", "/tmp/r/agent.sock", 1450), (got!.Node, got.Socket, got.Mtu));
        Assert.Equal((InetAddress.Parse("192.0.2.1"), true), (got.Ip.Address, got.Ip6.None));
        Assert.Equal(1790, got.Bgp.Port);
        Assert.Null(got.Metrics);
        Assert.Equal(("1", "a"), (got.Labels["rack"], got.Labels["zone"]));
    }

    [Theory]
    [InlineData("192.0.2.10:1790", true)]
    [InlineData("[2001:db8::10]:1790", true)]
    [InlineData("192.0.2.10", false)]
    [InlineData("192.0.2.10:0", false)]
    [InlineData("station:1790", false)]
    [InlineData("192.0.2.10:1790,192.0.2.10:1790", false)]
    public async Task MonitoringStation_IsAnAddressAndAPort(string text, bool good)
    {
        AgentOptions? got = null;
        int exit = await CommandLine.Build((options, _) =>
        {
            got = options;
            return Task.FromResult(0);
        }).Parse(["--node", "n1", "--bmp-station", text]).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(good ? 0 : 2, exit);
        if (good) Assert.Equal(1790, Assert.Single(got!.BmpStations).Port);
    }

    [Theory]
    [InlineData("169.254.169.254:80=127.0.0.1:8775", true)]
    [InlineData("169.254.169.254:80=127.0.0.1:8775,169.254.169.254:80=127.0.0.1:8776", false)]
    [InlineData("10.0.0.1:80=127.0.0.1:8775", false)]
    public async Task NetworkService_IsAnAddressOfItsOwn_AndATarget(string text, bool good)
    {
        AgentOptions? got = null;
        int exit = await CommandLine.Build((options, _) =>
        {
            got = options;
            return Task.FromResult(0);
        }).Parse(["--node", "n1", "--network-service", text]).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(good ? 0 : 2, exit);
        if (good) Assert.Equal(text, Assert.Single(got!.NetworkServices).ToString());
    }

    [Fact]
    public async Task EveryFault_IsReported_AndNothingRuns()
    {
        int exit = await CommandLine.Build((_, _) => throw new InvalidOperationException("ran")).Parse(
            ["--node", "Not_A_Name", "--server", "tor-1", "--ip", "eth0", "--bgp-listen", "x", "--metrics-listen", "9091x", "--labels", "rack", "--mtu", "10"]).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(2, exit);
    }

    [Theory]
    [InlineData(null, "margay_n1_")]
    [InlineData("lab", "lab-")]
    public async Task NamespacesOfNetworks_AreNamedByNode_UnlessAPrefixIsGiven(string? prefix, string begin)
    {
        AgentOptions? got = null;
        string[] given = prefix is null ? [] : ["--network-prefix", prefix];
        await CommandLine.Build((options, _) =>
        {
            got = options;
            return Task.FromResult(0);
        }).Parse(["--node", "n1", "--server", "http://10.0.0.1:7443", .. given]).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(begin, got!.NetworkSpaces);
    }
}
