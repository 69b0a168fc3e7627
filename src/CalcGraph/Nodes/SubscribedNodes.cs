namespace Margay.CalcGraph.Nodes;

/// <summary>The nodes whose views are kept, and the numbers by which they and what they need know each other.</summary>
internal sealed class SubscribedNodes
{
    public Numbering<NodeView> Views { get; } = new();
    public Numbering<PolicyInstance> Policies { get; } = new();
    public Numbering<ProfileInstance> Profiles { get; } = new();
    public Numbering<IpSetNode> Sets { get; } = new();

    /// <summary>Those that the next flush looks at, each once.</summary>
    public List<NodeView> Dirty { get; } = [];
}
