using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.CalcGraph;

/// <summary>
/// Turns the resources of the cluster into the view of each subscribed node, incrementally. Pure and synchronous; owned by one loop, which applies resource
/// changes as they come and flushes at revisions of its choosing.
/// </summary>
public sealed class Graph(GraphOptions options)
{
    /// <summary>Adds or replaces a resource. Kinds that the graph does not use are ignored; an invalid object counts as absent.</summary>
    public void Apply(Resource resource) => throw new NotImplementedException($"{options.Epoch}: {resource.Key}");

    /// <summary>Takes a resource away; nothing happens when there is none.</summary>
    public void Remove(ObjectKey key) => throw new NotImplementedException(key.ToString());

    /// <summary>Starts to keep the view of a node. Call <see cref="Snapshot"/> next for its first whole view.</summary>
    public void Subscribe(string node) => throw new NotImplementedException(node);

    public void Unsubscribe(string node) => throw new NotImplementedException(node);

    /// <summary>The whole view of a node as of the last flush. Call it between a flush and the next change.</summary>
    public ViewDelta Snapshot(string node) => throw new NotImplementedException(node);

    /// <summary>
    /// What changed since the last flush, for each subscribed node that it concerns. Changes cancel out: what was added and removed again in between does not appear.
    /// </summary>
    /// <param name="revision">The store revision that all applied changes add up to.</param>
    public IReadOnlyList<(string Node, ViewDelta Delta)> Flush(long revision) => throw new NotImplementedException($"{revision}");
}
