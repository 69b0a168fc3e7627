using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.CalcGraph.Nodes;

namespace Margay.CalcGraph;

// From resources to views. Arrows are calls; everything happens inside Apply, Remove and Flush, on the caller's thread.
//
//   Namespace, Profile labels ─────────────┐
//   WorkloadEndpoint ─► EndpointCalculator ─┤
//   HostEndpoint ─► HostEndpointCalculator ─┼─► LabelIndex: LabelClass ◄──match──► SelectorNode ◄── policies of all kinds, Tier
//   (Global)NetworkSet ─► NetworkSetCalc. ──┤        │                        │                      (PolicyCalculator)
//   EndpointSlice ─► ServiceCalculator ─────┘        │                        │
//                              │                     │ members                │ policies, sets
//                              ▼                     ▼                        ▼
//                        AddressTable ──────► IpSetCalculator ◄──sets── PolicyInstance, ProfileInstance (rules resolved while needed)
//                        (who holds a prefix)  (members by difference)        │
//                                                    │                        │ counted references
//   Node, BGPConfiguration, BGPPeer, Felix…          ▼                        ▼
//   IPPool, IPAMBlock, VirtualNetwork, FloatingIP ─► NodeFacts ► NodeView of each subscribed node ──► Sequencer ──► ViewDelta
//
// Why it is cheap: endpoints that no selector tells apart are one class; labels are compared once for each class, and only with selectors that share a label with it;
// a set has no list of members, only of classes; a node keeps counters for what touches its own endpoints, and an update walks from what changed to those who need it.
//
// The output depends on the state of the resources alone, never on how they came to be: every step notes that something may differ, and the flush asks
// what is true now. Missing referents fail closed: an endpoint names a profile that is not there, and the dataplane denies.

/// <summary>
/// Turns the resources of the cluster into the view of each subscribed node, incrementally. Pure and synchronous; owned by one loop, which applies resource
/// changes as they come and flushes at revisions of its choosing.
/// </summary>
public sealed class Graph : IMatchListener
{
    private readonly LabelIndex _labels;
    private readonly IpSetCalculator _sets;
    private readonly AddressTable _addresses;
    private readonly EndpointPlaces _places;
    private readonly EndpointCalculator _endpoints;
    private readonly HostEndpointCalculator _hostEndpoints;
    private readonly NetworkSetCalculator _networkSets;
    private readonly ServiceCalculator _services;
    private readonly PolicyCalculator _policies;
    private readonly NodeFacts _facts = new();
    private readonly Sequencer _sequencer;
    private readonly Dictionary<string, NodeView> _views = [];
    private readonly SubscribedNodes _nodes = new();

    public Graph(GraphOptions options)
    {
        _labels = new LabelIndex(this);
        _sets = new IpSetCalculator { Labels = _labels };
        _addresses = new AddressTable(_labels, _sets);
        _sets.Table = _addresses;
        _places = new EndpointPlaces(_labels, _addresses);
        _endpoints = new EndpointCalculator(_labels, _places);
        _hostEndpoints = new HostEndpointCalculator(_labels, _places);
        _networkSets = new NetworkSetCalculator(_labels, _addresses);
        _services = new ServiceCalculator(_labels, _addresses);
        _policies = new PolicyCalculator(_labels, _sets, _nodes.Views);
        _sequencer = new Sequencer(options.Epoch, _policies, _sets, _facts);
    }

    /// <summary>The revision of the last flush.</summary>
    public long Revision { get; private set; }

    public int EndpointCount => _endpoints.Count;

    /// <summary>Adds or replaces a resource. Kinds that the graph does not use are ignored; an invalid object counts as absent.</summary>
    public void Apply(Resource resource)
    {
        string name = resource.Name;
        switch (resource)
        {
            case WorkloadEndpoint endpoint: _endpoints.Set(endpoint); break;
            case HostEndpoint endpoint: _hostEndpoints.Set(endpoint); break;
            // Keys are made from the type: objects out of a list do not carry their kind.
            case NetworkPolicy or StagedNetworkPolicy or KubernetesNetworkPolicy or StagedKubernetesNetworkPolicy:
                SetPolicy(new ObjectKey(resource.GetType().Name, resource.Namespace, name), resource);
                break;
            case GlobalNetworkPolicy or StagedGlobalNetworkPolicy or ClusterNetworkPolicy:
                SetPolicy(new ObjectKey(resource.GetType().Name, null, name), resource);
                break;
            case Tier tier: _policies.SetTier(name, tier); break;
            case EndpointSlice slice: _services.Set(new ObjectKey(nameof(EndpointSlice), slice.Namespace, name), slice); break;
            case FelixConfiguration configuration: SetFelixConfiguration(name, configuration); break;
            case NetworkSet set: _networkSets.Set(new ObjectKey(nameof(NetworkSet), set.Namespace, name), set.Spec, set.Metadata.Labels); break;
            case GlobalNetworkSet set: _networkSets.Set(new ObjectKey(nameof(GlobalNetworkSet), null, name), set.Spec, set.Metadata.Labels); break;
            case Profile profile: SetProfile(profile); break;
            case Namespace ns: _labels.SetNamespaceLabels(name, ns.Metadata.Labels); break;
            case Node node: SetNode(name, node); break;
            case IPPool pool: SetPool(name, pool); break;
            case IPAMBlock block: SetBlock(name, block); break;
            case BGPConfiguration configuration: SetBgpConfiguration(name, configuration); break;
            case BGPPeer peer: SetBgpPeer(name, peer); break;
            case BGPFilter filter: SetBgpFilter(name, filter); break;
            case VirtualNetwork network: SetNetwork(network.FullName, network); break;
            case FloatingIP floating: SetFloating(floating.Namespace, name, floating); break;
            default: break;
        }
    }

