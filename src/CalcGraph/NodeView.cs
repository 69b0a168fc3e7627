using System.Runtime.InteropServices;
using Margay.Api.NodeSync;
using Margay.CalcGraph.Nodes;

namespace Margay.CalcGraph;

/// <summary>
/// What one subscribed node needs, counted, and what it has been told.
/// <code>
///   local endpoints ─► their classes (counted) ─► policies, profiles (counted by class) ─► sets (counted by policy and profile)
///                                                          each: needed? told? to be told at the next flush?
/// </code>
/// Its size depends on what is on the node, never on the cluster. Owned by <see cref="Graph"/>; <see cref="Sequencer"/> makes deltas from it.
/// </summary>
internal sealed class NodeView
{
    private readonly PolicyCalculator _policies;
    private readonly SubscribedNodes _nodes;
    private readonly Dictionary<LabelClass, int> _classes = [];
    private readonly Dictionary<string, int> _networks = [];
    private bool _isDirty;

    public NodeView(EndpointHome home, PolicyCalculator policies, SubscribedNodes nodes)
    {
        Home = home;
        _policies = policies;
        _nodes = nodes;
        Number = nodes.Views.Add(this);
        Policies = new RefTracker<PolicyInstance>(this, nodes.Policies);
        Profiles = new RefTracker<ProfileInstance>(this, nodes.Profiles);
        Sets = new RefTracker<IpSetNode>(this, nodes.Sets);
        home.View = this;
        foreach (LocalEndpoint endpoint in home.Endpoints) Join(endpoint);
        NoteDirty();
    }

    public EndpointHome Home { get; }
    public string Name => Home.Node;

    /// <summary>What policies, profiles and sets know the node by.</summary>
    public int Number { get; }

    public RefTracker<PolicyInstance> Policies { get; }
    public RefTracker<ProfileInstance> Profiles { get; }
    public RefTracker<IpSetNode> Sets { get; }
    public List<LocalEndpoint> DirtyEndpoints { get; } = [];
    public HashSet<string> RemovedEndpoints { get; } = [];
    public HashSet<string> RemovedHostEndpoints { get; } = [];

    /// <summary>Changes of sets that the node has, shared with other nodes; collected while flushing.</summary>
    public List<IpSetChange> SetChanges { get; } = [];

    public ToldState<PoolView> Pools { get; } = new();
    public ToldState<BlockView> Blocks { get; } = new();
    public ToldState<PeerView> Peers { get; } = new(NodeFacts.SamePeer);
    public ToldState<BgpFilterView> BgpFilters { get; } = new();

    /// <summary>BGP filters that the node's peers name, whether they exist or not.</summary>
    public HashSet<string> FilterNames { get; set; } = [];
    public ToldState<NetworkView> ToldNetworks { get; } = new();

    /// <summary>The virtual networks that have an endpoint here.</summary>
    public IReadOnlyCollection<string> Networks => _networks.Keys;

    public NodeSettings? Settings { get; set; }

    /// <summary>Whether pools, blocks, peers, networks or settings may be other than told.</summary>
    public bool IsNodeDirty { get; set; } = true;

    /// <summary>Puts the node on the list of those that the next flush looks at.</summary>
    public void NoteDirty()
    {
        if (_isDirty) return;
        _isDirty = true;
        _nodes.Dirty.Add(this);
    }

    public void NoteFlushed() => _isDirty = false;

    public void NoteNodeDirty()
    {
        IsNodeDirty = true;
        NoteDirty();
    }

    public void Join(LocalEndpoint endpoint)
    {
        JoinClass(endpoint.Class);
        MarkDirty(endpoint);
    }

    public void Leave(LocalEndpoint endpoint)
    {
        LeaveClass(endpoint.Class);
        Forget(endpoint, endpoint.Id);
    }

