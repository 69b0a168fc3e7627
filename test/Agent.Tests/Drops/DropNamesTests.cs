using Margay.Agent.Drops;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drops;

namespace Margay.Agent.Tests.Drops;

public class DropNamesTests
{
    private static EndpointView Endpoint(string id, string link) => new() { Id = id, Network = id.Split('/')[0], Revision = 1, Interface = link };

    [Fact]
    public void Endpoint_IsThatOfTheLink_InItsNetwork()
    {
        DropNames names = new(Dropped.ConnectionTo(Endpoint("default/blue/a", "mga"), Endpoint("default/blue/b", "mgb"), Endpoint("red/blue/a", "mga")));
        DropSite egress = Dropped.Rule with { Direction = PolicyType.Egress };
        Assert.Equal("default/blue/a", names.EndpointOf(Dropped.Packet(output: "mga")));
        Assert.Equal("default/blue/b", names.EndpointOf(Dropped.Packet(egress, input: "mgb", output: "mga")));
        Assert.Equal("red/blue/a", names.EndpointOf(Dropped.Packet(output: "mga", network: new NetworkName("red"))));
        Assert.Equal("", names.EndpointOf(Dropped.Packet(output: "mgb", network: new NetworkName("red"))));
        Assert.Equal("", names.EndpointOf(Dropped.Packet(output: null)));
    }

    private static readonly EndpointTier Guard = new() { Name = "first", IngressPolicies = [Dropped.Rule.Name], EgressPolicies = [Dropped.Rule.Name] };

    public static TheoryData<string, PolicyType, string?, string?, string, string> HostDrops() => new()
    {
        // To the host's own processes, and from them.
        { "rule", PolicyType.Ingress, "eth0", null, "10.0.0.11", "HostEndpoint/named" },
        { "rule", PolicyType.Egress, null, "eth0", "10.0.0.11", "HostEndpoint/named" },
        { "host-end", PolicyType.Ingress, "eth0", null, "10.0.0.11", "HostEndpoint/named" },
        { "host-end", PolicyType.Ingress, "eth1", null, "10.0.0.12", "HostEndpoint/expected" },
        { "host-end", PolicyType.Ingress, "eth2", null, "10.0.0.13", "HostEndpoint/all" },
        // Forwarded: the host endpoint's where its policy for that names the rule. The host is asked first on the way in, the workload on the way out.
        { "rule", PolicyType.Ingress, "eth0", "mga", "10.65.0.2", "HostEndpoint/named" },
        { "rule", PolicyType.Ingress, "eth1", "mga", "10.65.0.2", "default/blue/a" },
        { "rule", PolicyType.Egress, "mga", "eth0", "203.0.113.1", "default/blue/a" },
        { "rule", PolicyType.Egress, "mgb", "eth0", "203.0.113.1", "HostEndpoint/named" },
        { "end", PolicyType.Ingress, "eth0", "mga", "10.65.0.2", "default/blue/a" },
        { "end", PolicyType.Egress, "mgb", "eth0", "203.0.113.1", "default/blue/b" },
        { "host-tier", PolicyType.Ingress, "eth0", "mgb", "10.65.0.2", "HostEndpoint/named" },
        { "tier", PolicyType.Ingress, "eth0", "mgb", "10.65.0.2", "default/blue/b" },
        // To an interface that nobody knows.
        { "fixed", PolicyType.Ingress, "eth0", "mgc", "10.65.0.9", "" },
    };

    [Theory]
    [MemberData(nameof(HostDrops))]
    public void HostEndpoint_IsThatOfTheOtherInterface(string kind, PolicyType direction, string? input, string? output, string address, string expected)
    {
        EndpointView a = Endpoint("default/blue/a", "mga") with { Tiers = [Guard] }, b = Endpoint("default/blue/b", "mgb");
        Connection connection = Dropped.ConnectionTo(a, b);
        connection.View = connection.View.Apply(new ViewDelta
        {
            Epoch = "e",
            Revision = 2,
            HostEndpoints =
            [
                new HostEndpointView { Name = "named", Revision = 1, Interface = "eth0", Tiers = [Guard], ForwardTiers = [Guard] },
                new HostEndpointView { Name = "expected", Revision = 1, Addresses = ["10.0.0.12"], Tiers = [Guard] },
                new HostEndpointView { Name = "all", Revision = 1, Interface = "*", Tiers = [Guard] },
            ],
        });
        DropSite site = kind switch
        {
            "rule" => Dropped.Rule with { Direction = direction },
            "tier" or "host-tier" => new DropSite(direction, DropKind.Tier, "first") { IsHosts = kind == "host-tier" },
            "end" or "host-end" => new DropSite(direction, DropKind.End, "end") { IsHosts = kind == "host-end" },
            _ => new DropSite(direction, DropKind.Fixed, "no policy yet"),
        };
        DroppedPacket packet = Dropped.Packet(site, input, output);
        InetAddress ip = InetAddress.Parse(address);
        packet = packet with { Headers = direction == PolicyType.Ingress ? packet.Headers with { Destination = ip } : packet.Headers with { Source = ip } };
        Assert.Equal(expected, new DropNames(connection).EndpointOf(packet));
    }

    [Fact]
    public void Endpoint_FollowsTheView()
    {
        Connection connection = Dropped.ConnectionTo(Endpoint("default/blue/a", "mga"));
        DropNames names = new(connection);
        Assert.Equal("default/blue/a", names.EndpointOf(Dropped.Packet()));
        connection.View = connection.View.Apply(new ViewDelta { Epoch = "e", Revision = 2, Endpoints = [Endpoint("default/blue/z", "mga")], RemovedEndpoints = ["default/blue/a"] });
        Assert.Equal("default/blue/z", names.EndpointOf(Dropped.Packet()));
    }

    [Fact]
    public void Digest_BecomesTheName_IfTheViewStillHasIt()
    {
        string name = "NetworkPolicy/" + new string('n', 63) + "/" + new string('p', 200);
        Connection connection = Dropped.ConnectionTo();
        Assert.True(DropSite.TryParse(new DropSite(PolicyType.Ingress, DropKind.Rule, name, 7).ToPrefix(), out DropSite read));
        Assert.True(read.IsDigest);
        DropNames names = new(connection);
        Assert.Equal(read, names.SiteOf(Dropped.Packet(read)));
        connection.View = connection.View.Apply(new ViewDelta { Epoch = "e", Revision = 2, Policies = [new PolicyView { Id = name, Tier = "default" }] });
        Assert.Equal(read with { Name = name }, names.SiteOf(Dropped.Packet(read)));
    }
}