    /// <summary>Takes a resource away; nothing happens when there is none.</summary>
    public void Remove(ObjectKey key)
    {
        switch (key.Kind)
        {
            case nameof(WorkloadEndpoint): _endpoints.Remove(key.Namespace, key.Name); break;
            case nameof(HostEndpoint): _hostEndpoints.Remove(key.Name); break;
            case nameof(NetworkPolicy) or nameof(StagedNetworkPolicy) or KubernetesNetworkPolicy.KeyKind or nameof(StagedKubernetesNetworkPolicy)
                or nameof(GlobalNetworkPolicy) or nameof(StagedGlobalNetworkPolicy) or nameof(ClusterNetworkPolicy):
                _policies.Set(key, null);
                break;
            case nameof(Tier): _policies.SetTier(key.Name, null); break;
            case nameof(EndpointSlice): _services.Set(key, null); break;
            case nameof(FelixConfiguration): SetFelixConfiguration(key.Name, null); break;
            case nameof(NetworkSet) or nameof(GlobalNetworkSet): _networkSets.Remove(key); break;
            case nameof(Profile): _policies.Set(key.Name, (Profile?)null); break;
            case nameof(Namespace): _labels.SetNamespaceLabels(key.Name, null); break;
            case nameof(Node): SetNode(key.Name, null); break;
            case nameof(IPPool): SetPool(key.Name, null); break;
            case nameof(IPAMBlock): SetBlock(key.Name, null); break;
            case nameof(BGPConfiguration): SetBgpConfiguration(key.Name, null); break;
            case nameof(BGPPeer): SetBgpPeer(key.Name, null); break;
            case nameof(BGPFilter): SetBgpFilter(key.Name, null); break;
            case nameof(FloatingIP): SetFloating(key.Namespace, key.Name, null); break;
            case nameof(VirtualNetwork): SetNetwork(VirtualNetwork.FullNameOf(key.Namespace ?? "default", key.Name), null); break;
            default: break;
        }
    }

    /// <summary>
    /// Starts to keep the view of a node. Call <see cref="Snapshot"/> next, for its first whole view; without that the next flush tells everything.
    /// Nothing happens when it is kept already.
    /// </summary>
    public void Subscribe(string node)
    {
        if (!_views.ContainsKey(node)) _views[node] = new NodeView(_places.HomeOf(node), _policies, _nodes);
    }

    public void Unsubscribe(string node)
    {
        if (!_views.Remove(node, out NodeView? view)) return;
        view.Close(OnDropped, OnDropped);
    }

    public bool IsSubscribed(string node) => _views.ContainsKey(node);

    /// <summary>
    /// The whole view of a node, subscribed or not. For a subscribed node it counts as told: the next flush tells what differs from it. When several readers
    /// share the node's deltas, call it between a flush and the next change, or the others miss what was pending.
    /// </summary>
    public ViewDelta Snapshot(string node)
    {
        bool stays = _views.ContainsKey(node);
        Subscribe(node);
        NodeView view = _views[node];
        ViewDelta snapshot = _sequencer.Snapshot(view, Revision);
        if (!stays)
        {
            Unsubscribe(node);
            return snapshot;
        }
        _sequencer.Delta(view, Revision, OnDropped, OnDropped);
        _nodes.Dirty.Remove(view);
        // The pending change of a set is one from the last flush; who has just seen the set in between gets it whole again.
        foreach (IpSetNode set in view.Sets.Needed.Where(s => s.Touched.Count > 0).ToList()) view.Sets.MarkDirty(set);
        return snapshot;
    }

