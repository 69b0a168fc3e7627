namespace Margay.CalcGraph.Nodes;

/// <summary>
/// A policy, profile or set as nodes see it. One object for all nodes, kept by id as long as a node needs it or has been told of it, even when what
/// it stands for is gone or has come back meanwhile.
/// </summary>
internal abstract class Shared(string id)
{
    public string Id => id;

    /// <summary>The subscribed nodes that need it or were told of it.</summary>
    public List<NodeView> Nodes { get; } = [];
}
