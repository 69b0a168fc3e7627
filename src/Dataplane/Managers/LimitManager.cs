using Margay.Api.NodeSync;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

/// <summary>Keeps the chains of endpoints' limits where <see cref="LimitPlace"/> says. Owned by the dataplane's loop.</summary>
internal sealed class LimitManager(FilterTables tables, DscpManager dscp, DataplaneOptions options)
{
    private readonly Dictionary<(LimitPlace Place, string Interface), string> _owners = [];
    private readonly Dictionary<string, string> _interfaces = [];

    /// <summary>The endpoint has these limits, and no other.</summary>
    public void Set(string id, string name, QosView? limits)
    {
        if (_interfaces.TryGetValue(id, out string? before) && before != name) Remove(id);
        _interfaces[id] = name;
        foreach (LimitPlace place in LimitPlace.All) Set(place, id, name, limits is null ? [] : [.. place.Rules(limits)]);
        dscp.Set(id, name, limits?.Dscp);
    }

    public void Remove(string id)
    {
        if (!_interfaces.Remove(id, out string? name)) return;
        foreach (LimitPlace place in LimitPlace.All) Remove(place, id, name);
        dscp.Remove(id, name);
    }

    private void Set(LimitPlace place, string id, string name, FilterRule[] rules)
    {
        if (rules.Length == 0)
        {
            Remove(place, id, name);
            return;
        }
        string chain = place.ChainOf(id);
        if (_owners.TryGetValue((place, name), out string? other) && other != id) Remove(place, other, name);
        _owners[(place, name)] = id;
        tables.SetSet(new FilterSet(FilterFamily.Inet, place.Map.Name, [FilterField.InputInterface], FilterSetData.Verdict, Late: true));
        foreach (FilterChain common in place.Chains(options)) tables.SetChain(common);
        tables.SetChain(new FilterChain(FilterFamily.Inet, chain, null, [.. rules], FilterStandIn.Nothing));
        tables.SetElement(place.Map, NftValue.IfName(name), new FilterElementData(0, chain));
    }

    private void Remove(LimitPlace place, string id, string name)
    {
        if (!_owners.TryGetValue((place, name), out string? owner) || owner != id) return;
        _owners.Remove((place, name));
        tables.RemoveElement(place.Map, NftValue.IfName(name));
        tables.RemoveChain(new FilterName(FilterFamily.Inet, place.ChainOf(id)));
        if (_owners.Keys.Any(k => k.Place == place)) return;
        foreach (FilterChain common in place.Chains(options)) tables.RemoveChain(new FilterName(FilterFamily.Inet, common.Name));
        tables.RemoveSet(place.Map);
    }
}
