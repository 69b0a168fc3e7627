using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// A selector in use, within one network or (for what policies apply to) any, and the classes that match it. Shared by all that use the same canonical text;
/// lives while something does. Owned by <see cref="LabelIndex"/>.
/// </summary>
internal sealed class SelectorNode(string? network, Selector selector)
{
    /// <summary>Null: any.</summary>
    public string? Network => network;

    public Selector Selector => selector;

    /// <summary>The service, as NAMESPACE/NAME, whose addresses it means; null for a selector by labels.</summary>
    public string? Service { get; } = selector.Root is Expression.Equal { Label: DerivedLabels.Service } equal ? equal.Value : null;

    public HashSet<LabelClass> Classes { get; } = [];

    /// <summary>Policies that apply to what matches.</summary>
    public List<PolicyNode> Policies { get; } = [];

    /// <summary>Sets made of what matches.</summary>
    public List<IpSetNode> Sets { get; } = [];

    /// <summary>Where the index keeps it: matching anything needs one of these labels; null when it can match without any.</summary>
    public IReadOnlyList<Requirement>? Requirements { get; set; }

    /// <summary>Marks it as seen in one search of the index.</summary>
    public long Visited { get; set; }

    public bool IsUnused => Policies.Count == 0 && Sets.Count == 0;

    public bool Matches(LabelClass c) =>
        (network is null || c.Network is null || network == c.Network)
        && (Service is null ? c.Service is null && selector.Matches(new LabelArray(c.Effective)) : c.Service == Service);
}

/// <summary>A label that something must have: with a value, or any.</summary>
internal readonly record struct Requirement(string Key, string? Value);
