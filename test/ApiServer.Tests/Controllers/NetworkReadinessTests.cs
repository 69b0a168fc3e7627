using CsCheck;
using Margay.Api.Resources;
using Margay.ApiServer.Controllers;

namespace Margay.ApiServer.Tests.Controllers;

/// <summary>Conditions of virtual networks from what nodes report of workloads.</summary>
public sealed class NetworkReadinessTests
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch.AddDays(20_000);

    private static VirtualNetwork Network(string tenant, int? vni = 10001, VirtualNetworkStatus? status = null) => new()
    {
        Metadata = new ObjectMeta { Name = "net", Namespace = tenant }, Spec = new VirtualNetworkSpec { Vni = vni, Subnets = [new NetworkSubnet { Cidr = "10.0.0.0/24" }] }, Status = status,
    };

    private static WorkloadEndpoint Workload(string name, string node, bool up = true, string? network = "red.net") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "red" }, Spec = new WorkloadEndpointSpec { Network = network, Node = node }, Status = up ? new WorkloadEndpointStatus { State = "Up" } : null,
    };

    private static string[] Words(VirtualNetworkStatus status) => [.. status.Conditions!.Select(c => $"{c.Type} {c.Status} {c.Reason}: {c.Message}")];

    [Fact]
    public void WithoutWorkloads_ANetworkIsProgrammed()
    {
        NetworkReadiness readiness = new();
        readiness.Apply(Network("red"));
        (_, VirtualNetworkStatus status) = Assert.Single(readiness.Take(s_start));
        Assert.Equal(["Allocated True Allocated: VNI 10001, 1 subnet", "Programmed True NoWorkload: no workload yet", "Degraded False AllUp: "], Words(status));
        Assert.Equal(10001, status.Vni);
        Assert.Empty(readiness.Take(s_start));
    }

    [Fact]
    public void ImportsWithoutEffect_AreACondition_ThatFollowsBothSides()
    {
        VirtualNetwork Importing(string tenant, int vni, string cidr, string? import, string? export) => new()
        {
            Metadata = new ObjectMeta { Name = "net", Namespace = tenant },
            Spec = new VirtualNetworkSpec
            {
                Vni = vni, Subnets = [new NetworkSubnet { Cidr = cidr }], Imports = import is null ? null : [new NetworkReference { Network = import }], Exports = export is null ? null : [new NetworkReference { Network = export }],
            },
        };
        NetworkReadiness readiness = new();
        string Refused() => readiness.Take(s_start).SelectMany(t => Words(t.Status).Where(w => w.StartsWith("ImportRefused", StringComparison.Ordinal)).Select(w => $"{t.Network.FullName} {w}")).SingleOrDefault() ?? "";
        readiness.Apply(Importing("red", 1, "10.0.0.0/24", "dns/net", null));
        Assert.StartsWith("red.net ImportRefused True NotReached: does not reach dns/net: ", Refused(), StringComparison.Ordinal);
        readiness.Apply(Importing("dns", 2, "10.1.0.0/24", null, "blue/net"));
        Assert.StartsWith("red.net ImportRefused True NotReached: does not reach dns/net: ", Refused(), StringComparison.Ordinal);
        readiness.Apply(Importing("dns", 2, "10.1.0.0/24", null, "red/net"));
        Assert.Equal("red.net ImportRefused False AllReached: ", Refused());
        readiness.Remove(Importing("dns", 2, "10.1.0.0/24", null, "red/net"));
        Assert.StartsWith("red.net ImportRefused True", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void ANetworkWithoutAVni_SaysSo()
    {
        NetworkReadiness readiness = new();
        readiness.Apply(Network("red", null));
        Assert.Equal("Allocated False NoVni: the server has not chosen a VNI yet", Words(readiness.Take(s_start)[0].Status)[0]);
    }

    [Fact]
    public void OneNodeBehind_IsProgrammingAtFirst_ThenDegraded_ThenWellAgain()
    {
        NetworkReadiness readiness = new();
        readiness.Apply(Network("red"));
        foreach (WorkloadEndpoint workload in (WorkloadEndpoint[])[Workload("a", "n1"), Workload("b", "n2"), Workload("c", "n2", up: false), Workload("d", "n3", up: false, network: "green.net"), Workload("e", "n4", up: false, network: null)]) readiness.Apply(workload);
        VirtualNetworkStatus first = Assert.Single(readiness.Take(s_start)).Status;
        Assert.Equal(["Programmed False SomeNodes: programmed on 1/2 nodes", "Degraded False Programming: n2 has 1 of 2 workloads not up"], Words(first)[1..]);
        readiness.Apply(Network("red", status: first));
        Assert.Empty(readiness.Take(s_start + NetworkReadiness.Patience / 2));

        VirtualNetworkStatus late = Assert.Single(readiness.Take(s_start + NetworkReadiness.Patience)).Status;
        Assert.Equal(["Programmed False SomeNodes: programmed on 1/2 nodes", "Degraded True WorkloadsNotUp: n2 has 1 of 2 workloads not up"], Words(late)[1..]);
        Assert.Equal([s_start, s_start, s_start + NetworkReadiness.Patience], late.Conditions!.Select(c => c.LastTransitionTime!.Value));
        readiness.Apply(Network("red", status: late));
        Assert.Empty(readiness.Take(s_start + 2 * NetworkReadiness.Patience));

        readiness.Apply(Workload("c", "n2"));
        Assert.Equal(["Programmed True AllNodes: programmed on 2/2 nodes", "Degraded False AllUp: "], Words(Assert.Single(readiness.Take(s_start + 2 * NetworkReadiness.Patience)).Status)[1..]);
    }

    [Fact]
    public void ManyNodesBehind_AreCounted_NotAllNamed()
    {
        NetworkReadiness readiness = new();
        readiness.Apply(Network("red"));
        for (int i = 0; i < 9; i++) readiness.Apply(Workload($"w{i}", $"n{i}", up: false));
        Assert.EndsWith("n4 has 1 of 1 workloads not up and 4 more nodes", Words(readiness.Take(s_start)[0].Status)[2], StringComparison.Ordinal);
    }

    [Fact]
    public void WhatWasNotWritten_IsTakenAgain_UnlessTheNetworkIsGone()
    {
        NetworkReadiness readiness = new();
        VirtualNetwork network = Network("red");
        readiness.Apply(network);
        readiness.Take(s_start);
        readiness.Return(network);
        Assert.Single(readiness.Take(s_start));
        readiness.Return(network);
        readiness.Remove(network);
        Assert.Empty(readiness.Take(s_start));
    }

    /// <summary>Counts depend on what there is, not on how it came to be.</summary>
    [Fact]
    public void Conditions_FollowState_NotHistory() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 2], Gen.Int[0, 1], Gen.Bool, Gen.Bool).Array[0, 40].Sample(history =>
        {
            NetworkReadiness told = new(), fresh = new();
            Dictionary<string, WorkloadEndpoint> there = [];
            told.Apply(Network("red"));
            fresh.Apply(Network("red"));
            foreach ((int name, int node, int network, bool up, bool gone) in history)
            {
                WorkloadEndpoint workload = Workload($"w{name}", $"n{node}", up, network == 0 ? "red.net" : "green.net");
                if (gone) told.Remove(workload);
                else told.Apply(workload);
                if (gone) there.Remove(workload.Name);
                else there[workload.Name] = workload;
            }
            foreach (WorkloadEndpoint workload in there.Values) fresh.Apply(workload);
            Assert.Equal(Words(fresh.Take(s_start)[0].Status), Words(told.Take(s_start)[0].Status));
        });
}
