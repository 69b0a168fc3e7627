using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Api.Tests.Validation;

/// <summary>Every rule for policies, profiles and their rules: what is accepted, and at which field what is refused.</summary>
public class PolicyRulesTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("{selector: \"app == 'x'\", order: -1.5, types: [Egress, Ingress], tier: default}")]
    [InlineData("{serviceAccountSelector: \"has(x)\", performanceHints: [AssumeNeededOnEveryNode]}")]
    [InlineData("{ingress: [{action: Allow}, {action: Deny}, {action: Log}, {action: Pass}]}")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, destination: {ports: [80, '8000:8100', http, 443]}}]}")]
    [InlineData("{ingress: [{action: Allow, protocol: 6, destination: {ports: [80]}}]}")]
    [InlineData("{ingress: [{action: Allow, protocol: 255, notProtocol: UDPLite}]}")]
    [InlineData("{ingress: [{action: Allow, destination: {ports: [http, https]}}]}")]
    [InlineData("{ingress: [{action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}, notICMP: {type: 254, code: 255}}]}")]
    [InlineData("{ingress: [{action: Allow, protocol: ICMPv6, ipVersion: 6, icmp: {type: 128}}]}")]
    [InlineData("{ingress: [{action: Allow, ipVersion: 4, source: {nets: [10.0.0.0/8, 192.0.2.1], notNets: [10.1.0.0/16]}}]}")]
    [InlineData("{ingress: [{action: Allow, source: {nets: ['fd00::/8'], notNets: ['fd00:1::/32']}}]}")]
    [InlineData("{ingress: [{action: Allow, source: {nets: [0.0.0.0/0]}}]}")]
    [InlineData("{egress: [{action: Allow, destination: {selector: \"a == 'b'\", notSelector: has(c), namespaceSelector: all()}}]}")]
    [InlineData("{egress: [{action: Allow, destination: {namespaceSelector: global()}}]}")]
    [InlineData("{ingress: [{action: Allow, source: {serviceAccounts: {names: [a, b.c], selector: has(x)}}}]}")]
    [InlineData("{ingress: [{action: Allow, metadata: {annotations: {why: because}}}]}")]
    public void NetworkPolicy_Accepted(string spec)
    {
        Decoded decoded = Admitted.Spec("NetworkPolicy", spec);
        Assert.Equal("", Admitted.Faults(decoded));
        Assert.Equal("", Admitted.Warnings(decoded));
    }

    [Theory]
    [InlineData("{types: [Ingress, Ingress]}", "spec.types[1] Duplicate")]
    [InlineData("{types: [ingress]}", "spec.types[0] NotSupported")]
    [InlineData("{tier: a.b}", "spec.tier Invalid")]
    [InlineData("{order: first}", "spec.order TypeInvalid")]
    [InlineData("{selector: app}", "spec.selector Invalid")]
    [InlineData("{selector: global()}", "spec.selector Invalid")]
    [InlineData("{serviceAccountSelector: '!'}", "spec.serviceAccountSelector Invalid")]
    [InlineData("{performanceHints: [Faster]}", "spec.performanceHints[0] NotSupported")]
    [InlineData("{namespaceSelector: all()}", "spec.namespaceSelector UnknownField")]
    [InlineData("{ingress: [{}]}", "spec.ingress[0].action Required")]
    [InlineData("{ingress: [{action: allow}]}", "spec.ingress[0].action NotSupported")]
    [InlineData("{ingress: [{action: Allow, ipVersion: 5}]}", "spec.ingress[0].ipVersion NotSupported")]
    [InlineData("{ingress: [{action: Allow, protocol: tcp}]}", "spec.ingress[0].protocol NotSupported")]
    [InlineData("{ingress: [{action: Allow, protocol: 0}]}", "spec.ingress[0].protocol NotSupported")]
    [InlineData("{ingress: [{action: Allow, protocol: 256}]}", "spec.ingress[0].protocol NotSupported")]
    [InlineData("{ingress: [{action: Allow, notProtocol: FOO}]}", "spec.ingress[0].notProtocol NotSupported")]
    [InlineData("{ingress: [{action: Allow, protocol: ICMP, ipVersion: 6}]}", "spec.ingress[0].protocol Invalid")]
    [InlineData("{ingress: [{action: Allow, protocol: ICMPv6, ipVersion: 4}]}", "spec.ingress[0].protocol Invalid")]
    [InlineData("{ingress: [{action: Allow, notProtocol: ICMP, ipVersion: 6}]}", "spec.ingress[0].notProtocol Invalid")]
    [InlineData("{ingress: [{action: Allow, icmp: {type: 8}}]}", "spec.ingress[0].icmp Forbidden")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, notICMP: {type: 8}}]}", "spec.ingress[0].notICMP Forbidden")]
    [InlineData("{ingress: [{action: Allow, protocol: ICMP, icmp: {type: 255, code: 256}}]}", "spec.ingress[0].icmp.code Invalid; spec.ingress[0].icmp.type Invalid")]
    [InlineData("{ingress: [{action: Allow, protocol: ICMP, icmp: {code: 1}}]}", "spec.ingress[0].icmp.type Required")]
    [InlineData("{ingress: [{action: Allow, source: {nets: [10.0.0.1/8]}}]}", "spec.ingress[0].source.nets[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {nets: [ten]}}]}", "spec.ingress[0].source.nets[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {notNets: [0.0.0.0/0]}}]}", "spec.ingress[0].source.notNets[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {notNets: ['::/0']}}]}", "spec.ingress[0].source.notNets[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}, destination: {notNets: ['fd00::/8']}}]}", "spec.ingress[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, ipVersion: 4, source: {nets: ['fd00::/8']}}]}", "spec.ingress[0].source.nets[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, destination: {ports: [80]}}]}", "spec.ingress[0].destination.ports Forbidden")]
    [InlineData("{ingress: [{action: Allow, destination: {ports: [http, 80]}}]}", "spec.ingress[0].destination.ports Forbidden")]
    [InlineData("{ingress: [{action: Allow, protocol: ICMP, destination: {ports: [http]}}]}", "spec.ingress[0].destination.ports Forbidden")]
    [InlineData("{ingress: [{action: Allow, protocol: UDPLite, source: {notPorts: [1]}}]}", "spec.ingress[0].source.notPorts Forbidden")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, destination: {ports: [0]}}]}", "spec.ingress[0].destination.ports[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, destination: {ports: [65536]}}]}", "spec.ingress[0].destination.ports[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, destination: {ports: ['9:8']}}]}", "spec.ingress[0].destination.ports[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, destination: {ports: ['a b']}}]}", "spec.ingress[0].destination.ports[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, destination: {ports: [-1]}}]}", "spec.ingress[0].destination.ports[0] Invalid")]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, destination: {ports: [80.5]}}]}", "spec.ingress[0].destination.ports[0] TypeInvalid")]
    [InlineData("{ingress: [{action: Allow, source: {selector: 'a ='}}]}", "spec.ingress[0].source.selector Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {notSelector: global()}}]}", "spec.ingress[0].source.notSelector Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {namespaceSelector: 'global() || has(a)'}}]}", "spec.ingress[0].source.namespaceSelector Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {serviceAccounts: {names: [A_B], selector: '('}}}]}", "spec.ingress[0].source.serviceAccounts.names[0] Invalid; spec.ingress[0].source.serviceAccounts.selector Invalid")]
    [InlineData("{ingress: [{action: Allow, source: {services: {}}}]}", "spec.ingress[0].source.services.name Required")]
    [InlineData("{ingress: [{action: Allow, destination: {services: {name: a}}}]}", "spec.ingress[0].destination.services Forbidden")]
    [InlineData("{egress: [{action: Allow, source: {services: {name: a}}}]}", "spec.egress[0].source.services Forbidden")]
    [InlineData("{egress: [{action: Allow, protocol: TCP, destination: {services: {name: a}, ports: [1], nets: [10.0.0.0/8], selector: all()}}]}",
        "spec.egress[0].destination.nets Forbidden; spec.egress[0].destination.ports Forbidden; spec.egress[0].destination.selector Forbidden")]
    [InlineData("{ingress: [{action: Deny, http: {methods: [GET]}}]}", "spec.ingress[0].http Forbidden")]
    [InlineData("{egress: [{action: Allow, http: {methods: [GET]}}]}", "spec.egress[0].http Forbidden")]
    [InlineData("{ingress: [{action: Allow, protocol: UDP, http: {}}]}", "spec.ingress[0].http Forbidden")]
    [InlineData("{ingress: [{action: Allow, http: {methods: [GET, GET], paths: [{exact: a}, {prefix: '/a?b'}, {}, {exact: /a, prefix: /b}]}}]}",
        "spec.ingress[0].http.methods[1] Duplicate; spec.ingress[0].http.paths[0].exact Invalid; spec.ingress[0].http.paths[1].prefix Invalid; spec.ingress[0].http.paths[2] Invalid; spec.ingress[0].http.paths[3] Invalid")]
    [InlineData("{ingress: {action: Allow}}", "spec.ingress TypeInvalid")]
    [InlineData("{ingress: [null]}", "spec.ingress[0] TypeInvalid")]
    public void NetworkPolicy_Refused(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("NetworkPolicy", spec)));

    [Theory]
    [InlineData("{namespaceSelector: \"team == 'a'\"}", "")]
    [InlineData("{namespaceSelector: global()}", "")]
    [InlineData("{doNotTrack: true, applyOnForward: true}", "")]
    [InlineData("{doNotTrack: true}", "spec.applyOnForward Required")]
    [InlineData("{preDNAT: true, applyOnForward: true, ingress: [{action: Allow}]}", "")]
    [InlineData("{preDNAT: true, doNotTrack: true, applyOnForward: true}", "spec.preDNAT Forbidden")]
    [InlineData("{preDNAT: true, applyOnForward: true, egress: [{action: Allow}]}", "spec.egress Forbidden; spec.types Forbidden")]
    [InlineData("{ingress: [{action: Allow, source: {services: {name: a}}}]}", "spec.ingress[0].source.services.namespace Required")]
    [InlineData("{ingress: [{action: Allow, source: {services: {name: a, namespace: b}}}]}", "")]
    public void GlobalNetworkPolicy_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("GlobalNetworkPolicy", spec)));

    [Theory]
    [InlineData("{labelsToApply: {a: b}, ingress: [{action: Allow}]}", "")]
    [InlineData("{labelsToApply: {'a b': c, d: 'e f'}}", "spec.labelsToApply[a b] Invalid; spec.labelsToApply[d] Invalid")]
    [InlineData("{egress: [{action: Jump}]}", "spec.egress[0].action NotSupported")]
    public void Profile_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("Profile", spec)));

    [Theory]
    [InlineData("NetworkPolicy", "a", true)]
    [InlineData("NetworkPolicy", "tier.a-b", true)]
    [InlineData("NetworkPolicy", "a.b.c", false)]
    [InlineData("NetworkPolicy", "knp.default.a.b", true)]
    [InlineData("NetworkPolicy", "ossg.default.a", true)]
    [InlineData("NetworkPolicy", "Upper", false)]
    [InlineData("NetworkPolicy", "a_b", false)]
    [InlineData("GlobalNetworkPolicy", "tier.a", true)]
    [InlineData("GlobalNetworkPolicy", "a.b.c", false)]
    public void PolicyNames(string kind, string name, bool valid) =>
        Assert.Equal(valid ? "" : "metadata.name Invalid", Admitted.Faults(Admitted.Spec(kind, "{}", name)));

    [Fact]
    public void Limits_AreTold()
    {
        string nets = string.Join(",", Enumerable.Range(0, 257).Select(i => $"10.{i / 256}.{i % 256}.0/24"));
        string ports = string.Join(",", Enumerable.Range(1, 51));
        Assert.Equal("spec.ingress[0].destination.ports TooMany; spec.ingress[0].source.nets TooMany",
            Admitted.Faults(Admitted.Spec("NetworkPolicy", $"{{ingress: [{{action: Allow, protocol: TCP, source: {{nets: [{nets}]}}, destination: {{ports: [{ports}]}}}}]}}")));
        string rules = string.Join(",", Enumerable.Repeat("{action: Allow}", 1025));
        Assert.Equal("spec.egress TooMany", Admitted.Faults(Admitted.Spec("NetworkPolicy", $"{{egress: [{rules}]}}")));
        string selector = $"a == '{new string('x', 1020)}'";
        Assert.Equal("spec.selector TooLong", Admitted.Faults(Admitted.Spec("NetworkPolicy", $"{{selector: \"{selector}\"}}")));
    }

    [Theory]
    [InlineData("{tier: security}", "")]
    [InlineData("{ingress: [{action: Allow, source: {services: {name: a}}}]}", "")]
    [InlineData("{ingress: [{action: Allow, http: {methods: [GET]}}]}", "spec.ingress[0].http NotImplemented")]
    public void WhatHasNoEffect_IsWarnedOf(string spec, string warnings) => Assert.Equal(warnings, Admitted.Warnings(Admitted.Spec("NetworkPolicy", spec)));

    [Theory]
    [InlineData("{}", "Ingress")]
    [InlineData("{ingress: []}", "Ingress")]
    [InlineData("{ingress: [{action: Allow}]}", "Ingress")]
    [InlineData("{egress: [{action: Allow}]}", "Egress")]
    [InlineData("{ingress: [{action: Allow}], egress: [{action: Allow}]}", "Ingress,Egress")]
    [InlineData("{types: [Egress], ingress: [{action: Allow}]}", "Egress")]
    [InlineData("{types: []}", "Ingress")]
    public void Types_AreDefaultedFromTheRules(string spec, string types)
    {
        var policy = (NetworkPolicy)Admitted.Spec("NetworkPolicy", spec).Resource!;
        Assert.Equal(types, string.Join(",", policy.Spec.Types!));
        Assert.Equal("default", policy.Spec.Tier);
        Assert.Equal(types, string.Join(",", ((NetworkPolicy)Defaults.Apply(policy)).Spec.Types!));
    }
}
