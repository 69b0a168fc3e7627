using Margay.Api.NodeSync;

namespace Margay.CalcGraph.Nodes;

/// <summary>Something that is on one node and that policy applies to. Owned by <see cref="EndpointPlaces"/>.</summary>
internal abstract class LocalEndpoint : AddressHolder
{
    public required string Name { get; init; }
    public required EndpointHome Home { get; set; }
    public required long Revision { get; set; }

    /// <summary>Whether its node has been told of it.</summary>
    public bool IsSent { get; set; }

    /// <summary>Whether its node is to be told of it at the next flush.</summary>
    public bool IsDirty { get; set; }

    public abstract string Id { get; }
}

/// <summary>A workload endpoint, as much of it as views need.</summary>
internal sealed class EndpointNode : LocalEndpoint
{
    public required string Interface { get; set; }
    public required string? Mac { get; set; }
    public required IReadOnlyList<string> AllowedSourcePrefixes { get; set; }
    public required QosView? Qos { get; set; }

    public override string Id => $"{Class.Network}/{Class.Namespace}/{Name}";
}

/// <summary>A host endpoint, as much of it as views need.</summary>
internal sealed class HostEndpointNode : LocalEndpoint
{
    public required string? Interface { get; set; }
    public required byte? Dscp { get; set; }

    public override string Id => Name;
}

/// <summary>One node as a place of endpoints, be it subscribed or not.</summary>
internal sealed class EndpointHome(string node)
{
    public string Node => node;
    public HashSet<LocalEndpoint> Endpoints { get; } = [];

    /// <summary>Null while nobody has subscribed to the node.</summary>
    public NodeView? View { get; set; }
}
