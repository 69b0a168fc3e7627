using Margay.Core.Net;
using Margay.Lab.Topologies;

namespace Margay.Lab.Tests.Topologies;

public class TopologyReaderTests
{
    /// <summary>Correct; each test spoils something by replacing a piece of it.</summary>
    private const string Sound = """
        name: small
        racks:
          r1: { subnets: [10.1.0.0/24, "fd01::/64"] }
        switches:
          spine: { daemon: frr, as: 65000, routerId: 192.0.2.1 }
          tor1: { daemon: bird, as: 65001, routerId: 192.0.2.2, rack: r1 }
        links:
          - { ends: [spine, tor1], subnets: [10.0.1.0/31] }
        server: { switch: spine, subnets: [10.0.0.0/30] }
        hosts:
          h1: { rack: r1, as: 65101, addresses: [10.1.0.11, "fd01::11"], labels: { rack: r1 } }
        workloads:
          a/w1: { host: h1, ports: [80/tcp] }
          a/w2: { host: h1, ports: [53/udp] }
        expectations:
          - { from: "*/*", to: "*/*", expect: allow }
        """;

    private static TopologyResult Read(string yaml) => TopologyReader.Read(yaml, AppContext.BaseDirectory);

    [Fact]
    public void Sound_HasNoFaults()
    {
        TopologyResult result = Read(Sound);
        Assert.Empty(result.Faults);
        Topology t = result.Topology!;
        Assert.Equal("small", t.Name);
        Assert.Equal(SwitchDaemon.Bird, t.SwitchNamed("tor1").Daemon);
        Assert.Equal([new TransportPort(Transport.Tcp, 80)], t.Workloads[0].Ports);
        Assert.Equal("server", t.Server!.Name);
        Assert.Equal("r1", t.HostNamed("h1").Labels["rack"]);
        Assert.True(t.Expectations[0].Allow);
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("fabric")]
    [InlineData("hosts")]
    public void Examples_HaveNoFaults(string name) => Assert.Equal(name, Examples.Read(name).Name);

