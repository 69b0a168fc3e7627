using Margay.Core.State;
using Margay.Dataplane.Kernel.Filter;

namespace Margay.Dataplane.Drivers;

/// <summary>One set of ours: what it is, and its elements as wanted and as there.</summary>
internal sealed class ElementTracker(FilterSet set)
{
    public FilterSet Set { get; set; } = set;
    public DeltaTracker<FilterElementKey, FilterElementData> Elements { get; } = new();

    /// <summary>Elements that are wanted and set aside, because the kernel refuses them.</summary>
    public Dictionary<FilterElementKey, FilterElementData> SetAside { get; } = [];

    /// <summary>Each element is an operation of its own, to find the one that is refused.</summary>
    public bool OneByOne { get; set; }
}
