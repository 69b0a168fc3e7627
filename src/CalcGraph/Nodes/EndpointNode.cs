namespace Margay.CalcGraph.Nodes;

/// <summary>A workload endpoint, as much of it as views need. Owned by <see cref="EndpointCalculator"/>.</summary>
internal sealed class EndpointNode : AddressHolder
{
    public required string Name { get; init; }
    public required EndpointHome Home { get; set; }
    public required string Interface { get; set; }
    public required string? Mac { get; set; }
    public required IReadOnlyList<string> AllowedSourcePrefixes { get; set; }
    public required long Revision { get; set; }

    /// <summary>Whether its node has been told of it.</summary>
    public bool IsSent { get; set; }

    /// <summary>Whether its node is to be told of it at the next flush.</summary>
    public bool IsDirty { get; set; }

    public string Id => $"{Class.Network}/{Class.Namespace}/{Name}";
}

/// <summary>One node as a place of endpoints, be it subscribed or not.</summary>
internal sealed class EndpointHome(string node)
{
    public string Node => node;
    public HashSet<EndpointNode> Endpoints { get; } = [];

    /// <summary>Null while nobody has subscribed to the node.</summary>
    public NodeView? View { get; set; }
}
