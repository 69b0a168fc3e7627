using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Sets named by their content, for rules with several ports, prefixes or protocols. Rules that are rendered ask for them; when a rendering is over, those that no chain
/// names any more are let go. Owned by the dataplane's loop.
/// </summary>
internal sealed class ConstantSets(FilterTables tables)
{
    private readonly HashSet<string> _sets = [];

    /// <summary>The name of the set with exactly these elements.</summary>
    public string Get(string kind, FilterField field, IReadOnlyList<FilterElementKey> elements)
    {
        string name = ChainNames.Constant(kind, string.Join(',', elements));
        if (!_sets.Add(name)) return name;
        FilterSet set = new(FilterFamily.Inet, name, [field], Interval: field != FilterField.TransportProtocol);
        tables.SetSet(set);
        foreach (FilterElementKey element in elements) tables.SetElement(new FilterName(FilterFamily.Inet, name), element);
        return name;
    }

    /// <summary>Lets go of those that are not among <paramref name="named"/>.</summary>
    public void Retain(IReadOnlySet<string> named)
    {
        foreach (string name in _sets.Where(n => !named.Contains(n)).ToArray())
        {
            _sets.Remove(name);
            tables.RemoveSet(new FilterName(FilterFamily.Inet, name));
        }
    }
}
