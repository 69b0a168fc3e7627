using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>Workload endpoints and network sets: what has addresses and labels.</summary>
internal static class EndpointChecks
{
    public static void Check(Findings findings, WorkloadEndpoint endpoint)
    {
        FieldPath at = FieldPath.Root["spec"];
        WorkloadEndpointSpec spec = endpoint.Spec;
        if (Values.Required(findings, at["node"], spec.Node, "the Node that the workload runs on")) Values.ResourceName(findings, at["node"], spec.Node);
        if (Values.Required(findings, at["interfaceName"], spec.InterfaceName, "the interface on the host")) Values.Interface(findings, at["interfaceName"], spec.InterfaceName);
        if (spec.Endpoint is not null) Values.Interface(findings, at["endpoint"], spec.Endpoint);
        if (spec.ContainerID is { } id && !Names.IsContainerId(id)) findings.Add(at["containerID"], FaultReason.Invalid, $"\"{Leaf.Printable(id)}\" is no container id: letters, digits, '_', '.' and '-', the first a letter or digit");
        Values.Network(findings, at["network"], spec.Network, endpoint.Namespace);
        CheckAddresses(findings, at["ipNetworks"], spec.IpNetworks);
        Addresses.Address(findings, at["ipv4Gateway"], spec.Ipv4Gateway, 4);
        Addresses.Address(findings, at["ipv6Gateway"], spec.Ipv6Gateway, 6);
        if (spec.Mac is { } mac && !MacAddress.TryParse(mac, out _)) findings.Add(at["mac"], FaultReason.Invalid, $"\"{Leaf.Printable(mac)}\" is no MAC address: write it like 0a:58:0a:00:00:01");
        Values.Unique(findings, at["profiles"], spec.Profiles);
        for (int i = 0; i < (spec.Profiles?.Count ?? 0); i++) Values.ResourceName(findings, at["profiles"][i], spec.Profiles![i]);
        for (int i = 0; i < (spec.AllowSpoofedSourcePrefixes?.Count ?? 0); i++) Addresses.PrefixWithHostBits(findings, at["allowSpoofedSourcePrefixes"][i], spec.AllowSpoofedSourcePrefixes![i]);
        CheckPorts(findings, at["ports"], spec.Ports);
        QosChecks.Check(findings, at["qosControls"], spec.QosControls);
        QosChecks.CheckAnnotations(findings, endpoint.Metadata.Annotations);
        if (endpoint.Status is { } status) Values.OneOf(findings, FieldPath.Root["status"]["state"], status.State, "Up", "Down", "Pending");
    }

    public static void Check(Findings findings, Resource set, NetworkSetSpec spec)
    {
        FieldPath at = FieldPath.Root["spec"]["nets"];
        for (int i = 0; i < (spec.Nets?.Count ?? 0); i++) Addresses.PrefixWithHostBits(findings, at[i], spec.Nets![i]);
        if (set.Metadata.Labels?.ContainsKey(Selectors.Selector.NamespaceLabel) is true)
            findings.Add(FieldPath.Root["metadata"]["labels"].Key(Selectors.Selector.NamespaceLabel), FaultReason.Forbidden, "is given by the system: remove it");
    }

    private static void CheckAddresses(Findings findings, FieldPath at, IReadOnlyList<string>? addresses)
    {
        var seen = new HashSet<IpPrefix>();
        for (int i = 0; i < (addresses?.Count ?? 0); i++)
        {
            if (Addresses.Host(findings, at[i], addresses![i]) is { } host && !seen.Add(host))
                findings.Add(at[i], FaultReason.Duplicate, $"{host} is given twice: keep one");
        }
    }

    public static void CheckPorts(Findings findings, FieldPath at, IReadOnlyList<EndpointPort>? ports)
    {
        var seen = new HashSet<(string?, byte?)>();
        for (int i = 0; i < (ports?.Count ?? 0); i++)
        {
            EndpointPort port = ports![i];
            CheckPort(findings, at[i], port);
            if (port.Name is not null && !seen.Add((port.Name, port.Protocol?.Number)))
                findings.Add(at[i]["name"], FaultReason.Duplicate, $"the port \"{Leaf.Printable(port.Name)}\" is given twice for this protocol: rename one");
        }
    }

    private static void CheckPort(Findings findings, FieldPath at, EndpointPort port)
    {
        if (Values.Required(findings, at["name"], port.Name, "rules name the port by it") && !Names.IsServiceName(port.Name))
            findings.Add(at["name"], FaultReason.Invalid, $"\"{Leaf.Printable(port.Name!)}\" is no port name: at most 15 lower-case letters, digits and '-', with a letter (RFC 6335)");
        if (port.Protocol?.Number is not (Protocol.Tcp or Protocol.Udp or Protocol.Sctp))
            findings.Add(at["protocol"], port.Protocol is null ? FaultReason.Required : FaultReason.NotSupported, "must be TCP, UDP or SCTP");
        if (port.Port is null) findings.Add(at["port"], FaultReason.Required, "is missing: 1 to 65535");
        Values.InRange(findings, at["port"], port.Port, 1, 65535, "port");
        Values.InRange(findings, at["hostPort"], port.HostPort, 0, 65535, "port");
        Addresses.Address(findings, at["hostIP"], port.HostIP is { Length: > 0 } ip ? ip : null);
        Values.NotImplemented(findings, at["hostPort"], port.HostPort is > 0, "the port is not opened on the host");
    }
}
