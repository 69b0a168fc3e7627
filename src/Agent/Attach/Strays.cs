using Margay.Api.Resources;

namespace Margay.Agent.Attach;

/// <summary>Attachments that are known only from elsewhere: from the server's record, or from a link's mark.</summary>
internal static class Strays
{
    /// <summary>The attachment that a WorkloadEndpoint of this node stands for, or null when it was not made by an agent.</summary>
    public static AttachmentRecord? ToRecord(WorkloadEndpoint endpoint)
    {
        WorkloadEndpointSpec spec = endpoint.Spec;
        if (spec.ContainerID is not { Length: > 0 } container || spec.Endpoint is not { Length: > 0 } iface || spec.InterfaceName is null) return null;
        AttachmentKey key = new(container, iface);
        if (Names.HostInterface(key) != spec.InterfaceName) return null;
        return new AttachmentRecord
        {
            Phase = AttachmentPhase.Leaving,
            ContainerId = container,
            Interface = iface,
            NetworkNamespace = "",
            Network = spec.Network ?? "default",
            Namespace = endpoint.Namespace ?? "default",
            Name = endpoint.Name,
            HostInterface = spec.InterfaceName,
            Mac = spec.Mac ?? Names.Mac(key).ToString(),
            Addresses = [.. (spec.IpNetworks ?? []).Where(a => AttachValidation.TryParseHost(a, out _)).Select(a => a.Split('/')[0])],
            Orchestrator = spec.Orchestrator,
            Workload = spec.Workload,
            Labels = endpoint.Metadata.Labels,
            Profiles = spec.Profiles,
            Ports = spec.Ports,
        };
    }

    /// <summary>Just enough to remove a link that bears our mark.</summary>
    /// <param name="endpointId">NETWORK/NAMESPACE/NAME, from the mark.</param>
    public static AttachmentRecord OfLink(string hostInterface, string endpointId)
    {
        string[] parts = endpointId.Split('/', 3);
        return new AttachmentRecord
        {
            Phase = AttachmentPhase.Leaving,
            ContainerId = "",
            Interface = "",
            NetworkNamespace = "",
            Network = parts[0],
            Namespace = parts.Length > 1 ? parts[1] : "",
            Name = parts.Length > 2 ? parts[2] : "",
            HostInterface = hostInterface,
            Mac = "",
            Addresses = [],
        };
    }

    /// <summary>The object that stands for an attachment.</summary>
    public static WorkloadEndpoint ToEndpoint(AttachmentRecord record, string node, string? ipv4Gateway, string? ipv6Gateway) => new()
    {
        ApiVersion = ResourceKinds.WorkloadEndpoint.ApiVersion,
        Kind = ResourceKinds.WorkloadEndpoint.Kind,
        Metadata = new ObjectMeta { Name = record.Name, Namespace = record.Namespace, Labels = record.Labels },
        Spec = new WorkloadEndpointSpec
        {
            Orchestrator = record.Orchestrator,
            Workload = record.Workload,
            Node = node,
            ContainerID = record.ContainerId,
            Pod = record.Orchestrator == "k8s" ? record.Workload : null,
            Endpoint = record.Interface,
            Network = record.Network == "default" ? null : record.Network,
            IpNetworks = [.. record.InetAddresses.Select(a => Core.Net.IpPrefix.Host(a).ToString())],
            Ipv4Gateway = record.InetAddresses.Any(a => a.IsIPv4) ? ipv4Gateway : null,
            Ipv6Gateway = record.InetAddresses.Any(a => a.IsIPv6) ? ipv6Gateway : null,
            Profiles = record.Profiles,
            InterfaceName = record.HostInterface,
            Mac = record.Mac,
            Ports = record.Ports,
        },
    };
}
