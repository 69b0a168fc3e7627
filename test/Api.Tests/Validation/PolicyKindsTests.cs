using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Api.Tests.Validation;

/// <summary>Every rule of tiers, staged policies, Kubernetes' policies, host endpoints and what goes with them.</summary>
public class PolicyKindsTests
{
    private static Decoded Of(string apiVersion, string kind, string body, string name = "x") => Admitted.One($"{{apiVersion: {apiVersion}, kind: {kind}, metadata: {{name: {name}}}, {body}}}");
    private static Decoded Kubernetes(string spec) => Of("networking.k8s.io/v1", "NetworkPolicy", $"spec: {spec}");
    private static Decoded Cluster(string spec) => Of("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", $"spec: {spec}");

    [Theory]
    [InlineData("sec", "{}", "")]
    [InlineData("sec", "{order: -3.5, defaultAction: Pass}", "")]
    [InlineData("sec", "{defaultAction: Allow}", "spec.defaultAction NotSupported")]
    [InlineData("sec", "{defaultAction: Log}", "spec.defaultAction NotSupported")]
    [InlineData("sec", "{defaultAction: Drop}", "spec.defaultAction NotSupported")]
    [InlineData("sec", "{order: first}", "spec.order TypeInvalid")]
    [InlineData("a.b", "{}", "metadata.name Invalid")]
    [InlineData("Sec", "{}", "metadata.name Invalid")]
    [InlineData("default", "{}", "")]
    [InlineData("default", "{order: 1000000, defaultAction: Deny}", "")]
    [InlineData("default", "{order: 5}", "spec.order Forbidden")]
    [InlineData("default", "{defaultAction: Pass}", "spec.defaultAction Forbidden")]
    [InlineData("kube-admin", "{order: 1000, defaultAction: Pass}", "")]
    [InlineData("kube-admin", "{order: 1000, defaultAction: Deny}", "spec.defaultAction Forbidden")]
    [InlineData("kube-baseline", "{order: 10}", "spec.order Forbidden")]
    public void Tier(string name, string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("Tier", spec, name)));

    [Theory]
    [InlineData("sec", "{}", null, RuleAction.Deny)]
    [InlineData("default", "{}", 1e6, RuleAction.Deny)]
    [InlineData("kube-admin", "{}", 1e3, RuleAction.Pass)]
    [InlineData("kube-baseline", "{}", 1e7, RuleAction.Pass)]
    public void Tier_Defaults(string name, string spec, double? order, RuleAction action)
    {
        TierSpec read = ((Tier)Admitted.Spec("Tier", spec, name).Resource!).Spec;
        Assert.Equal((order, action), (read.Order, read.DefaultAction!.Value));
    }

    [Theory]
    [InlineData("StagedNetworkPolicy", "{selector: all(), ingress: [{action: Allow}]}", "")]
    [InlineData("StagedNetworkPolicy", "{stagedAction: Delete, tier: sec}", "")]
    [InlineData("StagedNetworkPolicy", "{stagedAction: Remove}", "spec.stagedAction NotSupported")]
    [InlineData("StagedNetworkPolicy", "{stagedAction: Delete, order: 1, selector: all(), types: [Ingress], ingress: [{action: Allow}], egress: [{action: Allow}]}",
        "spec.egress Forbidden; spec.ingress Forbidden; spec.order Forbidden; spec.selector Forbidden; spec.types Forbidden")]
    [InlineData("StagedNetworkPolicy", "{ingress: [{}]}", "spec.ingress[0].action Required")]
    [InlineData("StagedGlobalNetworkPolicy", "{stagedAction: Set, doNotTrack: true, applyOnForward: true}", "")]
    [InlineData("StagedGlobalNetworkPolicy", "{preDNAT: true}", "spec.applyOnForward Required")]
    [InlineData("StagedGlobalNetworkPolicy", "{stagedAction: Delete, namespaceSelector: all(), preDNAT: true, applyOnForward: true}",
        "spec.applyOnForward Forbidden; spec.namespaceSelector Forbidden; spec.preDNAT Forbidden")]
    [InlineData("StagedKubernetesNetworkPolicy", "{podSelector: {}, ingress: [{}]}", "")]
    [InlineData("StagedKubernetesNetworkPolicy", "{stagedAction: Delete}", "")]
    [InlineData("StagedKubernetesNetworkPolicy", "{stagedAction: Delete, podSelector: {matchLabels: {a: b}}, policyTypes: [Egress]}", "spec.podSelector Forbidden; spec.policyTypes Forbidden")]
    public void Staged(string kind, string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec(kind, spec)));

    [Fact]
    public void Staged_Defaults()
    {
        var set = (StagedNetworkPolicy)Admitted.Spec("StagedNetworkPolicy", "{egress: [{action: Allow}]}").Resource!;
        Assert.Equal((StagedAction.Set, "default", PolicyType.Egress), (set.Spec.StagedAction!.Value, set.Spec.Tier, Assert.Single(set.Spec.Types!)));
        var delete = (StagedNetworkPolicy)Admitted.Spec("StagedNetworkPolicy", "{stagedAction: Delete}").Resource!;
        Assert.Equal(("default", null), (delete.Spec.Tier, delete.Spec.Types));
        Assert.Equal("spec.stagedAction NotImplemented", Admitted.Warnings(Admitted.Spec("StagedNetworkPolicy", "{stagedAction: Learn}")));
    }

    [Theory]
    [InlineData("{podSelector: {}}", "")]
    [InlineData("{podSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}, {key: d, operator: NotIn, values: [x, y]}]}, policyTypes: [Ingress, Egress]}", "")]
    [InlineData("{podSelector: {matchLabels: {'a b': 'c d'}}}", "spec.podSelector.matchLabels[a b] Invalid; spec.podSelector.matchLabels[a b] Invalid")]
    [InlineData("{podSelector: {matchExpressions: [{key: a, operator: In}, {key: a, operator: Exists, values: [x]}, {key: a, operator: Is}, {operator: Exists}]}}",
        "spec.podSelector.matchExpressions[0].values Required; spec.podSelector.matchExpressions[1].values Forbidden; spec.podSelector.matchExpressions[2].operator NotSupported; spec.podSelector.matchExpressions[3].key Required")]
    [InlineData("{podSelector: {}, policyTypes: [Ingress, Ingress]}", "spec.policyTypes[1] Duplicate")]
    [InlineData("{podSelector: {}, policyTypes: [Both]}", "spec.policyTypes[0] NotSupported")]
    [InlineData("{podSelector: {}, ingress: [{from: [{}]}]}", "spec.ingress[0].from[0] Required")]
    [InlineData("{podSelector: {}, ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}", "spec.ingress[0].from[0].ipBlock Forbidden")]
    [InlineData("{podSelector: {}, ingress: [{from: [{ipBlock: {}}]}]}", "spec.ingress[0].from[0].ipBlock.cidr Required")]
    [InlineData("{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.1/8}}]}]}", "spec.egress[0].to[0].ipBlock.cidr Invalid")]
    [InlineData("{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 11.0.0.0/16, 10.0.0.0/8]}}]}]}",
        "spec.egress[0].to[0].ipBlock.except[1] Invalid; spec.egress[0].to[0].ipBlock.except[2] Invalid")]
    [InlineData("{podSelector: {}, ingress: [{ports: [{port: 80}, {port: http, protocol: SCTP}, {protocol: UDP}, {port: 1000, endPort: 2000}]}]}", "")]
    [InlineData("{podSelector: {}, ingress: [{ports: [{port: 0}, {port: 65536}, {port: HTTP}, {protocol: ICMP}]}]}",
        "spec.ingress[0].ports[0].port Invalid; spec.ingress[0].ports[1].port Invalid; spec.ingress[0].ports[2].port Invalid; spec.ingress[0].ports[3].protocol NotSupported")]
    [InlineData("{podSelector: {}, ingress: [{ports: [{port: http, endPort: 90}, {endPort: 90}, {port: 90, endPort: 80}]}]}",
        "spec.ingress[0].ports[0].endPort Forbidden; spec.ingress[0].ports[1].endPort Forbidden; spec.ingress[0].ports[2].endPort Invalid")]
    [InlineData("{selector: all()}", "spec.selector UnknownField")]
    public void KubernetesPolicy(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Kubernetes(spec)));

    [Theory]
    [InlineData("{}", "Ingress")]
    [InlineData("{egress: []}", "Ingress")]
    [InlineData("{egress: [{}]}", "Ingress,Egress")]
    [InlineData("{egress: [{}], policyTypes: [Egress]}", "Egress")]
    public void KubernetesPolicy_Types(string spec, string types) =>
        Assert.Equal(types, string.Join(',', ((KubernetesNetworkPolicy)Kubernetes(spec).Resource!).Spec.PolicyTypes!));

    [Theory]
    [InlineData("{tier: Admin, priority: 0, subject: {namespaces: {}}}", "")]
    [InlineData("{}", "spec.priority Required; spec.subject Required; spec.tier Required")]
    [InlineData("{tier: Root, priority: 1001, subject: {}}", "spec.priority Invalid; spec.subject Required; spec.tier NotSupported")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}, pods: {}}}", "spec.subject Forbidden")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Accept, from: [{namespaces: {}}]}]}", "")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{}]}", "spec.ingress[0].action Required; spec.ingress[0].from Required")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}]}]}", "spec.ingress[0].action NotSupported")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [10.0.0.0/8, 'fd00::/8']}]}]}", "")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: []}, {networks: [10.0.0.1/8]}, {nodes: {}}, {domainNames: [a.b]}, {networks: [10.0.0.0/8], namespaces: {}}]}]}",
        "spec.egress[0].to[0].networks Required; spec.egress[0].to[1].networks[0] Invalid; spec.egress[0].to[2].nodes NotSupported; spec.egress[0].to[3].domainNames NotSupported; spec.egress[0].to[4] Forbidden")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {}}, {udp: {destinationPort: {number: 53}}}, {sctp: {destinationPort: {range: {start: 1, end: 2}}}}, {destinationNamedPort: http}]}]}", "")]
    [InlineData("{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{}, {tcp: {}, udp: {}}, {tcp: {destinationPort: {}}}, {udp: {destinationPort: {range: {start: 5, end: 4}}}}]}]}",
        "spec.ingress[0].protocols[0] Required; spec.ingress[0].protocols[1] Forbidden; spec.ingress[0].protocols[2].tcp.destinationPort Invalid; spec.ingress[0].protocols[3].udp.destinationPort.range.end Invalid")]
    public void ClusterPolicy(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Cluster(spec)));

    [Theory]
    [InlineData("{node: n, interfaceName: eth0}", "")]
    [InlineData("{node: n, interfaceName: '*', profiles: [a], ports: [{name: ssh, protocol: TCP, port: 22}]}", "")]
    [InlineData("{node: n, expectedIPs: [192.0.2.1, '2001:db8::1']}", "")]
    [InlineData("{}", "spec.interfaceName Required; spec.node Required")]
    [InlineData("{node: n, interfaceName: 'eth 0'}", "spec.interfaceName Invalid")]
    [InlineData("{node: n, interfaceName: averylonginterface}", "spec.interfaceName Invalid")]
    [InlineData("{node: n, expectedIPs: [192.0.2.1, 192.0.2.0/24, 192.0.2.1]}", "spec.expectedIPs[1] Invalid; spec.expectedIPs[2] Duplicate")]
    [InlineData("{node: n, interfaceName: '*', ports: [{name: ssh, protocol: TCP, port: 0}, {protocol: ICMP}]}",
        "spec.ports[0].port Invalid; spec.ports[1].name Required; spec.ports[1].port Required; spec.ports[1].protocol NotSupported")]
    public void HostEndpoint(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("HostEndpoint", spec)));

    [Theory]
    [InlineData("default", "{}", "", "")]
    [InlineData("node.n1", "{failsafeInboundHostPorts: [{protocol: tcp, port: 22, net: 192.0.2.0/24}, {port: 23}], failsafeOutboundHostPorts: [], defaultEndpointToHostAction: Accept}", "", "")]
    [InlineData("other", "{}", "metadata.name Invalid", "")]
    [InlineData("default", "{failsafeInboundHostPorts: [{protocol: icmp, port: 0}, {protocol: UDP}, {port: 1, net: 10.0.0.1/8}], defaultEndpointToHostAction: RETURN}",
        "spec.defaultEndpointToHostAction NotSupported; spec.failsafeInboundHostPorts[0].port Invalid; spec.failsafeInboundHostPorts[0].protocol NotSupported; spec.failsafeInboundHostPorts[1].port Required; spec.failsafeInboundHostPorts[2].net Invalid", "")]
    [InlineData("default", "{bpfEnabled: true, vxlanVNI: 4096}", "", "spec.bpfEnabled NotImplemented; spec.vxlanVNI NotImplemented")]
    public void FelixConfiguration(string name, string spec, string faults, string warnings)
    {
        Decoded decoded = Admitted.Spec("FelixConfiguration", spec, name);
        Assert.Equal((faults, warnings), (Admitted.Faults(decoded), Admitted.Warnings(decoded)));
    }

    [Theory]
    [InlineData("addressType: IPv4, endpoints: [{addresses: [10.0.0.1]}], ports: [{name: a, port: 80}]", "", "")]
    [InlineData("addressType: IPv6, endpoints: [{addresses: [10.0.0.1]}, {}], ports: [{port: 0}, {port: 1, protocol: ICMP}]",
        "endpoints[0].addresses[0] Invalid; endpoints[1].addresses Required; ports[0].port Invalid; ports[1].protocol NotSupported", "")]
    [InlineData("addressType: DNS", "addressType NotSupported", "")]
    [InlineData("endpoints: []", "addressType Required", "")]
    [InlineData("addressType: FQDN, endpoints: [{addresses: [example.org]}], ports: [{name: a}]", "", "ports[0].port NotImplemented")]
    public void EndpointSlice(string body, string faults, string warnings)
    {
        Decoded decoded = Of("discovery.k8s.io/v1", "EndpointSlice", body);
        Assert.Equal((faults, warnings), (Admitted.Faults(decoded), Admitted.Warnings(decoded)));
    }

    [Theory]
    [InlineData("{ingressBandwidth: 1000, egressBandwidth: 1000000000000000, ingressPacketRate: 1, egressPacketRate: 10000, ingressMaxConnections: 4294967295, dscp: EF}", "")]
    [InlineData("{dscp: 63}", "")]
    [InlineData("{dscp: AF44}", "spec.qosControls.dscp NotSupported")]
    [InlineData("{dscp: 64}", "spec.qosControls.dscp NotSupported")]
    [InlineData("{ingressBandwidth: 999, egressPacketRate: 10001, egressMaxConnections: 0}", "spec.qosControls.egressMaxConnections Invalid; spec.qosControls.egressPacketRate Invalid; spec.qosControls.ingressBandwidth Invalid")]
    [InlineData("{ingressBurst: 5000, egressPacketBurst: 5, egressMinburst: 5000}", "spec.qosControls.egressMinburst Forbidden; spec.qosControls.egressPacketBurst Forbidden; spec.qosControls.ingressBurst Forbidden")]
    [InlineData("{ingressBandwidth: 5000, ingressPeakrate: 5000}", "spec.qosControls.ingressPeakrate Invalid")]
    public void Qos(string qos, string faults) =>
        Assert.Equal(faults, Admitted.Faults(Admitted.Spec("WorkloadEndpoint", $"{{node: n, interfaceName: mg1, ipNetworks: [10.0.0.1/32], qosControls: {qos}}}")));

    [Theory]
    [InlineData("'qos.projectcalico.org/ingressBandwidth': 10M", "", "")]
    [InlineData("'kubernetes.io/egress-bandwidth': 1G", "", "")]
    [InlineData("'qos.projectcalico.org/egressMaxConnections': '10'", "", "")]
    [InlineData("'qos.projectcalico.org/ingressBandwidth': '10'", "metadata.annotations[qos.projectcalico.org/ingressBandwidth] Invalid", "")]
    [InlineData("'qos.projectcalico.org/egressPacketRate': fast", "metadata.annotations[qos.projectcalico.org/egressPacketRate] Invalid", "")]
    [InlineData("'qos.projectcalico.org/dscp': XX", "metadata.annotations[qos.projectcalico.org/dscp] Invalid", "")]
    [InlineData("'qos.projectcalico.org/ingresBandwidth': 10M", "", "metadata.annotations[qos.projectcalico.org/ingresBandwidth] NotImplemented")]
    public void QosAnnotations(string annotation, string faults, string warnings)
    {
        Decoded decoded = Admitted.One($"{{apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {{name: x, annotations: {{{annotation}}}}}, spec: {{node: n, interfaceName: mg1, ipNetworks: [10.0.0.1/32]}}}}");
        Assert.Equal((faults, warnings), (Admitted.Faults(decoded), Admitted.Warnings(decoded)));
    }

    [Theory]
    [InlineData("{ingress: [{action: Allow}]}", "True", null)]
    [InlineData("{ingress: [{action: Allow, protocol: TCP, http: {methods: [GET]}}]}", "False", "spec.ingress[0].http:")]
    public void Status_SaysWhatIsNotInForce(string spec, string enforced, string? message)
    {
        Condition condition = Assert.Single(((NetworkPolicy)Admitted.Spec("NetworkPolicy", spec).Resource!).Status!.Conditions!);
        Assert.Equal(("Enforced", enforced), (condition.Type, condition.Status));
        if (message is null) Assert.Null(condition.Message);
        else Assert.StartsWith(message, condition.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_OfAClientIsReplaced()
    {
        Decoded decoded = Admitted.One("{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: x}, spec: {}, status: {conditions: [{type: Enforced, status: 'Unknown'}]}}");
        Assert.Equal("True", Assert.Single(((NetworkPolicy)decoded.Resource!).Status!.Conditions!).Status);
        Assert.Equal(decoded.Resource!.ToString(), Defaults.Apply(decoded.Resource).ToString());
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("63", 63)]
    [InlineData("64", null)]
    [InlineData("DF", 0)]
    [InlineData("EF", 46)]
    [InlineData("AF11", 10)]
    [InlineData("AF43", 38)]
    [InlineData("AF14", null)]
    [InlineData("CS0", 0)]
    [InlineData("CS6", 48)]
    [InlineData("CS7", null)]
    public void Dscp(string text, int? value) => Assert.Equal(value, new Dscp(text).Value);

    [Theory]
    [InlineData("networkpolicies", "projectcalico.org")]
    [InlineData("networkpolicies.networking.k8s.io", "networking.k8s.io")]
    [InlineData("netpol", "networking.k8s.io")]
    [InlineData("NetworkPolicy.projectcalico.org", "projectcalico.org")]
    public void KindsWithOneName_AreToldApartByGroup(string word, string group) => Assert.Equal(group, ResourceKinds.FindByUserName(word)!.Group);
}
