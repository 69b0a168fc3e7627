using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Joins what the agent attached with what the view says of it, and wants of the kernel what follows: addresses that the link may send from, routes, neighbours, and
/// the policy set of each direction. An endpoint is wanted only while both halves and the link are there; until then its link is closed by the fixed rules.
/// Owned by the dataplane's loop.
/// </summary>
internal sealed class EndpointManager(
    FilterTables tables, HostLinks links, Neighbours neighbours, RouteManager routes, Routes routeDriver, PolicyManager policies, FlowManager flows, LimitManager limits, ViewState view)
{
    private readonly Dictionary<string, State> _endpoints = [];
    private readonly Dictionary<string, string> _byInterface = [];
    private readonly HashSet<string> _dirty = [];
    private readonly HashSet<string> _unreported = [];
    private readonly List<string> _removed = [];

    private sealed class State(LocalEndpoint local)
    {
        public LocalEndpoint Local { get; set; } = local;
        public Wants? Wants { get; set; }
        public long Reported { get; set; } = -1;
        public string? Failure { get; set; }
    }

    /// <summary>All that one endpoint puts into the kernel.</summary>
    private sealed record Wants(
        string Interface, int LinkIndex, long Revision, MacAddress Mac, IReadOnlyList<InetAddress> Addresses, IReadOnlyList<IpPrefix> Extra, PolicySet? Ingress, PolicySet? Egress, QosView? Limits);

    public void Attach(LocalEndpoint endpoint)
    {
        if (_endpoints.TryGetValue(endpoint.Id, out State? state))
        {
            if (state.Local.Interface != endpoint.Interface) LetGoOfInterface(state.Local);
            state.Local = endpoint;
        }
        else
        {
            _endpoints[endpoint.Id] = state = new State(endpoint);
        }
        if (_byInterface.TryAdd(endpoint.Interface, endpoint.Id) || _byInterface[endpoint.Interface] == endpoint.Id) links.Want(endpoint.Interface, endpoint.Id);
        state.Reported = -1;
        _dirty.Add(endpoint.Id);
    }

    public void Detach(string id)
    {
        _removed.Add(id);
        if (!_endpoints.Remove(id, out State? state)) return;
        Unwant(id, state);
        LetGoOfInterface(state.Local);
        _dirty.Remove(id);
        _unreported.Remove(id);
    }

    public void OnViewChanged(IEnumerable<string> ids)
    {
        foreach (string id in ids) if (_endpoints.ContainsKey(id)) _dirty.Add(id);
    }

    /// <summary>These links are there now, or gone, or others than before.</summary>
    public void OnLinksMoved(IEnumerable<string> interfaces)
    {
        foreach (string name in interfaces) if (_byInterface.TryGetValue(name, out string? id)) _dirty.Add(id);
    }

    /// <summary>Brings what is wanted up to date.</summary>
    public void Resolve()
    {
        foreach (string id in _dirty)
        {
            State state = _endpoints[id];
            Wants? before = state.Wants, now = Plan(state.Local);
            // The new policy sets are taken before the old are let go, so that a set that stays is not taken down and up.
            if (now is not null) Want(id, now);
            if (before is not null) Unwant(id, before, now);
            state.Wants = now;
            if (before is not null) NoteFlows(before, now);
            else if (now is not null) flows.OnArrived(now.Addresses);
            _unreported.Add(id);
        }
        _dirty.Clear();
    }

    private void NoteFlows(Wants before, Wants? now)
    {
        flows.OnGone(now is null ? before.Addresses : before.Addresses.Except(now.Addresses));
        if (now is not null && (!Equals(before.Ingress, now.Ingress) || !Equals(before.Egress, now.Egress))) flows.OnEndpointChanged(now.Addresses);
        if (now is not null && now.Addresses.Except(before.Addresses).Any()) flows.OnArrived(now.Addresses.Except(before.Addresses));
    }

    /// <summary>What endpoints may send from besides their own addresses.</summary>
    public IReadOnlyList<IpPrefix> RelayedSources() => [.. _endpoints.Values.SelectMany(s => s.Wants?.Extra ?? [])];

    /// <summary>By address, the endpoints that policy decides about.</summary>
    public IReadOnlyDictionary<InetAddress, PolicedEnd> PolicedEnds()
    {
        Dictionary<InetAddress, PolicedEnd> ends = [];
        foreach (State state in _endpoints.Values)
        {
            if (state.Wants is not { Ingress: { } ingress, Egress: { } egress } wants) continue;
            foreach (InetAddress address in wants.Addresses) ends[address] = new PolicedEnd(ingress, egress);
        }
        return ends;
    }

    /// <summary>Endpoints whose news has not been told: programmed, or failed for a reason not told yet; and, when what was taken away is <paramref name="gone"/>, removed.</summary>
    public IEnumerable<DataplaneReport> Report(bool gone)
    {
        List<DataplaneReport> reports = [];
        if (gone)
        {
            reports.AddRange(_removed.Select(id => new EndpointRemoved(id)));
            _removed.Clear();
        }
        foreach (string id in _unreported.ToArray())
        {
            State state = _endpoints[id];
            string? fault = Fault(state);
            if (fault is null)
            {
                _unreported.Remove(id);
                if (state.Reported == state.Wants!.Revision && state.Failure is null) continue;
                state.Reported = state.Wants.Revision;
                state.Failure = null;
                reports.Add(new EndpointProgrammed(id, state.Reported));
            }
            else if (fault != state.Failure && fault != AwaitingPolicy)
            {
                state.Failure = fault;
                reports.Add(new EndpointFailed(id, fault));
            }
        }
        return reports;
    }

    /// <summary>Something of these endpoints may have been undone: look again.</summary>
    public void Recheck() => _unreported.UnionWith(_endpoints.Keys);

    public IEnumerable<EndpointRow> Rows() => _endpoints.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => new EndpointRow(
        e.Key, e.Value.Local.Interface, string.Join(' ', e.Value.Local.Addresses), e.Value.Reported, Fault(e.Value)));

    private const string AwaitingPolicy = "its policy has not come from the server yet";

    private string? Fault(State state)
    {
        string name = state.Local.Interface;
        if (_byInterface.TryGetValue(name, out string? owner) && owner != state.Local.Id) return $"interface {name} is in use by {owner}";
        if (links.Refused.TryGetValue(name, out string? refused)) return refused;
        if (state.Wants is not { } wants) return $"interface {name} has not been looked at yet";
        if (wants.Ingress is null) return AwaitingPolicy;
        if (!tables.InSync) return "its filter entries are not in the kernel yet";
        if (tables.RefusesAny && Refusal(wants) is { } refusal) return $"closed: {refusal}";
        foreach (InetAddress address in wants.Addresses)
        {
            NeighbourKey neighbour = new(wants.LinkIndex, address);
            if (!neighbours.IsApplied(neighbour)) return neighbours.Refused.GetValueOrDefault(neighbour, $"the neighbour entry of {address} is not in the kernel yet");
            IpPrefix prefix = IpPrefix.Host(address);
            if (!routeDriver.IsApplied(prefix)) return routeDriver.Refused.GetValueOrDefault(prefix, $"the route to {address} is not in the kernel yet");
        }
        return null;
    }

    /// <summary>What of the endpoint's sources, lists and policies the kernel refuses. A limit is no matter of policy: it is told, and does not count here.</summary>
    private RefusedObject? Refusal(Wants wants)
    {
        FilterElementKey name = NftValue.IfName(wants.Interface);
        return ((PolicySet[])[wants.Ingress!, wants.Egress!]).SelectMany(policies.ChainsOf).Select(tables.WhyClosed)
            .Concat(Sources(wants).Append((MapOf(PolicyType.Ingress), name)).Append((MapOf(PolicyType.Egress), name)).Select(e => tables.WhyLeftOut(e.Item1, e.Item2)))
            .FirstOrDefault(r => r is not null);
    }

    private Wants? Plan(LocalEndpoint local)
    {
        if (_byInterface[local.Interface] != local.Id || !links.TryGetIndex(local.Interface, out int index)) return null;
        EndpointView? seen = view.Endpoints.GetValueOrDefault(local.Id);
        return new Wants(
            local.Interface, index, seen?.Revision ?? 0, local.Mac, local.Addresses, [.. (seen?.AllowedSourcePrefixes ?? []).Select(IpPrefix.Parse)],
            seen is null ? null : PolicySet.Of(seen, PolicyType.Ingress), seen is null ? null : PolicySet.Of(seen, PolicyType.Egress),
            seen?.Qos);
    }

    private void Want(string id, Wants wants)
    {
        foreach ((FilterName set, FilterElementKey key) in Sources(wants)) tables.SetElement(set, key);
        limits.Set(id, wants.Interface, wants.Limits);
        foreach (InetAddress address in wants.Addresses)
        {
            neighbours.Set(new NeighbourKey(wants.LinkIndex, address), wants.Mac);
            routes.SetLocal(IpPrefix.Host(address), id, wants.LinkIndex);
        }
        Map(PolicyType.Ingress, wants.Interface, wants.Ingress);
        Map(PolicyType.Egress, wants.Interface, wants.Egress);
    }

    private void Map(PolicyType direction, string name, PolicySet? set)
    {
        if (set is not null) tables.SetElement(MapOf(direction), NftValue.IfName(name), new FilterElementData(policies.Acquire(set)));
    }

    private void Unwant(string id, State state)
    {
        if (state.Wants is { } wants)
        {
            Unwant(id, wants, null);
            flows.OnGone(wants.Addresses);
        }
        state.Wants = null;
    }

    /// <summary>Lets go of what <paramref name="now"/> does not want again.</summary>
    private void Unwant(string id, Wants before, Wants? now)
    {
        if (now is null) limits.Remove(id);
        HashSet<(FilterName, FilterElementKey)> kept = now is null ? [] : [.. Sources(now)];
        foreach ((FilterName set, FilterElementKey key) in Sources(before)) if (!kept.Contains((set, key))) tables.RemoveElement(set, key);
        foreach (InetAddress address in before.Addresses)
        {
            bool wanted = now is not null && now.Addresses.Contains(address);
            if (!wanted) routes.RemoveLocal(IpPrefix.Host(address), id);
            if (!wanted || now!.LinkIndex != before.LinkIndex) neighbours.Remove(new NeighbourKey(before.LinkIndex, address));
        }
        Unmap(PolicyType.Ingress, before.Interface, before.Ingress, now is { Ingress: not null } && now.Interface == before.Interface);
        Unmap(PolicyType.Egress, before.Interface, before.Egress, now is { Egress: not null } && now.Interface == before.Interface);
    }

    private void Unmap(PolicyType direction, string name, PolicySet? set, bool mappedAgain)
    {
        if (set is null) return;
        policies.Release(set);
        if (!mappedAgain) tables.RemoveElement(MapOf(direction), NftValue.IfName(name));
    }

    private static List<(FilterName Set, FilterElementKey Key)> Sources(Wants wants)
    {
        List<(FilterName, FilterElementKey)> sources = [];
        NftValue name = NftValue.IfName(wants.Interface);
        foreach (InetAddress address in wants.Addresses)
        {
            FilterElementKey key = NftValue.Concat(name, NftValue.From(address));
            sources.Add((new FilterName(FilterFamily.Inet, address.IsIPv6 ? ChainNames.Sources6 : ChainNames.Sources4), key));
            if (address.IsIPv4) sources.Add((new FilterName(FilterFamily.Arp, ChainNames.Sources4), key));
        }
        foreach (bool v6 in (ReadOnlySpan<bool>)[false, true])
        {
            FilterName set = new(FilterFamily.Inet, v6 ? ChainNames.ExtraSources6 : ChainNames.ExtraSources4);
            foreach (FilterElementKey range in Intervals.Of(wants.Extra.Where(p => p.IsIPv6 == v6).Order()))
                sources.Add((set, new FilterElementKey(NftValue.Concat(name, range.From), range.IsRange ? NftValue.Concat(name, range.To) : default)));
        }
        return sources;
    }

    private void LetGoOfInterface(LocalEndpoint local)
    {
        if (!_byInterface.TryGetValue(local.Interface, out string? owner) || owner != local.Id) return;
        _byInterface.Remove(local.Interface);
        links.Unwant(local.Interface);
        // Someone else may have been waiting for the name.
        if (_endpoints.Values.FirstOrDefault(s => s.Local.Interface == local.Interface && s.Local.Id != local.Id) is { } next) Attach(next.Local);
    }

    private static FilterName MapOf(PolicyType direction) => new(FilterFamily.Inet, ChainNames.Direction(direction));
}
