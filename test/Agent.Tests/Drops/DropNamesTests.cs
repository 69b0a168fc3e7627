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
