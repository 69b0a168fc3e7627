using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Api.Tests.Validation;

/// <summary>Every rule of the kinds that are no policies.</summary>
public class OtherKindsTests
{
    [Theory]
    [InlineData("{cidr: 10.65.0.0/16}", "")]
    [InlineData("{cidr: 10.65.0.0/26}", "")]
    [InlineData("{cidr: 10.65.0.0/16, blockSize: 20, natOutgoing: true, disabled: true, disableBGPExport: true, nodeSelector: \"rack == '1'\"}", "")]
    [InlineData("{cidr: 'fd00:65::/64', blockSize: 128, assignmentMode: Manual, allowedUses: [Workload]}", "")]
    [InlineData("{cidr: 10.66.0.0/16, allowedUses: [LoadBalancer]}", "")]
    [InlineData("{}", "spec.cidr Required")]
    [InlineData("{cidr: 10.65.0.1/16}", "spec.cidr Invalid")]
    [InlineData("{cidr: 10.65.0.0/33}", "spec.cidr Invalid")]
    [InlineData("{cidr: 169.254.0.0/17}", "spec.cidr Invalid")]
    [InlineData("{cidr: 'fe80::/64'}", "spec.cidr Invalid")]
    [InlineData("{cidr: 224.1.0.0/16}", "spec.cidr Invalid")]
    [InlineData("{cidr: 10.65.0.0/16, blockSize: 19}", "spec.blockSize Invalid")]
    [InlineData("{cidr: 10.65.0.0/16, blockSize: 33}", "spec.blockSize Invalid")]
    [InlineData("{cidr: 'fd00::/64', blockSize: 26}", "spec.blockSize Invalid")]
    [InlineData("{cidr: 10.65.0.0/28}", "spec.blockSize Invalid")]
    [InlineData("{cidr: 10.65.0.0/16, ipipMode: always}", "spec.ipipMode NotSupported")]
    [InlineData("{cidr: 10.65.0.0/16, ipipMode: Always, vxlanMode: CrossSubnet}", "spec.vxlanMode Forbidden")]
    [InlineData("{cidr: 'fd00::/64', ipipMode: Always}", "spec.ipipMode Forbidden")]
    [InlineData("{cidr: 10.65.0.0/16, nodeSelector: x, namespaceSelector: y}", "spec.namespaceSelector Invalid; spec.nodeSelector Invalid")]
    [InlineData("{cidr: 10.65.0.0/16, assignmentMode: Auto, allowedUses: [Workload, Workload, Pod]}", "spec.allowedUses[1] Duplicate; spec.allowedUses[2] NotSupported; spec.assignmentMode NotSupported")]
    [InlineData("{cidr: 10.66.0.0/16, allowedUses: [LoadBalancer, Workload], vxlanMode: Always, nodeSelector: has(a), disableBGPExport: true}",
        "spec.allowedUses Forbidden; spec.allowedUses Forbidden; spec.disableBGPExport Forbidden; spec.nodeSelector Forbidden")]
    public void IPPool_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("IPPool", spec)));

    [Fact]
    public void IPPool_Encapsulation_IsAcceptedWithAWarning() =>
        Assert.Equal("spec.vxlanMode NotImplemented", Admitted.Warnings(Admitted.Spec("IPPool", "{cidr: 10.65.0.0/16, vxlanMode: CrossSubnet}")));

    [Theory]
    [InlineData("10.65.0.0/16", 26)]
    [InlineData("fd00::/64", 122)]
    public void IPPool_Defaults(string cidr, int blockSize)
    {
        IPPoolSpec spec = ((IPPool)Admitted.Spec("IPPool", $"{{cidr: '{cidr}'}}").Resource!).Spec;
        Assert.Equal(blockSize, spec.BlockSize);
        Assert.Equal(("Never", "Never", "all()", "Automatic"), (spec.IpipMode, spec.VxlanMode, spec.NodeSelector, spec.AssignmentMode));
        Assert.Equal(["Workload", "Tunnel"], spec.AllowedUses!);
    }

    [Theory]
    [InlineData("10-65-0-64-26", "{cidr: 10.65.0.64/26, pool: p, affinity: 'host:n1', network: default}", "")]
    [InlineData("fd00--40-122", "{cidr: 'fd00::40/122', affinity: 'host:n1'}", "")]
    [InlineData("other", "{cidr: 10.65.0.64/26}", "metadata.name Invalid")]
    [InlineData("10-65-0-64-26", "{cidr: 10.65.0.64/26, affinity: n1, network: blue}", "metadata.name Invalid; spec.affinity Invalid; spec.network Invalid")]
    [InlineData("red.blue.10-65-0-64-26", "{cidr: 10.65.0.64/26, affinity: 'host:n1', network: red.blue}", "")]
    [InlineData("x", "{}", "spec.cidr Required")]
    public void IPAMBlock_Rules(string name, string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("IPAMBlock", spec, name)));

    [Theory]
    [InlineData("default", "{}", "")]
    [InlineData("default", "{asNumber: 64512, nodeToNodeMeshEnabled: false, listenPort: 1790, bindMode: NodeIP, logSeverityScreen: Debug, ipv4NormalRoutePriority: 2048}", "")]
    [InlineData("default", "{routeReflection: {mode: Manual, meshLimit: 50, reflectorsPerClient: 3, clientsPerReflector: 200, topologyLabel: zone, nodeSelector: 'has(rr)', lossTime: 30s, transitionTime: 10s}}", "")]
    [InlineData("default", "{routeReflection: {mode: Auto, meshLimit: 1, reflectorsPerClient: 1, clientsPerReflector: 1, nodeSelector: '=', lossTime: 2h, transitionTime: x}, ipv6NormalRoutePriority: 0}",
        "spec.ipv6NormalRoutePriority Invalid; spec.routeReflection.clientsPerReflector Invalid; spec.routeReflection.lossTime Invalid; spec.routeReflection.meshLimit Invalid; spec.routeReflection.mode NotSupported; spec.routeReflection.nodeSelector Invalid; spec.routeReflection.reflectorsPerClient Invalid; spec.routeReflection.transitionTime Invalid")]
    [InlineData("node.n1", "{routeReflection: {}}", "spec.routeReflection Forbidden")]
    [InlineData("default", "{asNumber: '1.10'}", "")]
    [InlineData("node.n1", "{listenPort: 1790}", "")]
    [InlineData("default", "{communities: [{name: c, value: '1:2'}, {name: d, value: '70000:1:2'}], prefixAdvertisements: [{cidr: 10.0.0.0/8, communities: [c, d, '3:4']}]}", "")]
    [InlineData("default", "{nodeMeshPassword: {value: secret}, nodeMeshMaxRestartTime: 2m}", "")]
    [InlineData("other", "{}", "metadata.name Invalid")]
    [InlineData("node.n1", "{asNumber: 1, nodeToNodeMeshEnabled: true}", "spec.asNumber Forbidden; spec.nodeToNodeMeshEnabled Forbidden")]
    [InlineData("default", "{asNumber: 0}", "spec.asNumber Invalid")]
    [InlineData("default", "{asNumber: 4294967296}", "spec.asNumber TypeInvalid")]
    [InlineData("default", "{asNumber: '1.65536'}", "spec.asNumber TypeInvalid")]
    [InlineData("default", "{listenPort: 0, bindMode: any, logSeverityScreen: LOUD}", "spec.bindMode NotSupported; spec.listenPort Invalid; spec.logSeverityScreen NotSupported")]
    [InlineData("default", "{serviceClusterIPs: [{cidr: 10.96.0.1/12}, {}]}", "spec.serviceClusterIPs[0].cidr Invalid; spec.serviceClusterIPs[1].cidr Required")]
    [InlineData("default", "{communities: [{name: c, value: '65536:1'}, {name: c, value: '1:2'}, {}]}",
        "spec.communities[0].value Invalid; spec.communities[1].name Duplicate; spec.communities[2].name Required; spec.communities[2].value Required; spec.prefixAdvertisements Required")]
    [InlineData("default", "{prefixAdvertisements: [{cidr: 10.0.0.0/8, communities: [unknown]}, {}]}",
        "spec.prefixAdvertisements[0].communities[0] Invalid; spec.prefixAdvertisements[1].cidr Required; spec.prefixAdvertisements[1].communities Required")]
    [InlineData("default", "{nodeToNodeMeshEnabled: false, nodeMeshPassword: {value: x}, nodeMeshMaxRestartTime: 1s}", "spec.nodeMeshMaxRestartTime Forbidden; spec.nodeMeshPassword Forbidden")]
    [InlineData("default", "{nodeMeshPassword: {secretKeyRef: {name: a, key: b}}, nodeMeshMaxRestartTime: 2 minutes}", "spec.nodeMeshMaxRestartTime Invalid; spec.nodeMeshPassword.secretKeyRef NotSupported")]
    [InlineData("default", "{nodeMeshBfd: {}}", "")]
    [InlineData("default", "{nodeMeshBfd: {minRxInterval: 1ms, multiplier: 3}}", "spec.nodeMeshBfd.minRxInterval Invalid")]
    [InlineData("default", "{nodeToNodeMeshEnabled: false, nodeMeshBfd: {}}", "spec.nodeMeshBfd Forbidden")]
    [InlineData("node.n1", "{nodeMeshBfd: {}}", "spec.nodeMeshBfd Forbidden")]
    [InlineData("default", "{ignoredInterfaces: ['*', 'veth*', 'too-long-interface']}", "spec.ignoredInterfaces[0] Invalid; spec.ignoredInterfaces[2] Invalid")]
    public void BGPConfiguration_Rules(string name, string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("BGPConfiguration", spec, name)));

    [Fact]
    public void BGPConfiguration_OnlyTheDefaultOneIsFilledIn()
    {
        BGPConfigurationSpec cluster = ((BGPConfiguration)Admitted.Spec("BGPConfiguration", "{}", "default").Resource!).Spec;
        Assert.Equal((64512u, true, 179), (cluster.AsNumber!.Value.Value, cluster.NodeToNodeMeshEnabled, cluster.ListenPort));
        BGPConfigurationSpec node = ((BGPConfiguration)Admitted.Spec("BGPConfiguration", "{}", "node.n1").Resource!).Spec;
        Assert.Equal(new BGPConfigurationSpec(), node);
    }

    [Theory]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 64601}", "")]
    [InlineData("{peerIP: '192.0.2.1:1790', asNumber: 64601, node: n1, localASNumber: 64600, ttlSecurity: 1, numAllowedLocalASNumbers: 1, keepaliveTime: 30s, maxRestartTime: 120s}", "")]
    [InlineData("{peerIP: '[2001:db8::1]:1790', asNumber: 64601, nodeSelector: has(rack), nextHopMode: Self, sourceAddress: None, reversePeering: Manual}", "")]
    [InlineData("{peerIP: '2001:db8::1', asNumber: 64601, password: {value: x}}", "")]
    [InlineData("{peerSelector: has(rr), nodeSelector: all()}", "")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, addressFamilies: [ipv4Unicast, ipv6Unicast, l2vpnEvpn], networks: [red/net, green/net], routeTargets: ['64512:7']}", "")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, networks: [], routeTargets: []}", "")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, addressFamilies: []}", "spec.addressFamilies Required")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, addressFamilies: [ipv4Unicast, evpn, ipv4Unicast]}", "spec.addressFamilies[1] NotSupported; spec.addressFamilies[2] Duplicate")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, addressFamilies: [ipv4Unicast], networks: [red/net], routeTargets: ['1:1']}", "spec.networks Forbidden; spec.routeTargets Forbidden")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, networks: [net, red/net, red/net, red/net/x, RED/net]}", "spec.networks[0] Invalid; spec.networks[2] Duplicate; spec.networks[3] Invalid; spec.networks[4] Invalid")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, keepOriginalNextHop: true}", "")]
    [InlineData("{}", "spec.peerIP Required")]
    [InlineData("{peerIP: 192.0.2.1}", "spec.asNumber Required")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, node: n1, nodeSelector: all()}", "spec.nodeSelector Forbidden")]
    [InlineData("{peerIP: 192.0.2.1, peerSelector: all()}", "spec.peerSelector Forbidden")]
    [InlineData("{peerSelector: all(), asNumber: 1}", "spec.asNumber Forbidden")]
    [InlineData("{localWorkloadSelector: all(), peerIP: 192.0.2.1, asNumber: 1}", "spec.localWorkloadSelector Forbidden")]
    [InlineData("{localWorkloadSelector: all()}", "spec.asNumber Required")]
    [InlineData("{peerIP: 192.0.2.256, asNumber: 1}", "spec.peerIP Invalid")]
    [InlineData("{peerIP: '192.0.2.1:0', asNumber: 1}", "spec.peerIP Invalid")]
    [InlineData("{peerIP: '2001:db8::1]:179', asNumber: 1}", "spec.peerIP Invalid")]
    [InlineData("{peerIP: '[192.0.2.1]:179', asNumber: 1}", "spec.peerIP Invalid")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, nextHopMode: Self, keepOriginalNextHop: true}", "spec.keepOriginalNextHop Forbidden")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, nextHopMode: self, sourceAddress: Any, reversePeering: auto}", "spec.nextHopMode NotSupported; spec.reversePeering NotSupported; spec.sourceAddress NotSupported")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, ttlSecurity: 256, numAllowedLocalASNumbers: -1, maxRestartTime: 2h}", "spec.maxRestartTime Invalid; spec.numAllowedLocalASNumbers Invalid; spec.ttlSecurity Invalid")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, reachableBy: 'fd00::1'}", "spec.reachableBy Invalid")]
    [InlineData("{peerSelector: all(), reachableBy: 10.0.0.1}", "spec.reachableBy Forbidden")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, password: {}}", "spec.password.value Required")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, bfd: {}}", "")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, routeTargets: ['64512:10001', '192.0.2.1:7']}", "")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, routeTargets: []}", "")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, routeTargets: [red, '1:2', '1:2']}", "spec.routeTargets[0] Invalid; spec.routeTargets[2] Duplicate")]
    [InlineData("{peerInterface: eth0}", "")]
    [InlineData("{peerInterface: eth0, peerType: Internal, bfd: {}}", "")]
    [InlineData("{peerInterface: eth0, peerIP: 'fe80::1', asNumber: 65000}", "")]
    [InlineData("{peerIP: 'fe80::1', asNumber: 65000}", "spec.peerInterface Required")]
    [InlineData("{peerInterface: 'no/name', peerType: Any}", "spec.peerInterface Invalid; spec.peerType NotSupported")]
    [InlineData("{peerInterface: eth0, peerSelector: all()}", "spec.peerInterface Forbidden")]
    [InlineData("{peerInterface: eth0, peerType: External, asNumber: 1}", "spec.peerType Forbidden")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, peerType: External}", "spec.peerType Forbidden")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, bfd: {minRxInterval: 50ms, minTxInterval: 1s, multiplier: 5, multihop: false}}", "")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, bfd: {minRxInterval: 5ms, minTxInterval: 61s, multiplier: 0}}", "spec.bfd.minRxInterval Invalid; spec.bfd.minTxInterval Invalid; spec.bfd.multiplier Invalid")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 1, bfd: {minRxInterval: fast, multiplier: 256, echo: true}}", "spec.bfd.echo UnknownField; spec.bfd.minRxInterval Invalid; spec.bfd.multiplier Invalid")]
    [InlineData("{peerIP: 192.0.2.1, asNumber: 23456}", "spec.asNumber Invalid")]
    public void BGPPeer_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("BGPPeer", spec)));

    [Theory]
    [InlineData("{node: n1, interfaceName: mg0123, ipNetworks: [10.65.0.1/32, 'fd00::1/128'], mac: '0a:58:0a:00:00:01', endpoint: eth0, containerID: abc-1}", "")]
    [InlineData("{node: n1, interfaceName: mg0, ports: [{name: http, protocol: TCP, port: 80}, {name: http, protocol: UDP, port: 80}], profiles: [kns.default], ipv4Gateway: 169.254.1.1, allowSpoofedSourcePrefixes: [10.0.0.1/8]}", "")]
    [InlineData("{}", "spec.interfaceName Required; spec.node Required")]
    [InlineData("{node: N1, interfaceName: 'a/b', endpoint: 'x y', containerID: 'a/b', network: 'Blue!'}", "spec.containerID Invalid; spec.endpoint Invalid; spec.interfaceName Invalid; spec.network Invalid; spec.node Invalid")]
    [InlineData("{node: n1, interfaceName: a, network: blue}", "")]
    [InlineData("{node: n1, interfaceName: a, network: other.blue}", "spec.network Forbidden")]
    [InlineData("{node: n1, interfaceName: a, ipNetworks: [10.0.0.0/24, x, 10.0.0.1/32, 10.0.0.1]}", "spec.ipNetworks[0] Invalid; spec.ipNetworks[1] Invalid; spec.ipNetworks[3] Duplicate")]
    [InlineData("{node: n1, interfaceName: a, ipv4Gateway: 'fe80::1', ipv6Gateway: 10.0.0.1, mac: xx}", "spec.ipv4Gateway Invalid; spec.ipv6Gateway Invalid; spec.mac Invalid")]
    [InlineData("{node: n1, interfaceName: a, profiles: [p, p, 'P!']}", "spec.profiles[1] Duplicate; spec.profiles[2] Invalid")]
    [InlineData("{node: n1, interfaceName: a, allowSpoofedSourcePrefixes: [x]}", "spec.allowSpoofedSourcePrefixes[0] Invalid")]
    [InlineData("{node: n1, interfaceName: a, ports: [{name: HTTP, protocol: TCP, port: 80}, {name: a, protocol: ICMP, port: 0}, {}, {name: b, protocol: TCP, port: 1}, {name: b, protocol: TCP, port: 2}]}",
        "spec.ports[0].name Invalid; spec.ports[1].port Invalid; spec.ports[1].protocol NotSupported; spec.ports[2].name Required; spec.ports[2].port Required; spec.ports[2].protocol Required; spec.ports[4].name Duplicate")]
    public void WorkloadEndpoint_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("WorkloadEndpoint", spec)));

    [Theory]
    [InlineData("{bgp: {asNumber: 64601, ipv4Address: 192.0.2.10/24, ipv6Address: '2001:db8::10/64', routeReflectorClusterID: 244.0.0.1}, addresses: [{address: 192.0.2.10, type: InternalIP}, {address: 192.0.2.10/24, type: CalicoNodeIP}]}", "")]
    [InlineData("{bgp: {ipv4Address: 'fd00::1/64', ipv6Address: 10.0.0.1/8, routeReflectorClusterID: one, asNumber: 0}}", "spec.bgp.asNumber Invalid; spec.bgp.ipv4Address Invalid; spec.bgp.ipv6Address Invalid; spec.bgp.routeReflectorClusterID Invalid")]
    [InlineData("{addresses: [{}, {address: x, type: Public}]}", "spec.addresses[0].address Required; spec.addresses[1].address Invalid; spec.addresses[1].type NotSupported")]
    public void Node_Rules(string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec("Node", spec)));

    [Theory]
    [InlineData("NetworkSet", "{nets: [10.0.0.1/8, 192.0.2.1, 'fd00::/8']}", "")]
    [InlineData("GlobalNetworkSet", "{nets: [x, '']}", "spec.nets[0] Invalid; spec.nets[1] Invalid")]
    public void NetworkSet_Rules(string kind, string spec, string faults) => Assert.Equal(faults, Admitted.Faults(Admitted.Spec(kind, spec)));

    [Fact]
    public void NetworkSet_NamespaceLabel_IsForbidden() => Assert.Equal("metadata.labels[projectcalico.org/namespace] Forbidden",
        Admitted.Faults(Admitted.One("{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {name: x, labels: {projectcalico.org/namespace: a}}, spec: {nets: []}}")));

    [Theory]
    [InlineData("{name: x, namespace: a}", "metadata.namespace Forbidden")]
    [InlineData("{}", "metadata.name Required")]
    [InlineData("{generateName: web-}", "")]
    [InlineData("{generateName: Web-}", "metadata.generateName Invalid")]
    [InlineData("{name: A}", "metadata.name Invalid")]
    [InlineData("{name: a..b}", "metadata.name Invalid")]
    [InlineData("{name: -a}", "metadata.name Invalid")]
    [InlineData("{name: x, labels: {a/b/c: d, '': e, ok: 'a b', fine.io/x: ''}}", "metadata.labels[] Invalid; metadata.labels[a/b/c] Invalid; metadata.labels[ok] Invalid")]
    [InlineData("{name: x, annotations: {'a b': c}}", "metadata.annotations[a b] Invalid")]
    [InlineData("{name: x, resourceVersion: latest}", "metadata.resourceVersion Invalid")]
    [InlineData("{name: x, labels: {rack: 1}}", "metadata.labels[rack] TypeInvalid")]
    public void Metadata_Rules(string metadata, string faults) =>
        Assert.Equal(faults, Admitted.Faults(Admitted.One($"{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {metadata}, spec: {{}}}}")));

    [Fact]
    public void Annotations_AreLimitedInAll() => Assert.Equal("metadata.annotations TooLong",
        Admitted.Faults(Admitted.One($"{{apiVersion: v1, kind: Namespace, metadata: {{name: x, annotations: {{a: '{new string('x', 262144)}'}}}}}}")));

    [Fact]
    public void Update_ImmutableFields()
    {
        var before = (IPPool)Admitted.Spec("IPPool", "{cidr: 10.65.0.0/16}").Resource!;
        IPPool after = before with { Spec = before.Spec with { Cidr = "10.66.0.0/16", BlockSize = 27, Disabled = true } };
        Assert.Equal(["spec.cidr", "spec.blockSize"], Validator.ValidateUpdate(before, after).Faults.Select(f => f.Field));
        Assert.True(Validator.ValidateUpdate(before, before with { Spec = before.Spec with { Disabled = true } }).IsValid);
        Assert.False(Validator.ValidateUpdate(before, before with { Metadata = before.Metadata with { Name = "y" } }).IsValid);
    }

    [Fact]
    public void Pools_MustNotOverlap()
    {
        IPPool Pool(string name, string cidr) => new() { Metadata = new ObjectMeta { Name = name }, Spec = new IPPoolSpec { Cidr = cidr } };
        IPPool[] others = [Pool("a", "10.0.0.0/16"), Pool("b", "10.1.0.0/16"), Pool("c", "fd00::/64")];
        Assert.True(Validator.ValidateOverlap(Pool("x", "10.2.0.0/16"), others).IsValid);
        Assert.True(Validator.ValidateOverlap(Pool("a", "10.0.0.0/16"), others).IsValid);
        Assert.Equal(2, Validator.ValidateOverlap(Pool("x", "10.0.0.0/15"), others).Faults.Count);
        Assert.Contains("pool c", Validator.ValidateOverlap(Pool("x", "fd00::40/122"), others).Faults[0].Message, StringComparison.Ordinal);
    }
}
