using Margay.Api.NodeSync;
using Margay.Dataplane.Networks;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>A view's parts by network: everything is in exactly one of them.</summary>
public class ViewSplitTests
{
    private readonly ViewSplit _split = new();

    private static ViewDelta Delta => new() { Epoch = "e", Revision = 1 };

    private static IpSetView Set(string id, string network) => new() { Id = id, Network = network, Members = [] };

    private static PolicyView Policy(string id, string network) => new() { Id = id, Network = network, Tier = "default" };

    private static EndpointView Endpoint(string network) => new() { Id = $"{network}/ns/a", Network = network, Revision = 1, Interface = "mga" };

    [Fact]
    public void EachThing_IsInThePartOfItsNetwork_AndInNoOther()
    {
        Dictionary<string, ViewDelta> parts = _split.Of(Delta with
        {
            Pools = [new PoolView { Name = "p", Cidr = "10.0.0.0/8" }, new PoolView { Name = "red.net/10.0.0.0/8", Network = "red.net", Cidr = "10.0.0.0/8" }],
            Blocks = [new BlockView { Network = "red.net", Cidr = "10.0.0.0/26", Pool = "x" }],
            IpSets = [Set("s1", "default"), Set("s2", "red.net"), Set("s3", "green.net")],
            Policies = [Policy("GlobalNetworkPolicy/a", "default"), Policy("GlobalNetworkPolicy/a@red.net", "red.net")],
            Profiles = [new ProfileView { Name = "open" }, new ProfileView { Name = "open@green.net", Network = "green.net" }],
            Endpoints = [Endpoint("default"), Endpoint("red.net"), Endpoint("green.net")],
            HostEndpoints = [],
        }, []);
        Assert.Equal(["default", "green.net", "red.net"], parts.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["10.0.0.0/8"], parts["red.net"].Pools!.Select(p => p.Cidr));
        Assert.Equal(["p"], parts["default"].Pools!.Select(p => p.Name));
        Assert.Equal(["red.net/10.0.0.0/26"], parts["red.net"].Blocks!.Select(b => b.Id));
        Assert.Empty(parts["default"].Blocks!);
        Assert.Equal(["s3"], parts["green.net"].IpSets!.Select(s => s.Id));
        Assert.Equal(["GlobalNetworkPolicy/a@red.net"], parts["red.net"].Policies!.Select(p => p.Id));
        Assert.Equal(["open@green.net"], parts["green.net"].Profiles!.Select(p => p.Name));
        foreach (string network in parts.Keys) Assert.Equal([network + "/ns/a"], parts[network].Endpoints!.Select(e => e.Id));
        Assert.NotNull(parts["default"].HostEndpoints);
        Assert.Null(parts["red.net"].HostEndpoints);
    }

    [Fact]
    public void Removals_FindTheirNetwork_ByTheirIds()
    {
        _split.Of(Delta with { IpSets = [Set("s1", "default"), Set("s2", "red.net")] }, []);
        Dictionary<string, ViewDelta> parts = _split.Of(Delta with
        {
            RemovedPools = ["p", "red.net/10.0.0.0/8"],
            RemovedBlocks = ["default/10.65.0.0/26", "red.net/10.0.0.0/26"],
            RemovedIpSets = ["s1", "s2"],
            RemovedPolicies = ["NetworkPolicy/ns/a", "NetworkPolicy/ns/a@red.net"],
            RemovedProfiles = ["open", "open@red.net"],
            RemovedEndpoints = ["default/ns/a", "red.net/ns/a"],
        }, []);
        Assert.Equal(["default", "red.net"], parts.Keys.Order(StringComparer.Ordinal));
        foreach ((string network, int index) in ((string, int)[])[("default", 0), ("red.net", 1)])
        {
            ViewDelta part = parts[network];
            Assert.Equal(index == 0 ? "p" : "red.net/10.0.0.0/8", Assert.Single(part.RemovedPools!));
            Assert.Equal(index == 0 ? "s1" : "s2", Assert.Single(part.RemovedIpSets!));
            foreach (IReadOnlyList<string>? removed in (IReadOnlyList<string>?[])[part.RemovedBlocks, part.RemovedPolicies, part.RemovedProfiles, part.RemovedEndpoints])
                Assert.Contains(network == "default" ? "" : network, Assert.Single(removed!), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AChangeOfASet_GoesWhereTheSetIs()
    {
        _split.Of(Delta with { IpSets = [Set("s1", "default"), Set("s2", "red.net")] }, []);
        Dictionary<string, ViewDelta> parts = _split.Of(Delta with { IpSetChanges = [new IpSetChange { Id = "s2", Added = ["10.0.0.1"] }] }, []);
        Assert.Equal("s2", Assert.Single(parts["red.net"].IpSetChanges!).Id);
        Assert.Empty(parts["default"].IpSetChanges!);
    }

    [Fact]
    public void ASnapshot_TellsNetworksThatHaveNothingNow()
    {
        Dictionary<string, ViewDelta> parts = _split.Of(Delta with { Snapshot = true, Endpoints = [] }, ["red.net"]);
        Assert.True(parts["red.net"].Snapshot);
        Assert.Empty(parts["red.net"].Endpoints!);
        // A set that the snapshot does not have is forgotten: its id may be another network's later.
        _split.Of(Delta with { IpSets = [Set("s", "red.net")] }, []);
        _split.Of(Delta with { Snapshot = true }, []);
        Assert.DoesNotContain("red.net", _split.Of(Delta with { RemovedIpSets = ["s"] }, []).Keys);
    }
}
