using Margay.Api.Resources;

namespace Margay.ApiServer.Registry;

/// <summary>
/// The status of the kinds that have one: written at …/status only, and kept by every other write.
/// </summary>
internal static class StatusPart
{
    /// <summary><paramref name="target"/> with the status of <paramref name="source"/>.</summary>
    public static Resource Copy(Resource source, Resource target) => (source, target) switch
    {
        (Node s, Node t) => t with { Status = s.Status },
        (Namespace s, Namespace t) => t with { Status = s.Status },
        (IPPool s, IPPool t) => t with { Status = s.Status },
        (BGPConfiguration s, BGPConfiguration t) => t with { Status = s.Status },
        (WorkloadEndpoint s, WorkloadEndpoint t) => t with { Status = s.Status },
        (VirtualNetwork s, VirtualNetwork t) => t with { Status = s.Status },
        _ => target,
    };

    public static Resource Without(Resource resource) => resource switch
    {
        Node r => r with { Status = null },
        Namespace r => r with { Status = null },
        IPPool r => r with { Status = null },
        BGPConfiguration r => r with { Status = null },
        WorkloadEndpoint r => r with { Status = null },
        VirtualNetwork r => r with { Status = null },
        _ => resource,
    };

    /// <summary>As a new object begins: what the client sent as status is not taken.</summary>
    public static Resource Initial(Resource resource) => resource is Namespace ns ? ns with { Status = new NamespaceStatus { Phase = "Active" } } : Without(resource);
}
