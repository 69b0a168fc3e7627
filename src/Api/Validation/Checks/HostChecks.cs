using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>Host endpoints, and how agents guard their hosts.</summary>
internal static class HostChecks
{
    public static void Check(Findings findings, HostEndpoint endpoint)
    {
        FieldPath at = FieldPath.Root["spec"];
        HostEndpointSpec spec = endpoint.Spec;
        if (Values.Required(findings, at["node"], spec.Node, "the Node whose interface it is")) Values.ResourceName(findings, at["node"], spec.Node);
        bool isNamed = !string.IsNullOrEmpty(spec.InterfaceName);
        if (isNamed && spec.InterfaceName != HostEndpoint.AllInterfaces) Values.Interface(findings, at["interfaceName"], spec.InterfaceName);
        if (!isNamed && spec.ExpectedIPs is not { Count: > 0 }) findings.Add(at["interfaceName"], FaultReason.Required, "is missing: an interface, \"*\" for all of them, or expectedIPs");
        Values.Unique(findings, at["expectedIPs"], spec.ExpectedIPs);
        for (int i = 0; i < (spec.ExpectedIPs?.Count ?? 0); i++) Addresses.Address(findings, at["expectedIPs"][i], spec.ExpectedIPs![i]);
        Values.Unique(findings, at["profiles"], spec.Profiles);
        for (int i = 0; i < (spec.Profiles?.Count ?? 0); i++) Values.ResourceName(findings, at["profiles"][i], spec.Profiles![i]);
        EndpointChecks.CheckPorts(findings, at["ports"], spec.Ports);
        QosChecks.CheckAnnotations(findings, endpoint.Metadata.Annotations);
        foreach (string key in (endpoint.Metadata.Annotations ?? new Dictionary<string, string>()).Keys.Where(k => QosAnnotations.IsOne(k) && k != QosAnnotations.Dscp))
            findings.Warn(FieldPath.Root["metadata"]["annotations"].Key(key), FaultReason.NotImplemented, "has no effect on a host endpoint: workloads are limited, of hosts packets are marked (dscp)");
    }

    public static void Check(Findings findings, FelixConfiguration configuration)
    {
        FieldPath at = FieldPath.Root["spec"];
        FelixConfigurationSpec spec = configuration.Spec;
        Check(findings, at["failsafeInboundHostPorts"], spec.FailsafeInboundHostPorts);
        Check(findings, at["failsafeOutboundHostPorts"], spec.FailsafeOutboundHostPorts);
        Values.OneOf(findings, at["defaultEndpointToHostAction"], spec.DefaultEndpointToHostAction, "Drop", "Return", "Accept");
    }

    private static void Check(Findings findings, FieldPath at, IReadOnlyList<ProtoPort>? ports)
    {
        for (int i = 0; i < (ports?.Count ?? 0); i++)
        {
            ProtoPort port = ports![i];
            if (port.ProtocolNumber is null) findings.Add(at[i]["protocol"], FaultReason.NotSupported, $"\"{Leaf.Printable(port.Protocol!)}\" is none of TCP, UDP, SCTP");
            if (port.Port is null) findings.Add(at[i]["port"], FaultReason.Required, "is missing: 1 to 65535");
            Values.InRange(findings, at[i]["port"], port.Port, 1, 65535, "port");
            Addresses.Prefix(findings, at[i]["net"], port.Net);
        }
    }
}
