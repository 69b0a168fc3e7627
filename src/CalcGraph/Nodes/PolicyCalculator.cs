using System.Runtime.InteropServices;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Selectors;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// Policies and profiles: which exist, whom they select, and (for those that a node needs) their rules.
/// <code>
///   NetworkPolicy ─► PolicyNode ─► SelectorNode ◄─► LabelClass ◄─ endpoints of nodes
///                        │
///                        └─► PolicyInstance per network ─► PolicyView, IpSetNode…     (resolved while a node needs it)
/// </code>
/// </summary>
internal sealed class PolicyCalculator(LabelIndex labels, IpSetCalculator sets, Numbering<NodeView> views)
{
    private readonly Dictionary<ObjectKey, PolicyNode> _policies = [];
    private readonly Dictionary<string, Profile> _profiles = [];

    public TierTable Tiers { get; } = new();

    // By id or name in the default network, then by network: one for each that needs it, which may be thousands.
    private readonly Dictionary<string, Dictionary<string, PolicyInstance>> _policyInstances = [];
    private readonly Dictionary<string, Dictionary<string, ProfileInstance>> _profileInstances = [];

    /// <summary>Adds, replaces or (null) removes a policy.</summary>
    public void Set(ObjectKey key, PolicyNode? policy)
    {
        PolicyNode? before = _policies.GetValueOrDefault(key);
        if (before is null && policy is null) return;
        if (policy is not null && before is not null && policy.AppliesLike(before))
        {
            policy.Selector = before.Selector;
            List<PolicyNode> list = before.Selector!.Policies;
            list[list.IndexOf(before)] = policy;
            _policies[key] = policy;
            Redefine(policy.Id, policy);
            return;
        }
        // The new one first: a node that needs both never stops needing the policy.
        if (policy is not null)
        {
            _policies[key] = policy;
            Redefine(policy.Id, policy);
            Attach(policy);
        }
        else _policies.Remove(key);
        if (before is not null) Detach(before);
        if (policy is null) Redefine(before!.Id, null);
    }

    /// <summary>Adds, replaces or (null) removes a tier: what its policies select sees them elsewhere, or ending otherwise.</summary>
    public void SetTier(string name, Tier? tier)
    {
        if (!Tiers.Set(name, tier)) return;
        foreach (PolicyNode policy in _policies.Values.Where(p => p.Tier == name))
        {
            foreach (LabelClass c in policy.Selector!.Classes) NoteTiersChanged(c);
        }
    }

    private void Attach(PolicyNode policy)
    {
        SelectorNode selector = policy.Selector = labels.Acquire(null, policy.AppliesTo);
        selector.Policies.Add(policy);
        foreach (LabelClass c in selector.Classes) OnApplies(policy, c, applies: true);
    }

    private void Detach(PolicyNode policy)
    {
        SelectorNode selector = policy.Selector!;
        selector.Policies.Remove(policy);
        foreach (LabelClass c in selector.Classes) OnApplies(policy, c, applies: false);
        labels.ReleaseIfUnused(selector);
    }

    /// <summary>A policy begins or ceases to apply to a class: its members on subscribed nodes are told.</summary>
    public void OnApplies(PolicyNode policy, LabelClass c, bool applies)
    {
        HashSet<NodeView>? nodes = NoteTiersChanged(c);
        foreach (NodeView node in nodes ?? [])
        {
            if (applies) node.Need(InstanceOf(policy, c.Network!));
            else node.DoNotNeed(InstanceOf(policy, c.Network!));
        }
    }

    /// <summary>Marks the members of a class on subscribed nodes, and returns these nodes.</summary>
    private static HashSet<NodeView>? NoteTiersChanged(LabelClass c)
    {
        c.Tiers = null;
        HashSet<NodeView>? nodes = null;
        foreach (AddressHolder member in c.Members)
        {
            if (member is not LocalEndpoint { Home.View: { } node } endpoint) continue;
            node.MarkDirty(endpoint);
            (nodes ??= []).Add(node);
        }
        return nodes;
    }

    public PolicyInstance InstanceOf(PolicyNode policy, string network)
    {
        Dictionary<string, PolicyInstance> instances = InstancesOf(_policyInstances, policy.Id);
        if (!instances.TryGetValue(network, out PolicyInstance? instance)) instances[network] = instance = new PolicyInstance(policy.Id, network) { Definition = policy };
        return instance;
    }

    public ProfileInstance ProfileOf(string name, string network)
    {
        Dictionary<string, ProfileInstance> instances = InstancesOf(_profileInstances, name);
        if (!instances.TryGetValue(network, out ProfileInstance? instance)) instances[network] = instance = new ProfileInstance(name, network);
        return instance;
    }

