using Margay.Api.Resources;
using Margay.CalcGraph.Nodes;

namespace Margay.CalcGraph.Topology;

/// <summary>
/// Which nodes hold sessions with which without anybody having asked for them: every one with every other, or clients with their elected reflectors and reflectors with each other.
/// During a transition both. Nodes with an AS of their own are no clients: an external session to a reflector would draw their traffic through it; they peer with everybody.
/// Nodes that manifests make reflectors (routeReflectorClusterID) take no part.
/// </summary>
/// <param name="nodes">Sorted by name.</param>
internal sealed class MeshTopology(SortedDictionary<string, NodeInfo> nodes)
{
    private const string DefaultTopologyLabel = "rack";
    private const int DefaultPerClient = 2;

    private readonly Dictionary<string, HashSet<string>> _reflectorsOf = [];
    private readonly HashSet<string> _elected = [];
    private bool _enabled = true;
    private RouteReflectionStatus _state = new() { Mesh = true };
    private RouteReflectionSpec _spec = new();
    private uint _as = BgpCalculator.DefaultAsNumber;

    // Made anew when first asked for.
    private SortedDictionary<string, NodeInfo>? _members;
    private List<NodeInfo>? _outsiders;
    private List<(string, string)>? _before;
    private List<(string, string)>? _after;

    public static string DomainOf(NodeInfo node, RouteReflectionSpec? spec) => node.Labels.GetValueOrDefault(spec?.TopologyLabel ?? DefaultTopologyLabel, "");

    public static int PerClient(RouteReflectionSpec? spec) => spec?.ReflectorsPerClient ?? DefaultPerClient;

    public void Configure(BGPConfigurationSpec? spec, RouteReflectionStatus? state, uint asNumber)
    {
        _enabled = spec?.NodeToNodeMeshEnabled != false;
        _spec = spec?.RouteReflection ?? new();
        _state = state ?? new() { Mesh = true };
        _as = asNumber;
        _elected.Clear();
        _elected.UnionWith(_state.Reflectors.Select(r => r.Node));
        Forget();
    }

    public bool IsElected(NodeInfo node) => _enabled && _elected.Contains(node.Name) && IsMember(node) && !IsOutsider(node);

    /// <summary>The nodes that it holds sessions with, in the order of their names.</summary>
    public IEnumerable<NodeInfo> PartnersOf(NodeInfo node)
    {
        if (!_enabled || !IsMember(node)) return [];
        if (_state.Mesh || IsOutsider(node)) return Members.Values.Where(n => n.Name != node.Name);
        if (IsElected(node)) return Members.Values.Where(n => n.Name != node.Name && (IsOutsider(n) || IsElected(n) || ReflectorsOf(n.Name).Contains(node.Name)));
        SortedDictionary<string, NodeInfo> partners = new(StringComparer.Ordinal);
        foreach (NodeInfo outsider in Outsiders) partners[outsider.Name] = outsider;
        foreach (string reflector in ReflectorsOf(node.Name)) partners[reflector] = Members[reflector];
        return partners.Values;
    }

    /// <summary>Nodes whose partners may differ by a change of a node, besides itself; null for all. Called when the change is made.</summary>
    public IReadOnlyCollection<string>? OnNodeChanged(NodeInfo? before, NodeInfo? now)
    {
        bool isMember = now is not null && IsMember(now), wasMember = before is not null && IsMember(before);
        if (!_enabled || (!isMember && !wasMember)) return [];
        string name = (before ?? now)!.Name;
        bool common = _state.Mesh || _elected.Contains(name) || (before is not null && IsOutsider(before)) || (now is not null && IsOutsider(now));
        if (common || _members is null)
        {
            Forget();
            return null;
        }
        if (isMember) _members[name] = now!;
        else _members.Remove(name);
        return [.. ReflectorsOf(name), .. Outsiders.Select(o => o.Name)];
    }

    private SortedDictionary<string, NodeInfo> Members => _members ??= new(nodes.Where(n => IsMember(n.Value)).ToDictionary(), StringComparer.Ordinal);

    private List<NodeInfo> Outsiders => _outsiders ??= [.. Members.Values.Where(IsOutsider)];

    private static bool IsMember(NodeInfo node) => !node.IsReflector;

    private bool IsOutsider(NodeInfo node) => node.AsNumber is { } own && own != _as;

    private HashSet<string> ReflectorsOf(string client)
    {
        if (_reflectorsOf.TryGetValue(client, out HashSet<string>? known)) return known;
        _before ??= InState(s => s != ReflectorState.Joining);
        _after ??= InState(s => s != ReflectorState.Leaving);
        HashSet<string> found = [.. ReflectorAssignment.Of(client, _before, PerClient(_spec))];
        if (_before.Count != _state.Reflectors.Count || _after.Count != _state.Reflectors.Count) found.UnionWith(ReflectorAssignment.Of(client, _after, PerClient(_spec)));
        return _reflectorsOf[client] = found;
    }

    private List<(string, string)> InState(Func<ReflectorState, bool> matches) =>
        [.. _state.Reflectors.Where(r => matches(r.State) && Members.TryGetValue(r.Node, out NodeInfo? node) && IsElected(node)).Select(r => (r.Node, DomainOf(Members[r.Node], _spec)))];

    private void Forget()
    {
        _members = null;
        _outsiders = null;
        _before = _after = null;
        _reflectorsOf.Clear();
    }
}
