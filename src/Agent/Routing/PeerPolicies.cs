using Margay.Agent.Networks;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;
using Margay.Bgp.Filter;
using Margay.Bgp.Rib;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Agent.Routing;

/// <summary>
/// What a peer is believed and told: its BGP filters in order, then the default. By default everything is believed. A node tells what it originates, but for pools with disableBGPExport;
/// a reflector also tells its internal peers what others of them told it. What was learned from external peers, and what external peers are told beyond our own, takes a filter
/// that accepts it: no host becomes a transit by accident. Of virtual networks a peer may say what its BGPPeer lets it (<see cref="TrustedTargets"/>), whatever filters say.
/// <para>A filter that does not exist rejects everything in its place: to go on without it would tell and believe more than was asked for.</para>
/// </summary>
internal sealed class PeerPolicies
{
    /// <summary>How the server names sessions that no BGPPeer asked for.</summary>
    public const string MeshNames = "mesh/";

    private readonly HeldView _view;
    private readonly NodeSettings _settings;
    private readonly List<PolicyStatement> _hidden;
    private readonly bool _hasExternalPeers;
    private readonly bool _isElected;
    private readonly bool _hasOtherPeers;

    // Peers with the same filters share one policy: comparing it with itself costs nothing.
    private readonly Dictionary<string, IRouteFilter?> _imports = [];
    private readonly Dictionary<(string Filters, bool Reflects, bool IsClient), IRouteFilter?> _exports = [];

    public PeerPolicies(HeldView view, NodeSettings settings)
    {
        _view = view;
        _settings = settings;
        _hidden = [.. view.Pools.Values
            .Where(p => p.DisableBgpExport && new NetworkName(p.Network).IsDefault && IpPrefix.TryParse(p.Cidr, out _))
            .Select(p => new PolicyStatement($"IPPool {p.Name} has disableBGPExport", new RouteMatch { Prefix = new PrefixMatch(IpPrefix.Parse(p.Cidr), PrefixOperator.In) }, PolicyAction.Reject))];
        _hasExternalPeers = view.Peers.Values.Any(p => p.AsNumber != (p.LocalAsNumber ?? settings.AsNumber));
        // A reflector by manifest takes no part in the mesh.
        _isElected = settings.RouteReflectorClusterId is not null && view.Peers.Values.Any(IsMesh);
        _hasOtherPeers = _hasExternalPeers || view.Peers.Values.Any(p => !IsMesh(p));
    }

    /// <summary>Filters that the peer names and that do not exist.</summary>
    public IEnumerable<string> MissingFor(PeerView peer) => (peer.Filters ?? []).Where(f => _view.BgpFilters.Find(f) is null);

    /// <summary>Null: accepts everything.</summary>
    public IRouteFilter? Import(PeerView peer)
    {
        string key = KeyOf(peer);
        if (!_imports.TryGetValue(key, out IRouteFilter? known))
        {
            List<PolicyStatement> statements = [.. Chain(peer, FilterCompiler.Import)];
            _imports[key] = known = statements.Count == 0 ? null : new RoutePolicy([.. statements], PolicyAction.Accept);
        }
        return Trust(peer, known) ?? known;
    }

    /// <summary>What a peer may say of virtual networks, where not everything is believed; null where it is.</summary>
    public static TrustedTargets? Trust(PeerView peer, IRouteFilter? next = null) =>
        peer.ImportTargets is { } targets ? new TrustedTargets([.. NetworkAnnouncements.Targets(targets).OrderBy(t => t.Value)], ScopeOf(peer), next) : null;

    private static string ScopeOf(PeerView peer) => peer switch
    {
        { Networks.Count: > 0 } => $"{peer.Origin} lets it speak for {string.Join(", ", peer.Networks)} alone",
        { ImportTargets.Count: > 0 } => $"{peer.Origin} lets it speak for route targets {string.Join(", ", peer.ImportTargets)} alone",
        _ => $"{peer.Origin} lets it speak for no virtual network",
    };

    /// <summary>Null: sends everything.</summary>
    public IRouteFilter? Export(PeerView peer, bool external)
    {
        // Without a cluster id it wants nothing for others.
        bool isClient = peer.RouteReflectorClient && Reflects(peer, external) && _settings.RouteReflectorClusterId!.Length > 0;
        (string, bool, bool) key = (KeyOf(peer), Reflects(peer, external), isClient);
        if (_exports.TryGetValue(key, out IRouteFilter? known)) return known;
        List<PolicyStatement> statements = [.. Chain(peer, FilterCompiler.Export), .. _hidden];
        if (isClient) statements.Insert(0, WishesOfOthers);
        PolicyAction otherwise;
        if (Reflects(peer, external))
        {
            if (_isElected && _hasOtherPeers) statements.AddRange([s_own, s_fromMesh, s_notFromOthers]);
            else if (_hasExternalPeers) statements.Add(s_notFromOutside);
            otherwise = PolicyAction.Accept;
        }
        else
        {
            statements.Add(s_own);
            statements.Add(s_noTransit);
            otherwise = PolicyAction.Reject;
        }
        return _exports[key] = statements.Count == 0 ? null : new RoutePolicy([.. statements], otherwise);
    }

    /// <summary>
    /// A reflector's clients hear that it wants everything (the default route target, which RFC 4684 has for a reflector's word to its clients), and nothing of who else wants what: these are as many as there are networks in the
    /// cluster, and tell a client nothing more.
    /// </summary>
    internal static PolicyStatement WishesOfOthers { get; } = new(
        "the reflector's own wish for every route target covers it", new RouteMatch { Family = Family.RouteTarget, Origin = RouteOrigin.Learned }, PolicyAction.Reject);

    private static readonly PolicyStatement s_fromMesh = new("reflected", new RouteMatch { LearnedFrom = MeshNames + "*" }, PolicyAction.Accept);
    private static readonly PolicyStatement s_notFromOthers = new("learned from a peer outside the cluster, and no BGPFilter accepts it", RouteMatch.Any, PolicyAction.Reject);
    private static readonly PolicyStatement s_own = new("own routes", new RouteMatch { Origin = RouteOrigin.Own }, PolicyAction.Accept);
    private static readonly PolicyStatement s_noTransit = new("learned from another peer, and no BGPFilter accepts it", RouteMatch.Any, PolicyAction.Reject);
    private static readonly PolicyStatement s_notFromOutside = new("learned from an external peer, and no BGPFilter accepts it", new RouteMatch { Origin = RouteOrigin.LearnedExternally }, PolicyAction.Reject);

    // An elected reflector is one for the mesh alone: to its other peers it is the plain node that it was.
    private bool Reflects(PeerView peer, bool external) => _settings.RouteReflectorClusterId is not null && !external && (!_isElected || IsMesh(peer));

    private static bool IsMesh(PeerView peer) => peer.Name.StartsWith(MeshNames, StringComparison.Ordinal);

    private IEnumerable<PolicyStatement> Chain(PeerView peer, Func<BgpFilterView, IEnumerable<PolicyStatement>> compile) =>
        (peer.Filters ?? []).SelectMany(name => _view.BgpFilters.Find(name) is { } filter ? compile(filter) : [Missing(name)]);

    private static PolicyStatement Missing(string name) => new($"BGPFilter {name} does not exist", RouteMatch.Any, PolicyAction.Reject);

    private static string KeyOf(PeerView peer) => string.Join('\n', peer.Filters ?? []);
}
