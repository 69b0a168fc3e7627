using Margay.Core.State;
using Margay.Dataplane.Kernel.Filter;

namespace Margay.Dataplane.Drivers;

/// <summary>One set of ours: what it is, and its elements as wanted and as there.</summary>
internal sealed class ElementTracker(FilterSet set)
{
    public FilterSet Set { get; set; } = set;
    public DeltaTracker<FilterElementKey, FilterElementData> Elements { get; } = new();
}
