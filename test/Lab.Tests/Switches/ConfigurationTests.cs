using Margay.Lab.Switches;
using Margay.Lab.Topologies;

namespace Margay.Lab.Tests.Switches;

/// <summary>
/// The configurations of the demo's switches, whole. After a change that is meant, MARGAY_GOLDEN=1 writes them anew into the build output,
/// to be compared and copied. That the daemons accept them is shown by the interop tests.
/// </summary>
public class ConfigurationTests
{
    [Theory]
    [InlineData("spine", "spine.bgpd.conf")]
    [InlineData("tor1", "tor1.bgpd.conf")]
    [InlineData("tor2", "tor2.bird.conf")]
    public void DemoSwitch_GetsTheGoldenConfiguration(string name, string golden)
    {
        Topology topology = Examples.Read("demo");
        Switch s = topology.SwitchNamed(name);
        SwitchView view = SwitchView.Of(topology, s);
        string text = s.Daemon == SwitchDaemon.Frr ? FrrConfig.Bgp(view) : BirdConfig.Render(view);
        string path = Path.Combine(AppContext.BaseDirectory, "Golden", golden);
        if (Environment.GetEnvironmentVariable("MARGAY_GOLDEN") is not null) File.WriteAllText(path, text);
        Assert.Equal(File.ReadAllText(path), text);
    }

    [Fact]
    public void View_KnowsBothEndsOfEveryCable()
    {
        Topology topology = Examples.Read("demo");
        SwitchView spine = SwitchView.Of(topology, topology.SwitchNamed("spine"));
        Assert.Equal(["tor1 10.0.1.0 10.0.1.1", "tor1 fd00:0:1:: fd00:0:1::1", "tor2 10.0.2.0 10.0.2.1", "tor2 fd00:0:2:: fd00:0:2::1"],
            spine.Neighbours.Select(n => $"{n.Name} {n.Local} {n.Remote}"));
        Assert.Empty(spine.HostSubnets);
        Assert.Equal(2, SwitchView.Of(topology, topology.SwitchNamed("tor2")).HostSubnets.Count);
    }

    [Fact]
    public void NamesWithHyphens_AreIdentifiersInBird()
    {
        Switch s = new() { Name = "tor-2", Daemon = SwitchDaemon.Bird, As = 4200000000, RouterId = Core.Net.InetAddress.Parse("192.0.2.9") };
        SwitchNeighbour n = new("spine-1", 65000, Core.Net.InetAddress.Parse("10.0.0.0"), Core.Net.InetAddress.Parse("10.0.0.1"));
        string text = BirdConfig.Render(new SwitchView(s, [n], []));
        Assert.Contains("protocol bgp to_spine_1_ipv4 from fabric", text, StringComparison.Ordinal);
        Assert.Contains("local as 4200000000;", text, StringComparison.Ordinal);
    }
}