    /// <summary>Whether the profile can be read; one that cannot counts as absent.</summary>
    public static bool IsValid(Profile profile) => RulesOf(profile).All(r => RuleResolver.IsValid(r, policyNamespace: null));

    /// <summary>Every label key that the selectors of a valid profile mention.</summary>
    public static IEnumerable<string> LabelsOf(Profile profile) => RulesOf(profile).SelectMany(r => RuleResolver.LabelsOf(r, policyNamespace: null));

    private static IEnumerable<Rule> RulesOf(Profile profile) => (profile.Spec.Ingress ?? []).Concat(profile.Spec.Egress ?? []);

    /// <summary>Adds, replaces or (null) removes a profile.</summary>
    public void Set(string name, Profile? profile)
    {
        if (profile is null) _profiles.Remove(name);
        else _profiles[name] = profile;
        labels.SetProfileLabels(name, profile?.Spec.LabelsToApply);
        foreach (ProfileInstance instance in (IEnumerable<ProfileInstance>?)_profileInstances.GetValueOrDefault(name)?.Values ?? [])
        {
            if (instance.IsResolved) Resolve(instance);
        }
    }

    private void Redefine(string id, PolicyNode? policy)
    {
        foreach (PolicyInstance instance in (IEnumerable<PolicyInstance>?)_policyInstances.GetValueOrDefault(id)?.Values ?? [])
        {
            instance.Definition = policy;
            if (instance.IsResolved) Resolve(instance);
        }
    }

    /// <summary>Makes sure of the rules, when a node begins to need them.</summary>
    public void EnsureResolved(RuleOwner owner)
    {
        if (!owner.IsResolved) Resolve(owner);
    }

    /// <summary>Makes view and sets from the definition, and moves nodes from the sets of before to those of now.</summary>
    private void Resolve(RuleOwner owner)
    {
        List<IpSetNode> before = owner.Sets, now = [];
        string Use(Selector selector, string? portName)
        {
            IpSetNode set = sets.Acquire(owner.Network, selector, portName);
            if (now.Contains(set)) set.Users--;
            else now.Add(set);
            return set.Id;
        }

        if (owner is PolicyInstance policy)
        {
            policy.View = policy.Definition is not { } d ? null : new PolicyView
            {
                Id = policy.Id,
                Network = policy.Network,
                Tier = d.Tier,
                KeepEstablished = d.KeepEstablished,
                Ingress = d.HasIngress ? RuleResolver.Resolve(d.Ingress, d.Namespace, Use) : [],
                Egress = d.HasEgress ? RuleResolver.Resolve(d.Egress, d.Namespace, Use) : [],
            };
        }
        else if (owner is ProfileInstance profile)
        {
            profile.View = _profiles.GetValueOrDefault(profile.Name) is not { } p ? null : new ProfileView
            {
                Name = profile.Id,
                Network = profile.Network,
                Ingress = RuleResolver.Resolve(RuleList.Of(p.Spec.Ingress), null, Use),
                Egress = RuleResolver.Resolve(RuleList.Of(p.Spec.Egress), null, Use),
            };
        }
        owner.Sets = now;
        // The first time, whoever asked takes the sets.
        foreach (int node in owner.IsResolved ? owner.Nodes.Numbers : []) views[node].OnResolved(owner, before, now);
        owner.IsResolved = true;
        foreach (IpSetNode set in before) sets.Release(set);
    }

    /// <summary>After a flush: what no node needs any more gives its sets back and is forgotten.</summary>
    public void DropIfUnused(RuleOwner owner)
    {
        if (owner.Nodes.Count > 0) return;
        foreach (IpSetNode set in owner.Sets) sets.Release(set);
        owner.Sets = [];
        owner.IsResolved = false;
        if (owner is PolicyInstance policy) Drop(_policyInstances, policy.Name, policy.Network);
        else if (owner is ProfileInstance profile) Drop(_profileInstances, profile.Name, profile.Network);
    }

    private static Dictionary<string, T> InstancesOf<T>(Dictionary<string, Dictionary<string, T>> table, string name)
    {
        ref Dictionary<string, T>? instances = ref CollectionsMarshal.GetValueRefOrAddDefault(table, name, out _);
        return instances ??= [];
    }

    private static void Drop<T>(Dictionary<string, Dictionary<string, T>> table, string name, string network)
    {
        if (table.TryGetValue(name, out Dictionary<string, T>? instances) && instances.Remove(network) && instances.Count == 0) table.Remove(name);
    }
}