    [Theory]
    // The shape of the document.
    [InlineData("name: small", "nam: small", "nam", "is not known here")]
    [InlineData("name: small", "", "name", "is missing")]
    [InlineData("name: small", "name: Small Lab", "name", "1 to 20")]
    [InlineData("daemon: bird", "daemon: quagga", "switches.tor1.daemon", "not one of frr, bird")]
    [InlineData("daemon: bird, ", "", "switches.tor1.daemon", "is missing")]
    [InlineData("as: 65001", "as: 0", "switches.tor1.as", "not a number from 1")]
    [InlineData("as: 65001", "as: 4294967296", "switches.tor1.as", "not a number from 1 to 4294967295")]
    [InlineData("routerId: 192.0.2.2", "routerId: 192.0.2", "switches.tor1.routerId", "not an IP address")]
    [InlineData("10.1.0.0/24", "10.1.0.1/24", "racks.r1.subnets[0]", "zero host bits")]
    [InlineData("addresses: [10.1.0.11", "addresses: [10.1.0", "hosts.h1.addresses[0]", "not an IP address")]
    [InlineData("labels: { rack: r1 }", "labels: [r1]", "hosts.h1.labels", "must be a mapping")]
    [InlineData("ports: [80/tcp]", "ports: [80]", "workloads.a/w1.ports[0]", "not a port")]
    [InlineData("ports: [80/tcp]", "ports: [80/tcp, 80/tcp]", "workloads.a/w1.ports[1]", "named twice")]
    [InlineData("ports: [80/tcp]", "ports: [icmp]", "workloads.a/w1.ports[0]", "listens on ports")]
    [InlineData("labels: { rack: r1 }", "ports: [icmp]", "hosts.h1.ports[0]", "listens on ports")]
    [InlineData("labels: { rack: r1 }", "publish: { 30080/sctp: a/w1:80 }", "hosts.h1.publish.30080/sctp", "must be a port such as 30080/tcp")]
    [InlineData("labels: { rack: r1 }", "publish: { 30080/tcp: a/w1 }", "hosts.h1.publish.30080/tcp", "'a/w1' is not NAMESPACE/NAME:PORT")]
    [InlineData("labels: { rack: r1 }", "publish: { 30080/tcp: a/w1:0 }", "hosts.h1.publish.30080/tcp", "is not NAMESPACE/NAME:PORT")]
    [InlineData("ports: [80/tcp]", "portNames: { http: 80 }", "workloads.a/w1.portNames.http", "not a port")]
    [InlineData("a/w1:", "w1:", "workloads.w1", "must be named NAMESPACE/NAME")]
    [InlineData("expect: allow", "expect: maybe", "expectations[0].expect", "not one of allow, deny")]
    [InlineData("expect: allow", "expect: allow, families: [5]", "expectations[0].families[0]", "not one of 4, 6")]
    [InlineData("ends: [spine, tor1]", "ends: [spine]", "links[0].ends", "two switches")]
    [InlineData("expectations:", "manifests: [nowhere]\nexpectations:", "manifests[0]", "is not there")]
    // What the parts say about each other.
    [InlineData("tor1: {", "eth0: {", "switches.eth0", "not a name of 1 to 15")]
    [InlineData("h1: {", "spine: {", "hosts.spine", "taken by switches.spine")]
    [InlineData("routerId: 192.0.2.2", "routerId: 192.0.2.1", "switches.tor1.routerId", "router id of spine too")]
    [InlineData("routerId: 192.0.2.2", "routerId: \"::1\"", "switches.tor1.routerId", "IPv4")]
    [InlineData("routerId: 192.0.2.2, rack: r1", "routerId: 192.0.2.2", "racks.r1", "has no switch")]
    [InlineData("routerId: 192.0.2.1 }", "routerId: 192.0.2.1, rack: r1 }", "switches.tor1.rack", "spine is the switch of r1 already")]
    [InlineData("rack: r1, as", "rack: r2, as", "hosts.h1.rack", "no rack 'r2'")]
    [InlineData("[10.1.0.11,", "[10.9.0.11,", "hosts.h1.addresses[0]", "in no subnet of r1")]
    [InlineData("[10.1.0.11,", "[10.1.0.1,", "hosts.h1.addresses[0]", "address of the rack's switch")]
    [InlineData("[10.1.0.11,", "[10.1.0.255,", "hosts.h1.addresses[0]", "first or last")]
    [InlineData("[10.1.0.11,", "[10.1.0.11, 10.1.0.12,", "hosts.h1.addresses", "one address of each family")]
    [InlineData("host: h1, ports: [80/tcp]", "host: h9, ports: [80/tcp]", "workloads.a/w1.host", "no host 'h9'")]
    [InlineData("ports: [80/tcp]", "ports: [80/tcp], portNames: { dns: 53/udp }", "workloads.a/w1.portNames.dns", "does not listen on 53/udp")]
    [InlineData("labels: { rack: r1 }", "publish: { 30080/tcp: a/w9:80 }", "hosts.h1.publish.30080/tcp", "no workload 'a/w9'")]
    [InlineData("labels: { rack: r1 }", "publish: { 30080/tcp: a/w1:81 }", "hosts.h1.publish.30080/tcp", "does not listen on 81/tcp")]
    [InlineData("labels: { rack: r1 }", "publish: { 30080/udp: a/w1:80 }", "hosts.h1.publish.30080/udp", "does not listen on 80/udp")]
    [InlineData("labels: { rack: r1 }", "ports: [30080/tcp], publish: { 30080/tcp: a/w1:80 }", "hosts.h1.publish.30080/tcp", "h1 itself listens")]
    [InlineData("labels: { rack: r1 } }", "publish: { 30080/tcp: a/w1:80 } }\n  h2: { rack: r1, as: 65102, addresses: [10.1.0.12], publish: { 30080/tcp: a/w1:80 } }", "hosts.h2.publish.30080/tcp", "a/w1 is on h1")]
    [InlineData("ends: [spine, tor1]", "ends: [spine, tor9]", "links[0].ends", "no switch 'tor9'")]
    [InlineData("ends: [spine, tor1]", "ends: [spine, spine]", "links[0].ends", "to itself")]
    [InlineData("subnets: [10.0.1.0/31]", "subnets: [10.0.1.0/32]", "links[0].subnets", "no room for two")]
    [InlineData("subnets: [10.0.1.0/31]", "subnets: []", "links[0].subnets", "needs a subnet")]
    [InlineData("10.0.1.0/31", "10.1.0.4/31", "links[0].subnets", "overlaps 10.1.0.0/24 of racks.r1.subnets")]
    [InlineData("switch: spine", "switch: leaf", "server.switch", "no switch 'leaf'")]
    [InlineData("server: { switch: spine, subnets: [10.0.0.0/30] }", "", "workloads", "need a server")]
    [InlineData("server: { switch: spine, subnets: [10.0.0.0/30] }\nhosts:\n  h1: {", "hosts:\n  h1: { ports: [22/tcp],", "hosts.h1.ports", "need a server")]
    [InlineData("from: \"*/*\"", "from: b/x", "expectations[0].from", "'b/x' matches nothing")]
    [InlineData("expect: allow", "expect: allow, ports: 81/tcp", "expectations[0].ports", "none of */* listens on 81/tcp")]
    public void Fault_IsReportedUnderItsField(string piece, string instead, string path, string message)
    {
        Assert.Contains(piece, Sound, StringComparison.Ordinal);
        TopologyResult result = Read(Sound.Replace(piece, instead, StringComparison.Ordinal));
        Assert.Null(result.Topology);
        Assert.Contains(result.Faults, f => f.Path == path && f.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryFault_IsReportedAtOnce()
    {
        string yaml = Sound.Replace("daemon: bird", "daemon: quagga", StringComparison.Ordinal)
            .Replace("rack: r1, as: 65101", "rack: r2, as: x", StringComparison.Ordinal)
            .Replace("80/tcp", "http", StringComparison.Ordinal);
        string[] paths = [.. Read(yaml).Faults.Select(f => f.Path).Order(StringComparer.Ordinal)];
        Assert.Equal(["hosts.h1.as", "hosts.h1.rack", "switches.tor1.daemon", "workloads.a/w1.ports[0]"], paths);
    }

    [Fact]
    public void Fault_NamesTheLine() =>
        Assert.Equal("line 6: switches.tor1.as: 'x' is not a number from 1 to 4294967295", Read(Sound.Replace("65001", "x", StringComparison.Ordinal)).Faults[0].ToString());

    [Theory]
    [InlineData("")]
    [InlineData("- a\n- b\n")]
    [InlineData("just text")]
    [InlineData("name: [")]
    [InlineData("name: a\nname: b")]
    [InlineData("---\nname: a\n---\nname: b\n")]
    [InlineData("name: &x [*x]")]
    [InlineData("racks: { r: null }\nswitches: 5\nlinks: {}\nhosts: []\nworkloads: [1]\nexpectations: x\n")]
    public void OtherThanATopology_IsFaultsNotAnException(string yaml)
    {
        TopologyResult result = Read(yaml);
        Assert.Null(result.Topology);
        Assert.NotEmpty(result.Faults);
    }

    [Fact]
    public void MissingFile_IsAFault() => Assert.Contains("none.yaml", TopologyReader.ReadFile("/nowhere/none.yaml").Faults[0].Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("10.0.1.0/31", "10.0.1.0", "10.0.1.1")]
    [InlineData("10.0.1.0/30", "10.0.1.1", "10.0.1.2")]
    [InlineData("fd00::/127", "fd00::", "fd00::1")]
    [InlineData("fd00::/64", "fd00::1", "fd00::2")]
    public void Cable_GivesItsEndsTheFirstUsableAddresses(string subnet, string first, string second)
    {
        IpPrefix prefix = IpPrefix.Parse(subnet);
        Cable cable = new("a", "b", [prefix]);
        Assert.Equal(first, cable.AddressOf("a", prefix).ToString());
        Assert.Equal(second, cable.AddressOf("b", prefix).ToString());
    }
}
