using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.Sockets;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Gives each interface of the host its host endpoint, and each place (<see cref="HostPlace"/>) a map from interface to list of policies. An interface that no host endpoint
/// is for is open. Owned by the dataplane's loop.
/// </summary>
internal sealed class HostEndpointManager(FilterTables tables, PolicyManager policies, DscpManager dscp, IKernel kernel, DataplaneOptions options, ViewState view)
{
    private static readonly FilterName OpenName = new(FilterFamily.Inet, HostPlaces.Open.Name);

    private readonly FailsafeSets _failsafes = new(tables);
    private readonly Dictionary<HostPlace, List<PolicySet>> _held = [];
    private Dictionary<string, HostEndpointView> _byInterface = [];
    private bool _dirty = true;
    private bool _changed;

    /// <summary>Interfaces by name with the host endpoint that is for each; <see cref="HostEndpoint.AllInterfaces"/> stands for the rest.</summary>
    public IReadOnlyDictionary<string, HostEndpointView> ByInterface => _byInterface;

    public void OnViewChanged(IReadOnlyCollection<string> names) => _dirty |= names.Count > 0;

    public void OnSettingsChanged(NodeSettings settings) =>
        _dirty |= _failsafes.Set(settings.FailsafeInbound ?? FailsafePort.DefaultInbound, settings.FailsafeOutbound ?? FailsafePort.DefaultOutbound);

    /// <summary>Links or addresses of the host came or went: what is known by its addresses may be another interface now.</summary>
    public void OnAddressesChanged() => _dirty |= view.HostEndpoints.Values.Any(h => h.Interface is null);

    /// <summary>Whether host endpoints may deny since the last time what they allowed before.</summary>
    /// <param name="tightened">Policy sets that may.</param>
    public bool TakeTightened(IReadOnlyCollection<string> tightened)
    {
        bool taken = _changed || (tightened.Count > 0 && _held.Values.Any(l => l.Exists(s => tightened.Contains(s.Id))));
        _changed = false;
        return taken;
    }

    public bool IsFailsafe(PolicyType direction, Packet packet) => _failsafes.Contains(direction, packet);

    /// <summary>Brings what is wanted up to date; returns what could not be found out, to be tried again, or null.</summary>
    public string? Resolve()
    {
        if (!_dirty) return null;
        NetlinkResult<IReadOnlyList<LinkAddress>> addresses = view.HostEndpoints.Values.Any(h => h.Interface is null) ? kernel.ListLinkAddresses() : Array.Empty<LinkAddress>();
        if (!addresses.Ok) return $"reading the host's addresses: {addresses.Result}";
        _byInterface = Assign(view.HostEndpoints.Values, addresses.Value);
        Want();
        dscp.SetHosts(_byInterface);
        _changed = true;
        _dirty = false;
        return null;
    }

    /// <summary>One that names the interface, else one that expects an address of it, else the one for all; of several the first by name.</summary>
    internal static Dictionary<string, HostEndpointView> Assign(IEnumerable<HostEndpointView> given, IReadOnlyList<LinkAddress> addresses)
    {
        HostEndpointView[] hosts = [.. given.OrderBy(h => h.Name, StringComparer.Ordinal)];
        Dictionary<string, HostEndpointView> byInterface = [];
        foreach (HostEndpointView host in hosts)
            if (host.Interface is { } name) byInterface.TryAdd(name, host);
        foreach (HostEndpointView host in hosts.Where(h => h.Interface is null))
        {
            HashSet<InetAddress> expected = [.. host.Addresses.Select(InetAddress.Parse)];
            foreach (LinkAddress address in addresses)
                if (expected.Contains(address.Address)) byInterface.TryAdd(address.Link, host);
        }
        return byInterface;
    }

    private void Want()
    {
        Dictionary<HostPlace, Dictionary<string, PolicySet?>> lists = HostPlace.All.ToDictionary(p => p, ListsAt);
        bool early = lists.Any(l => l.Key.IsEarly && l.Value.Count > 0);
        if (lists.Values.All(l => l.Count == 0)) _failsafes.Unwant();
        else _failsafes.Want();
        SetOrRemove(HostPlaces.Open, lists.Values.Any(l => l.Values.Contains(null)));
        foreach (FilterChain clearing in HostPlaces.Clearing(options)) SetOrRemove(clearing, early);
        foreach ((HostPlace place, Dictionary<string, PolicySet?> at) in lists) Want(place, at, early);
    }

    /// <summary>What is asked at a place, by interface: null where nothing is, though something is asked for all the others. Empty when nothing is asked at all.</summary>
    private Dictionary<string, PolicySet?> ListsAt(HostPlace place)
    {
        Dictionary<string, PolicySet?> lists = [];
        foreach ((string name, HostEndpointView host) in _byInterface)
        {
            PolicySet set = PolicySet.Of(host, place.Direction, place.Kind);
            lists[name] = set.Tiers.IsEmpty && !set.DeniesAtEnd ? null : set;
        }
        if (lists.GetValueOrDefault(HostEndpoint.AllInterfaces) is null)
            foreach (string name in lists.Keys.Where(n => lists[n] is null).ToArray()) lists.Remove(name);
        return lists;
    }

    private void Want(HostPlace place, Dictionary<string, PolicySet?> lists, bool early)
    {
        FilterName map = new(FilterFamily.Inet, place.Map);
        List<PolicySet> before = _held.GetValueOrDefault(place, []), now = [.. lists.Values.OfType<PolicySet>()];
        _held[place] = now;
        if (lists.Count == 0)
        {
            tables.RemoveChain(new FilterName(FilterFamily.Inet, place.Name));
            tables.RemoveSet(map);
        }
        else
        {
            tables.SetSet(new FilterSet(FilterFamily.Inet, place.Map, [place.Interface], FilterSetData.Verdict, Late: true));
            tables.SetElements(map, lists.Select(l => KeyValuePair.Create(Key(l.Key), new FilterElementData(0, l.Value is { } set ? policies.AcquireChain(set) : OpenName.Name))));
            tables.SetChain(HostPlaces.Chain(place, options, _failsafes, early));
        }
        // Taken before the old are let go, so that a list that stays is not taken down and up.
        foreach (PolicySet set in before) policies.Release(set);
    }

    private static FilterElementKey Key(string name) => name == HostEndpoint.AllInterfaces ? default : NftValue.IfName(name);

    private void SetOrRemove(FilterChain chain, bool wanted)
    {
        if (wanted) tables.SetChain(chain);
        else tables.RemoveChain(new FilterName(chain.Family, chain.Name));
    }

    /// <summary>For people: each host endpoint with the interfaces that it is for.</summary>
    public IEnumerable<HostEndpointRow> Rows() => view.HostEndpoints.Values.OrderBy(h => h.Name, StringComparer.Ordinal).Select(h =>
    {
        string[] interfaces = [.. _byInterface.Where(i => i.Value.Name == h.Name).Select(i => i.Key).Order(StringComparer.Ordinal)];
        return new HostEndpointRow(h.Name, string.Join(' ', interfaces), h.Revision, interfaces.Length > 0 ? null : WhyNone(h));
    });

    private string WhyNone(HostEndpointView host) => host.Interface is { } name && _byInterface.TryGetValue(name, out HostEndpointView? other)
        ? $"host endpoint {other.Name} is for {(name == HostEndpoint.AllInterfaces ? "all interfaces" : $"interface {name}")} already: of several the first by name counts"
        : $"no interface that is free has one of its addresses ({string.Join(", ", host.Addresses)})";
}