    /// <summary>
    /// What changed since the last flush, for each subscribed node that it concerns. Changes cancel out: what was added and removed again in between does not appear.
    /// </summary>
    /// <param name="revision">The store revision that all applied changes add up to.</param>
    public IReadOnlyList<(string Node, ViewDelta Delta)> Flush(long revision)
    {
        Revision = revision;
        foreach ((IpSetNode set, IpSetChange change) in _sets.TakeChanges())
        {
            foreach (int number in set.Nodes.Numbers)
            {
                NodeView node = _nodes.Views[number];
                // A node that is to get the whole set, or to lose it, is not told the difference.
                if (!node.Sets.IsSettled(set)) continue;
                node.SetChanges.Add(change);
                node.NoteDirty();
            }
        }
        List<(string, ViewDelta)> deltas = [];
        foreach (NodeView node in _nodes.Dirty)
        {
            if (_sequencer.Delta(node, revision, OnDropped, OnDropped) is { } delta) deltas.Add((node.Name, delta));
        }
        _nodes.Dirty.Clear();
        return deltas;
    }

    void IMatchListener.BeforeMatchChange(SelectorNode selector, LabelClass c) => _sets.BeforeMatchChange(selector, c);

    void IMatchListener.AfterMatchChange(SelectorNode selector, LabelClass c, bool matches)
    {
        foreach (PolicyNode policy in selector.Policies) _policies.OnApplies(policy, c, matches);
    }

    private void SetPolicy(ObjectKey key, Resource resource)
    {
        PolicyNode? policy = PolicyNode.TryMake(key, resource);
        if (policy is not null) Mention(policy.Labels);
        _policies.Set(key, policy);
    }

    private void SetProfile(Profile profile)
    {
        bool isValid = PolicyCalculator.IsValid(profile);
        if (isValid) Mention(PolicyCalculator.LabelsOf(profile));
        _policies.Set(profile.Name, isValid ? profile : null);
    }

    private void Mention(IEnumerable<string> labels)
    {
        foreach (string label in _labels.Mention(labels))
        {
            _endpoints.Reclassify(label);
            _hostEndpoints.Reclassify(label);
            _networkSets.Reclassify(label);
        }
    }

    private void OnDropped(RuleOwner owner) => _policies.DropIfUnused(owner);

    private void OnDropped(IpSetNode set)
    {
        set.View = null;
        _sets.DropIfUnused(set);
    }

    private void SetNode(string name, Node? node)
    {
        if (_facts.SetNode(name, node) is not { } concerned)
        {
            NoteAllNodes();
            return;
        }
        foreach (string other in concerned)
        {
            if (_views.TryGetValue(other, out NodeView? view)) view.NoteNodeDirty();
        }
    }

    private void SetPool(string name, IPPool? pool)
    {
        _facts.SetPool(name, pool);
        NoteAllNodes();
    }

    private void SetBlock(string name, IPAMBlock? block)
    {
        foreach (string owner in _facts.SetBlock(name, block))
        {
            if (_views.TryGetValue(owner, out NodeView? view)) view.NoteNodeDirty();
        }
    }

    private void SetFelixConfiguration(string name, FelixConfiguration? configuration)
    {
        _facts.SetConfiguration(name, configuration);
        NoteAllNodes();
    }

    private void SetBgpConfiguration(string name, BGPConfiguration? configuration)
    {
        if (_facts.SetConfiguration(name, configuration)) NoteAllNodes();
    }

    private void SetBgpPeer(string name, BGPPeer? peer)
    {
        _facts.SetPeer(name, peer);
        NoteAllNodes();
    }

    private void SetBgpFilter(string name, BGPFilter? filter)
    {
        if (!_facts.SetFilter(name, filter)) return;
        foreach (NodeView view in _views.Values)
        {
            if (view.FilterNames.Contains(name)) view.NoteNodeDirty();
        }
    }

    private void SetNetwork(string fullName, VirtualNetwork? network)
    {
        // Its gateways of before may have nothing to do with it any more.
        NoteNodesOf(fullName);
        foreach (string touched in _facts.SetNetwork(fullName, network)) NoteNodesOf(touched);
        if (_facts.PeersSpeakForOthers()) NoteAllNodes();
    }

    private void SetFloating(string? ns, string name, FloatingIP? floating)
    {
        foreach (string network in _facts.SetFloating(ns ?? "default", name, floating)) NoteNodesOf(network);
    }

    private void NoteNodesOf(string fullName)
    {
        foreach (NodeView view in _views.Values)
        {
            if (_facts.IsToldTo(view, fullName)) view.NoteNodeDirty();
        }
    }

    private void NoteAllNodes()
    {
        foreach (NodeView view in _views.Values) view.NoteNodeDirty();
    }
}
