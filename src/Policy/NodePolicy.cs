using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Policy;

// The places that a packet is asked at, by where it comes from and where it goes (Calico, felix/rules/static.go). A denial ends the journey; an Allow at one of
// the early places of a host endpoint means that its later ones are not asked.
//
//   from outside ─► Untracked ─► PreDnat ─┬─► Host (ingress) ─► processes of the host
//                  (of the interface)     └─► HostForward ─► Workload (ingress)  or  HostForward (egress of the other interface)
//   from a workload ─► Workload (egress) ─┬─► the node's endpoint-to-host action
//                                         ├─► Workload (ingress)
//                                         └─► HostForward (egress)
//   from the host ─► Untracked (egress) ─► Host (egress) ─► outside;  to a workload of its own: not asked

/// <summary>
/// One node's policy as its view says: answers for any packet, with the rules that the node's kernel has. Compiles what it is asked for, once. Not safe for several threads.
/// </summary>
public sealed class NodePolicy
{
    private readonly Dictionary<string, PolicyView> _policies;
    private readonly Dictionary<string, ProfileView> _profiles;
    private readonly Dictionary<string, EndpointView> _endpoints;
    private readonly IReadOnlyList<HostEndpointView> _hosts;
    private readonly NodeSettings? _settings;
    private readonly Dictionary<(string Id, PolicyType Direction), CompiledPolicy?> _compiledPolicies = [];
    private readonly Dictionary<(string Name, PolicyType Direction), CompiledPolicy?> _compiledProfiles = [];
    private readonly Dictionary<string, CompiledPolicySet> _compiledSets = [];

    /// <param name="view">A whole view.</param>
    public NodePolicy(ViewDelta view)
    {
        _policies = (view.Policies ?? []).ToDictionary(p => p.Id);
        _profiles = (view.Profiles ?? []).ToDictionary(p => p.Name);
        _endpoints = (view.Endpoints ?? []).ToDictionary(e => e.Id);
        _hosts = [.. (view.HostEndpoints ?? []).OrderBy(h => h.Name, StringComparer.Ordinal)];
        _settings = view.Settings;
        Sets = AddressSets.From(view.IpSets ?? []);
    }

    public AddressSets Sets { get; }
    public IReadOnlyCollection<EndpointView> Endpoints => _endpoints.Values;

    /// <summary>The set that an endpoint's packets of one direction go through.</summary>
    public CompiledPolicySet SetOf(EndpointView endpoint, PolicyType direction) => Compile(PolicySet.Of(endpoint, direction));

    /// <inheritdoc cref="SetOf(EndpointView, PolicyType)"/>
    public CompiledPolicySet SetOf(HostEndpointView host, PolicyType direction, PolicySetKind kind) => Compile(PolicySet.Of(host, direction, kind));

    /// <summary>The host endpoint of an interface: one that names it, one that expects one of its addresses, or the one for all interfaces. Of several the first by name.</summary>
    public HostEndpointView? HostEndpointOf(string interfaceName, IReadOnlyCollection<InetAddress>? addresses = null) =>
        _hosts.FirstOrDefault(h => h.Interface == interfaceName)
        ?? _hosts.FirstOrDefault(h => h.Interface is null && h.Addresses.Any(a => addresses?.Contains(InetAddress.Parse(a)) is true))
        ?? _hosts.FirstOrDefault(h => h.Interface == HostEndpoint.AllInterfaces);

    /// <summary>What becomes of a packet. An endpoint that the view does not have lets nothing through, as in the kernel.</summary>
    public JourneyVerdict Decide(Journey journey)
    {
        Walk walk = new(this, journey.Packet);
        bool allowed = walk.Leave(journey.From, journey.To) && walk.Arrive(journey.From, journey.To);
        return new JourneyVerdict(allowed, walk.Checkpoints);
    }

    private CompiledPolicySet Compile(PolicySet set)
    {
        if (!_compiledSets.TryGetValue(set.Id, out CompiledPolicySet? compiled))
            _compiledSets[set.Id] = compiled = PolicyCompiler.Link(set, id => PolicyOf(id, set.Direction), name => ProfileOf(name, set.Direction));
        return compiled;
    }

    private CompiledPolicy? PolicyOf(string id, PolicyType direction)
    {
        if (!_compiledPolicies.TryGetValue((id, direction), out CompiledPolicy? compiled))
            _compiledPolicies[(id, direction)] = compiled = _policies.TryGetValue(id, out PolicyView? view) ? PolicyCompiler.Compile(view, direction) : null;
        return compiled;
    }

    private CompiledPolicy? ProfileOf(string name, PolicyType direction)
    {
        if (!_compiledProfiles.TryGetValue((name, direction), out CompiledPolicy? compiled))
            _compiledProfiles[(name, direction)] = compiled = _profiles.TryGetValue(name, out ProfileView? view) ? PolicyCompiler.Compile(view, direction) : null;
        return compiled;
    }

    /// <summary>One packet's walk through the places; each step says whether it goes on.</summary>
    private sealed class Walk(NodePolicy node, Packet packet)
    {
        // An early place of the host endpoint has said Allow: its later ones are not asked.
        private bool _accepted;

        public List<Checkpoint> Checkpoints { get; } = [];

