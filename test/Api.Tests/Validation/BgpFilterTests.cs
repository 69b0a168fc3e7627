using Margay.Api.Resources;

namespace Margay.Api.Tests.Validation;

/// <summary>Every rule of BGP filters.</summary>
public class BgpFilterTests
{
    [Theory]
    [InlineData("{action: Accept}", "")]
    [InlineData("{action: Reject, cidr: 10.0.0.0/8, matchOperator: In, prefixLength: {min: 8, max: 24}}", "")]
    [InlineData("{action: Accept, peerType: eBGP, source: RemotePeers, communities: {values: ['65000:1']}, asPathPrefix: [65000, '1.10'], priority: 512}", "")]
    [InlineData("{action: Accept, communities: {values: ['65000:1:2']}, operations: [{addCommunity: {value: '65000:2'}}, {prependASPath: {prefix: [65000]}}, {setPriority: {value: 1}}]}", "")]
    [InlineData("{}", "spec.exportV4[0].action Required")]
    [InlineData("{action: accept}", "spec.exportV4[0].action NotSupported")]
    [InlineData("{action: Accept, cidr: 10.0.0.0/8}", "spec.exportV4[0].matchOperator Required")]
    [InlineData("{action: Accept, matchOperator: In}", "spec.exportV4[0].cidr Required")]
    [InlineData("{action: Accept, matchOperator: in, cidr: 10.0.0.1/8}", "spec.exportV4[0].cidr Invalid; spec.exportV4[0].matchOperator NotSupported")]
    [InlineData("{action: Accept, matchOperator: In, cidr: 'fd00::/8'}", "spec.exportV4[0].cidr Invalid")]
    [InlineData("{action: Accept, prefixLength: {min: 8}}", "spec.exportV4[0].prefixLength Forbidden")]
    [InlineData("{action: Accept, cidr: 10.0.0.0/8, matchOperator: In, prefixLength: {min: 33, max: -1}}",
        "spec.exportV4[0].prefixLength.max Invalid; spec.exportV4[0].prefixLength.max Invalid; spec.exportV4[0].prefixLength.min Invalid")]
    [InlineData("{action: Accept, source: Local, peerType: bgp, interface: 'a b'}", "spec.exportV4[0].interface Invalid; spec.exportV4[0].peerType NotSupported; spec.exportV4[0].source NotSupported")]
    [InlineData("{action: Accept, communities: {values: []}}", "spec.exportV4[0].communities.values Required")]
    [InlineData("{action: Accept, communities: {values: ['1:2', '3:4']}}", "spec.exportV4[0].communities.values TooMany")]
    [InlineData("{action: Accept, communities: {values: ['65536:1']}}", "spec.exportV4[0].communities.values[0] Invalid")]
    [InlineData("{action: Accept, asPathPrefix: [1, 0], priority: 0}", "spec.exportV4[0].asPathPrefix[1] Invalid; spec.exportV4[0].priority Invalid")]
    [InlineData("{action: Reject, operations: [{setPriority: {value: 5}}]}", "spec.exportV4[0].operations Forbidden")]
    [InlineData("{action: Accept, operations: [{}, {addCommunity: {value: 'x'}, setPriority: {value: 1}}]}",
        "spec.exportV4[0].operations[0] Invalid; spec.exportV4[0].operations[1] Invalid; spec.exportV4[0].operations[1].addCommunity.value Invalid")]
    [InlineData("{action: Accept, operations: [{prependASPath: {prefix: []}}, {setPriority: {}}]}",
        "spec.exportV4[0].operations[0].prependASPath.prefix Required; spec.exportV4[0].operations[1].setPriority.value Required")]
    [InlineData("{action: Accept, operations: [{prependASPath: {prefix: [1,2,3,4,5,6,7,8,9,10,11]}}]}", "spec.exportV4[0].operations[0].prependASPath.prefix TooMany")]
    [InlineData("{action: Accept, cdir: 10.0.0.0/8}", "spec.exportV4[0].cdir UnknownField")]
    public void Rules(string rule, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("BGPFilter", $"{{exportV4: [{rule}]}}")));

    [Fact]
    public void EachListHasItsFamilyAndDirection()
    {
        const string rule = "{action: Accept, source: RemotePeers, cidr: 10.0.0.0/8, matchOperator: In, prefixLength: {max: 100}}";
        Assert.Equal(
            "spec.exportV4[0].prefixLength.max Invalid; spec.exportV6[0].cidr Invalid; spec.importV4[0].prefixLength.max Invalid; spec.importV4[0].source Forbidden; spec.importV6[0].cidr Invalid; spec.importV6[0].source Forbidden",
            Admitted.Faults(Admitted.Spec("BGPFilter", $"{{exportV4: [{rule}], importV4: [{rule}], exportV6: [{rule}], importV6: [{rule}]}}")));
    }

    [Theory]
    [InlineData("{action: Accept, interface: 'eth*'}", "spec.exportV4[0].interface NotImplemented")]
    [InlineData("{action: Accept, cidr: 10.0.0.0/8, matchOperator: Equal, prefixLength: {min: 8}}", "spec.exportV4[0].prefixLength Invalid")]
    public void WhatHasLittleEffect_IsTold(string rule, string warnings) => Assert.Equal(warnings, Admitted.Warnings(Admitted.Spec("BGPFilter", $"{{exportV4: [{rule}]}}")));

    [Fact]
    public void PeersNameFiltersOnce() =>
        Assert.Equal("spec.filters[1] Duplicate; spec.filters[2] Invalid", Admitted.Faults(Admitted.Spec("BGPPeer", "{peerIP: 192.0.2.1, asNumber: 1, filters: [a, a, 'b_c']}")));

    [Fact]
    public void ItIsServed() => Assert.Equal("bgpfilters", ResourceKinds.FindByUserName("BGPFilter")!.Plural);
}
