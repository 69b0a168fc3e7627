using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Filter;

/// <summary>One step of a <see cref="RoutePolicy"/>.</summary>
/// <param name="Name">Where it comes from, for the reason of a rejection.</param>
public sealed record PolicyStatement(string Name, RouteMatch Match, PolicyAction Action)
{
    /// <summary>Done in order to an accepted route; meaningless with <see cref="PolicyAction.Reject"/>.</summary>
    public ImmutableArray<RouteOperation> Operations { get; init; } = [];

    internal FilterResult Decide(PathAttributes attributes)
    {
        if (Action == PolicyAction.Reject) return FilterResult.Rejected(Name);
        if (Operations.IsEmpty) return FilterResult.Accept;
        PathAttributesBuilder builder = attributes.ToBuilder();
        foreach (RouteOperation operation in Operations) operation.Apply(builder);
        return FilterResult.Modify(builder.Build());
    }

    public bool Equals(PolicyStatement? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Name == other.Name && Action == other.Action && Match == other.Match && Operations.AsSpan().SequenceEqual(other.Operations.AsSpan()));

    public override int GetHashCode() => HashCode.Combine(Name, Match, Action, Operations.Length);
}
