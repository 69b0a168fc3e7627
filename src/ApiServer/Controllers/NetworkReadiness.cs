using System.Globalization;
using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.ApiServer.Controllers;

/// <summary>
/// How far each virtual network has come: counts of its workloads by node, kept as objects change, and the conditions that follow from them. A change costs the networks that it touches.
/// Pure but for its counts; owned by one caller at a time.
/// </summary>
internal sealed class NetworkReadiness
{
    /// <summary>A network that has not been programmed for so long is degraded; before, it is on its way.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public const string Allocated = "Allocated", Programmed = "Programmed", Degraded = "Degraded";

    /// <summary>Some of its imports have no effect. Only of networks that import.</summary>
    public const string ImportRefused = "ImportRefused";

    private const int NodesNamed = 5;

    private readonly Dictionary<string, VirtualNetwork> _networks = new(StringComparer.Ordinal);
    private readonly Dictionary<(string? Namespace, string Name), Workload> _workloads = [];
    private readonly Dictionary<string, SortedDictionary<string, Counts>> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    // Not programmed, and not yet called degraded: to be looked at again as time passes.
    private readonly HashSet<string> _coming = new(StringComparer.Ordinal);

    // Why imports have no effect, by importer; worked out anew when a network that has to do with leaks changes.
    private Dictionary<string, string> _refusals = [];
    private bool _leaksChanged;

    private readonly record struct Workload(string Network, string Node, bool Up);

    private readonly record struct Counts(int All, int Up);

    public void Apply(VirtualNetwork network)
    {
        _leaksChanged |= HasLeaks(network) || HasLeaks(_networks.GetValueOrDefault(network.FullName));
        _networks[network.FullName] = network;
        _changed.Add(network.FullName);
    }

    public void Remove(VirtualNetwork network)
    {
        if (_networks.Remove(network.FullName, out VirtualNetwork? gone)) _leaksChanged |= HasLeaks(gone);
        _changed.Remove(network.FullName);
        _coming.Remove(network.FullName);
    }

    public void Apply(WorkloadEndpoint endpoint)
    {
        Workload now = new(endpoint.Spec.Network ?? "default", endpoint.Spec.Node ?? "", endpoint.Status?.State == "Up");
        if (_workloads.TryGetValue((endpoint.Namespace, endpoint.Name), out Workload before) && before == now) return;
        Remove(endpoint);
        // In the default network there is nothing to be made first.
        if (now.Network == "default") return;
        _workloads[(endpoint.Namespace, endpoint.Name)] = now;
        Count(now, 1);
    }

    public void Remove(WorkloadEndpoint endpoint)
    {
        if (_workloads.Remove((endpoint.Namespace, endpoint.Name), out Workload gone)) Count(gone, -1);
    }

    /// <summary>The networks whose conditions may be others than before, with what they are now.</summary>
    public IReadOnlyList<(VirtualNetwork Network, VirtualNetworkStatus Status)> Take(DateTimeOffset now)
    {
        if (_leaksChanged) FollowLeaks();
        List<(VirtualNetwork, VirtualNetworkStatus)> taken = [];
        foreach (string name in _changed.Union(_coming).ToArray())
        {
            if (!_networks.TryGetValue(name, out VirtualNetwork? network)) continue;
            VirtualNetworkStatus status = Of(network, now);
            if (status.Conditions!.Any(c => c is { Type: Programmed, Status: "False" }) && status.Conditions!.Any(c => c is { Type: Degraded, Status: "False" })) _coming.Add(name);
            else _coming.Remove(name);
            if (!SameAs(network.Status, status)) taken.Add((network, status));
        }
        _changed.Clear();
        return taken;
    }

    /// <summary>Was not written: to be taken again.</summary>
    public void Return(VirtualNetwork network) => _changed.Add(network.FullName);

