using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Api.Tests.Validation;

/// <summary>What a VirtualNetwork may say, and what it is called.</summary>
public sealed class VirtualNetworkTests
{
    [Theory]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}]}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16, blockSize: 28}, {cidr: 'fd00::/64'}], vni: 16777215, mtu: 1450}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/30}, {cidr: 10.0.1.1/32}]}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], routeTargets: {import: ['64512:4000000000', '192.0.2.1:7', '4200000000:65535'], export: ['1:1'], exportAggregates: []}}", "")]
    [InlineData("{}", "spec.subnets Required")]
    [InlineData("{subnets: []}", "spec.subnets Required")]
    [InlineData("{subnets: [{}, {cidr: 10.0.0.1/16}, {cidr: x}]}", "spec.subnets[0].cidr Required; spec.subnets[1].cidr Invalid; spec.subnets[2].cidr Invalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}, {cidr: 10.0.4.0/24}]}", "spec.subnets[1].cidr Invalid")]
    [InlineData("{subnets: [{cidr: 169.254.0.0/24}, {cidr: 'fe80::/64'}, {cidr: 224.0.0.0/8}]}", "spec.subnets[0].cidr Invalid; spec.subnets[1].cidr Invalid; spec.subnets[2].cidr Invalid")]
    [InlineData("{subnets: [{cidr: 0.0.0.0/8}, {cidr: 'fd6d:6172:6761:7900::/112'}]}", "spec.subnets[0].cidr Invalid; spec.subnets[1].cidr Invalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/24, blockSize: 23}, {cidr: 10.1.0.0/16, blockSize: 16}, {cidr: 'fd00::/64', blockSize: 129}]}", "spec.subnets[0].blockSize Invalid; spec.subnets[1].blockSize Invalid; spec.subnets[2].blockSize Invalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], vni: 0, mtu: 1000}", "spec.mtu Invalid; spec.vni Invalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], vni: 16777216}", "spec.vni Invalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], egress: {mode: Snat}}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], imports: [{network: blue/net}, {network: other}], exports: [{network: '*'}, {network: green/net}]}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], imports: [{network: '*'}, {}], exports: [{network: a/b/c}, {network: default}]}",
        "spec.exports[0].network Invalid; spec.exports[1].network Invalid; spec.imports[0].network Invalid; spec.imports[1].network Required")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], egress: {mode: Snat, nodeSelector: has(gateway)}}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], egress: {mode: Snat, nodeSelector: 'has('}}", "spec.egress.nodeSelector Invalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], egress: {nodeSelector: has(gateway)}}", "spec.egress.nodeSelector Forbidden")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], egress: {mode: Masquerade}}", "spec.egress.mode NotSupported")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], limits: {endpoints: 1, routes: 100000, connections: 65536, neighbours: 128}}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], limits: {endpoints: 0, routes: -1, connections: 0, neighbours: 127}}",
        "spec.limits.connections Invalid; spec.limits.endpoints Invalid; spec.limits.neighbours Invalid; spec.limits.routes Invalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], limits: {endpoints: 4294967296, connections: '7'}}", "spec.limits.connections TypeInvalid; spec.limits.endpoints TypeInvalid")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16, reserved: [10.0.0.0/28, 10.0.0.200, 10.0.1.1-10.0.1.9]}, {cidr: 'fd00::/64', reserved: ['fd00::-fd00::ff']}]}", "")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16, reserved: [10.1.0.0/28, 10.0.0.9-10.0.0.1, 10.0.0.1/28, 'fd00::1', x, 10.0.255.0-10.1.0.0, 10.0.0.0/28, 10.0.0.0/28]}]}",
        "spec.subnets[0].reserved[0] Invalid; spec.subnets[0].reserved[1] Invalid; spec.subnets[0].reserved[2] Invalid; spec.subnets[0].reserved[3] Invalid; spec.subnets[0].reserved[4] Invalid; spec.subnets[0].reserved[5] Invalid; spec.subnets[0].reserved[7] Duplicate")]
    [InlineData("{subnets: [{cidr: 10.0.0.0/16}], routeTargets: {import: ['x', '1', '70000:70000', '192.0.2.1:70000', '1:1', '1:1'], export: ['fd00::1:1']}}",
        "spec.routeTargets.export[0] Invalid; spec.routeTargets.import[0] Invalid; spec.routeTargets.import[1] Invalid; spec.routeTargets.import[2] Invalid; spec.routeTargets.import[3] Invalid; spec.routeTargets.import[5] Duplicate")]
    public void Spec_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("VirtualNetwork", spec)));

    [Theory]
    [InlineData("default")]
    [InlineData("a.b")]
    [InlineData("A")]
    public void Name_IsALabelOtherThanDefault(string name) =>
        Assert.Equal("metadata.name Invalid", Admitted.Faults(Admitted.Spec("VirtualNetwork", "{subnets: [{cidr: 10.0.0.0/16}]}", name)));

    [Theory]
    [InlineData(null, "red", "default")]
    [InlineData("default", "red", "default")]
    [InlineData("blue", "red", "red.blue")]
    [InlineData("blue", null, "default.blue")]
    [InlineData("green.blue", "red", "green.blue")]
    public void Resolve_ABareName_IsOfTheOwnNamespace(string? name, string? ns, string full) => Assert.Equal(full, VirtualNetwork.Resolve(name, ns));

    [Theory]
    [InlineData("10.0.0.0/16", 26)]
    [InlineData("10.0.0.0/28", 28)]
    [InlineData("fd00::/64", 122)]
    public void Defaults_BlockSize_IsNeverLargerThanTheSubnet(string cidr, int blockSize)
    {
        VirtualNetwork network = new() { Spec = new() { Subnets = [new NetworkSubnet { Cidr = cidr }] } };
        Assert.Equal(blockSize, ((VirtualNetwork)Defaults.Apply(network)).Spec.Subnets![0].BlockSize);
    }

    [Theory]
    [InlineData(7, 7, "")]
    [InlineData(7, null, "")]
    [InlineData(7, 8, "spec.vni Forbidden")]
    public void Vni_NeverChanges_AndMayBeLeftOut(int before, int? after, string faults)
    {
        Findings findings = Validator.ValidateUpdate(new VirtualNetwork { Spec = new() { Vni = before } }, new VirtualNetwork { Spec = new() { Vni = after } });
        Assert.Equal(faults, string.Join("; ", findings.Faults.Select(f => $"{f.Field} {f.Reason}")));
    }
}
