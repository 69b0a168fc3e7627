using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Margay.Api.Selectors;

/// <summary>
/// Where a selector looks labels up. Implement it with a struct: <see cref="Selector.Matches{TLabels}"/> then neither boxes nor allocates.
/// </summary>
public interface ILabels
{
    bool TryGetLabel(string label, [NotNullWhen(true)] out string? value);
}

/// <summary>
/// Labels of an object and those it inherits (from profiles, from its namespace). Its own win; among the parents the first that has the label.
/// </summary>
public readonly struct Labels : ILabels
{
    private readonly IReadOnlyDictionary<string, string>? _own;
    private readonly ImmutableArray<IReadOnlyDictionary<string, string>> _parents;

    public Labels(IReadOnlyDictionary<string, string>? own, ImmutableArray<IReadOnlyDictionary<string, string>> parents = default)
    {
        _own = own;
        _parents = parents.IsDefault ? [] : parents;
    }

    public bool TryGetLabel(string label, [NotNullWhen(true)] out string? value)
    {
        if (_own is not null && _own.TryGetValue(label, out value)) return true;
        if (!_parents.IsDefault)
        {
            foreach (IReadOnlyDictionary<string, string> parent in _parents)
                if (parent.TryGetValue(label, out value)) return true;
        }

        value = null;
        return false;
    }
}