    private VirtualNetworkStatus Of(VirtualNetwork network, DateTimeOffset now)
    {
        SortedDictionary<string, Counts> nodes = _nodes.GetValueOrDefault(network.FullName) ?? [];
        int ready = nodes.Values.Count(n => n.Up == n.All), subnets = network.Spec.Subnets?.Count ?? 0;
        bool all = ready == nodes.Count;
        List<Condition> conditions = [];
        if (network.Spec.Vni is { } vni) Add(Allocated, true, "Allocated", Text($"VNI {vni}, {subnets} {(subnets == 1 ? "subnet" : "subnets")}"));
        else Add(Allocated, false, "NoVni", "the server has not chosen a VNI yet");
        Add(Programmed, all, nodes.Count == 0 ? "NoWorkload" : all ? "AllNodes" : "SomeNodes", nodes.Count == 0 ? "no workload yet" : Text($"programmed on {ready}/{nodes.Count} nodes"));
        bool degraded = !all && now - conditions[^1].LastTransitionTime >= Patience;
        Add(Degraded, degraded, degraded ? "WorkloadsNotUp" : all ? "AllUp" : "Programming", all ? "" : Waiting(nodes));
        if (network.Spec.Imports is { Count: > 0 })
        {
            string? refused = _refusals.GetValueOrDefault(network.FullName);
            Add(ImportRefused, refused is not null, refused is null ? "AllReached" : "NotReached", refused ?? "");
        }
        return new VirtualNetworkStatus { Vni = network.Spec.Vni, Conditions = conditions };

        void Add(string type, bool holds, string reason, string message)
        {
            string value = holds ? "True" : "False";
            Condition? before = network.Status?.Conditions?.FirstOrDefault(c => c.Type == type && c.Status == value);
            conditions.Add(new Condition { Type = type, Status = value, Reason = reason, Message = message, LastTransitionTime = before?.LastTransitionTime ?? DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()) });
        }
    }

    private static bool HasLeaks(VirtualNetwork? network) => network?.Spec is { Imports.Count: > 0 } or { Exports.Count: > 0 };

    private void FollowLeaks()
    {
        _leaksChanged = false;
        Dictionary<string, string> now = NetworkLeaks.Of(_networks.Values).Where(l => l.Refusal is not null).GroupBy(l => l.Importer)
            .ToDictionary(g => g.Key, g => string.Join("; ", g.OrderBy(l => l.Exporter, StringComparer.Ordinal).Select(l => $"does not reach {l.Exporter.Replace('.', '/')}: {l.Refusal}")));
        foreach (string network in now.Keys.Union(_refusals.Keys))
            if (_networks.ContainsKey(network) && now.GetValueOrDefault(network) != _refusals.GetValueOrDefault(network)) _changed.Add(network);
        _refusals = now;
    }

    private static string Waiting(SortedDictionary<string, Counts> nodes)
    {
        string[] behind = [.. nodes.Where(n => n.Value.Up < n.Value.All).Select(n => Text($"{n.Key} has {n.Value.All - n.Value.Up} of {n.Value.All} workloads not up"))];
        return string.Join(", ", behind.Take(NodesNamed)) + (behind.Length > NodesNamed ? Text($" and {behind.Length - NodesNamed} more nodes") : "");
    }

    private static bool SameAs(VirtualNetworkStatus? a, VirtualNetworkStatus b) => a is not null && a.Vni == b.Vni && (a.Conditions ?? []).SequenceEqual(b.Conditions!);

    private void Count(Workload workload, int by)
    {
        if (!_nodes.TryGetValue(workload.Network, out SortedDictionary<string, Counts>? nodes)) _nodes[workload.Network] = nodes = new(StringComparer.Ordinal);
        Counts counts = nodes.GetValueOrDefault(workload.Node);
        counts = new Counts(counts.All + by, counts.Up + (workload.Up ? by : 0));
        if (counts.All > 0) nodes[workload.Node] = counts;
        else nodes.Remove(workload.Node);
        if (nodes.Count == 0) _nodes.Remove(workload.Network);
        _changed.Add(workload.Network);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
