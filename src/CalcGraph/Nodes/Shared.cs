namespace Margay.CalcGraph.Nodes;

/// <summary>
/// A policy, profile or set as nodes see it. One object for all nodes, kept by id as long as a node needs it or has been told of it, even when what
/// it stands for is gone or has come back meanwhile.
/// </summary>
internal abstract class Shared(string id)
{
    private NodeSet _nodes;

    public string Id => id;

    /// <summary>What nodes know it by, while there is one.</summary>
    public int Number { get; set; } = -1;

    /// <summary>The subscribed nodes that need it or were told of it.</summary>
    public ref NodeSet Nodes => ref _nodes;
}