    public void JoinClass(LabelClass c)
    {
        ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_classes, c, out _);
        if (count++ > 0) return;
        CountNetwork(c.Network!, 1);
        foreach (SelectorNode selector in c.Matches)
        {
            foreach (PolicyNode policy in selector.Policies) Need(_policies.InstanceOf(policy, c.Network!));
        }
        foreach (string profile in c.Profiles) Need(_policies.ProfileOf(profile, c.Network!));
    }

    public void LeaveClass(LabelClass c)
    {
        ref int count = ref CollectionsMarshal.GetValueRefOrNullRef(_classes, c);
        if (--count > 0) return;
        _classes.Remove(c);
        CountNetwork(c.Network!, -1);
        foreach (SelectorNode selector in c.Matches)
        {
            foreach (PolicyNode policy in selector.Policies) DoNotNeed(_policies.InstanceOf(policy, c.Network!));
        }
        foreach (string profile in c.Profiles) DoNotNeed(_policies.ProfileOf(profile, c.Network!));
    }

    private void CountNetwork(string network, int change)
    {
        if (network == "default") return;
        ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_networks, network, out bool present);
        count += change;
        if (count == 0) _networks.Remove(network);
        if (!present || count == 0) NoteNodeDirty();
    }

    public void MarkDirty(LocalEndpoint endpoint)
    {
        if (endpoint.IsDirty) return;
        endpoint.IsDirty = true;
        DirtyEndpoints.Add(endpoint);
        NoteDirty();
    }

    /// <summary>The endpoint is not here any more, or not under this id.</summary>
    public void Forget(LocalEndpoint endpoint, string id)
    {
        if (endpoint.IsSent) (endpoint is HostEndpointNode ? RemovedHostEndpoints : RemovedEndpoints).Add(id);
        if (endpoint.IsDirty) DirtyEndpoints.Remove(endpoint);
        endpoint.IsSent = endpoint.IsDirty = false;
        NoteDirty();
    }

    public void Need(PolicyInstance policy)
    {
        if (Policies.Add(policy)) NeedSetsOf(policy);
    }

    public void DoNotNeed(PolicyInstance policy)
    {
        if (Policies.Remove(policy)) DropSetsOf(policy);
    }

    private void Need(ProfileInstance profile)
    {
        if (Profiles.Add(profile)) NeedSetsOf(profile);
    }

    private void DoNotNeed(ProfileInstance profile)
    {
        if (Profiles.Remove(profile)) DropSetsOf(profile);
    }

    private void NeedSetsOf(RuleOwner owner)
    {
        _policies.EnsureResolved(owner);
        foreach (IpSetNode set in owner.Sets) Sets.Add(set);
    }

    private void DropSetsOf(RuleOwner owner)
    {
        foreach (IpSetNode set in owner.Sets) Sets.Remove(set);
    }

    /// <summary>The rules of something on this node are new.</summary>
    public void OnResolved(RuleOwner owner, List<IpSetNode> before, List<IpSetNode> now)
    {
        bool needed = owner is PolicyInstance policy ? Policies.IsNeeded(policy) : Profiles.IsNeeded((ProfileInstance)owner);
        if (owner is PolicyInstance p) Policies.MarkDirty(p);
        else Profiles.MarkDirty((ProfileInstance)owner);
        if (!needed) return;
        foreach (IpSetNode set in now) Sets.Add(set);
        foreach (IpSetNode set in before) Sets.Remove(set);
    }

    /// <summary>The node has unsubscribed.</summary>
    public void Close(Action<RuleOwner> droppedRules, Action<IpSetNode> droppedSet)
    {
        Home.View = null;
        foreach (LocalEndpoint endpoint in Home.Endpoints) endpoint.IsSent = endpoint.IsDirty = false;
        Policies.Clear(droppedRules);
        Profiles.Clear(droppedRules);
        Sets.Clear(droppedSet);
        _nodes.Dirty.Remove(this);
        _nodes.Views.Return(Number);
    }
}
