using System.Diagnostics.CodeAnalysis;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>One label key in use, with the values it has and the selectors that can only match what has it.</summary>
internal sealed class LabelKey(string name)
{
    public string Name => name;
    public List<LabelPair> Pairs { get; } = [];
    public List<SelectorNode> Selectors { get; } = [];

    /// <summary>How many classes have the key, with whatever value.</summary>
    public int ClassCount { get; set; }
}

/// <summary>One key and value in use: the classes that have it, and the selectors that can only match what has it. Interned by <see cref="LabelIndex"/>.</summary>
internal sealed class LabelPair(LabelKey key, string value, int id)
{
    public LabelKey Key => key;
    public string Value => value;

    /// <summary>Small and unique while the pair lives; identifies it in the keys of classes.</summary>
    public int Id => id;

    /// <summary>Where it stands in <see cref="LabelKey.Pairs"/>.</summary>
    public int Slot { get; set; }

    public List<LabelClass> Classes { get; } = [];
    public List<SelectorNode> Selectors { get; } = [];
    public bool IsUnused => Classes.Count == 0 && Selectors.Count == 0;
}

/// <summary>Effective labels as selectors look them up. A handful: a linear search beats a table.</summary>
internal readonly struct LabelArray(LabelPair[] pairs) : ILabels
{
    public bool TryGetLabel(string label, [NotNullWhen(true)] out string? value)
    {
        foreach (LabelPair pair in pairs)
        {
            if (pair.Key.Name != label) continue;
            value = pair.Value;
            return true;
        }
        value = null;
        return false;
    }
}