        public bool Leave(Place from, Place to) => from switch
        {
            Place.Workload workload => AskWorkload(workload.EndpointId, PolicyType.Egress),
            Place.Outside outside when node.HostEndpointOf(outside.Interface, outside.Addresses) is { } host =>
                AskHost(host, PolicyType.Ingress, PolicySetKind.Untracked) && AskHost(host, PolicyType.Ingress, PolicySetKind.PreDnat)
                && (to is Place.Host || AskHost(host, PolicyType.Ingress, PolicySetKind.HostForward)),
            _ => true,
        };

        public bool Arrive(Place from, Place to)
        {
            switch (from, to)
            {
                case (Place.Workload, Place.Host): return AskToHost();
                case (Place.Host, Place.Workload): return true;
                case (_, Place.Workload workload): return AskWorkload(workload.EndpointId, PolicyType.Ingress);
                case (Place.Outside arrived, Place.Host):
                    return node.HostEndpointOf(arrived.Interface, arrived.Addresses) is not { } local || AskHost(local, PolicyType.Ingress, PolicySetKind.Host);
                case (Place.Host, Place.Outside leaving):
                    return node.HostEndpointOf(leaving.Interface, leaving.Addresses) is not { } own
                        || (AskHost(own, PolicyType.Egress, PolicySetKind.Untracked) && AskHost(own, PolicyType.Egress, PolicySetKind.Host));
                case (_, Place.Outside leaving):
                    // What was accepted on arrival was accepted by another endpoint.
                    _accepted = false;
                    return node.HostEndpointOf(leaving.Interface, leaving.Addresses) is not { } other || AskHost(other, PolicyType.Egress, PolicySetKind.HostForward);
                default: return true;
            }
        }

        private bool AskWorkload(string id, PolicyType direction)
        {
            if (node._endpoints.TryGetValue(id, out EndpointView? endpoint))
                return Note(id, PolicySetKind.Workload, direction, Evaluator.Evaluate(node.SetOf(endpoint, direction), packet, node.Sets));
            return Note(id, PolicySetKind.Workload, direction, Simple(Outcome.Deny, new Decision(DecisionKind.Missing, Name: id), RuleAction.Deny, "the node knows no such endpoint"));
        }

        private bool AskHost(HostEndpointView host, PolicyType direction, PolicySetKind kind)
        {
            if (_accepted) return true;
            if (kind != PolicySetKind.HostForward && IsLinkControl)
                return Note(host.Name, kind, direction, Simple(Outcome.Allow, new Decision(DecisionKind.LinkControl), RuleAction.Allow, "an IPv6 link does not work without it"));
            if (kind != PolicySetKind.HostForward && FailsafeOf(direction, kind) is { } failsafe)
            {
                Decision at = new(DecisionKind.Failsafe, Name: $"{failsafe.Protocol}/{failsafe.Port}{(failsafe.Net is null ? "" : $" of {failsafe.Net}")}");
                return Note(host.Name, kind, direction, Simple(Outcome.Allow, at, RuleAction.Allow, "failsafe ports come before policy"));
            }
            CompiledPolicySet set = node.SetOf(host, direction, kind);
            if (set.Tiers.IsEmpty && !set.Set.DeniesAtEnd) return true;
            Verdict verdict = Evaluator.Evaluate(set, packet, node.Sets);
            _accepted = verdict.Allowed && kind != PolicySetKind.Host;
            return Note(host.Name, kind, direction, verdict);
        }

        private bool AskToHost()
        {
            string action = node._settings?.EndpointToHostAction ?? "Drop";
            bool drops = action is not ("Accept" or "Return");
            Decision at = new(DecisionKind.EndpointToHost, Name: action);
            return Note(null, PolicySetKind.Workload, PolicyType.Egress, Simple(drops ? Outcome.Deny : Outcome.Allow, at, drops ? RuleAction.Deny : RuleAction.Allow, "from a workload to its own host"));
        }

        /// <summary>Multicast listening and neighbour discovery (RFC 2710, RFC 4861, RFC 3810).</summary>
        private bool IsLinkControl => packet is { Protocol: Protocol.IcmpV6, Family: IpFamily.V6, IcmpType: (>= 130 and <= 136) or 143 };

        private FailsafePort? FailsafeOf(PolicyType direction, PolicySetKind kind)
        {
            bool inbound = direction == PolicyType.Ingress;
            IReadOnlyList<FailsafePort> into = node._settings?.FailsafeInbound ?? FailsafePort.DefaultInbound, outOf = node._settings?.FailsafeOutbound ?? FailsafePort.DefaultOutbound;
            InetAddress other = inbound ? packet.Source : packet.Destination;
            FailsafePort? Find(IReadOnlyList<FailsafePort> ports, PacketSide side) =>
                ports.FirstOrDefault(p => p.Protocol == packet.Protocol && p.Port == packet.Port(side) && (p.Net is null || IpPrefix.Parse(p.Net).Contains(other)));

            // Before conntrack nobody knows the answers of failsafe traffic but by their source port.
            return Find(inbound ? into : outOf, PacketSide.Destination) ?? (kind == PolicySetKind.Untracked ? Find(inbound ? outOf : into, PacketSide.Source) : null);
        }

        private bool Note(string? endpoint, PolicySetKind kind, PolicyType direction, Verdict verdict)
        {
            Checkpoints.Add(new Checkpoint(endpoint, kind, direction, verdict));
            return verdict.Outcome != Outcome.Deny;
        }

        private static Verdict Simple(Outcome outcome, Decision at, RuleAction action, string reason) =>
            new() { Outcome = outcome, DecidedBy = at, Trace = [new TraceStep(at, action, reason)] };
    }
}
