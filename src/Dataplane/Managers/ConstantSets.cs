using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Sets named by their content, for rules with several ports, prefixes or protocols. Whoever renders rules holds the sets that they name; a set that nobody holds any more
/// is let go. Owned by the dataplane's loop.
/// </summary>
internal sealed class ConstantSets(FilterTables tables)
{
    private readonly Dictionary<string, int> _holders = [];
    private readonly Dictionary<string, List<string>> _held = [];
    private List<string> _asked = [];

    /// <summary>The name of the set with exactly these elements, held by the rendering that is going on.</summary>
    public string Get(string kind, FilterField[] fields, bool interval, IReadOnlyList<FilterElementKey> elements)
    {
        string name = ChainNames.Constant(kind, string.Join(',', elements));
        _asked.Add(name);
        if (_holders.ContainsKey(name)) return name;
        _holders[name] = 0;
        tables.SetSet(new FilterSet(FilterFamily.Inet, name, [.. fields], Interval: interval));
        foreach (FilterElementKey element in elements) tables.SetElement(new FilterName(FilterFamily.Inet, name), element);
        return name;
    }

    /// <summary>A rendering is over: <paramref name="holder"/> holds what was asked for since the last one, instead of what it held before.</summary>
    public void Hold(string holder)
    {
        List<string> now = _asked;
        _asked = [];
        foreach (string name in now) _holders[name]++;
        Release(holder);
        if (now.Count > 0) _held[holder] = now;
    }

    public void Release(string holder)
    {
        if (!_held.Remove(holder, out List<string>? before)) return;
        foreach (string name in before)
        {
            if (--_holders[name] > 0) continue;
            _holders.Remove(name);
            tables.RemoveSet(new FilterName(FilterFamily.Inet, name));
        }
    }
}
