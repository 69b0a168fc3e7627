using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Sockets;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

// Connections that are established are let through without asking policy again. So when policy changes, those that it now denies are deleted from connection tracking, after the
// rules are in the kernel: their next packet is new, and is dropped by the rules. Only connections of endpoints whose policy changed are looked at, with the evaluator that
// answers "explain", and only what is denied is touched.
//
//   policy or set changed ─► policy sets ─► endpoints ┐
//   list of policies changed ─────────────► endpoints ┼─► one dump ─► both sides evaluated ─► deletions
//   endpoint detached, attached ──────────► addresses ┤
//   host endpoint changed ────────────────► all of it ┘         (HostFlows)
//
// Flows that no answer has come to are let through by the same belief (FixedRules, set known-flows), so it is given up in the transaction that brings the change, and is back when the
// look is done: until then each of their packets asks the rules.
//
// What policy sees of a connection: the source before translation (masquerading comes after it), the destination after it.

/// <summary>One side of the host that policy decides about.</summary>
internal readonly record struct PolicedEnd(PolicySet Ingress, PolicySet Egress);

/// <summary>Cuts connections that are not allowed any more. Owned by the dataplane's loop.</summary>
internal sealed class FlowManager(IKernel kernel, PolicyManager policies, AddressSets sets, HostEndpointManager hosts, DataplaneOptions options, TimeProvider time)
{
    /// <summary>How long endpoints that came wait at least until the flows of their addresses are looked at, so that many that come one by one cost one look.</summary>
    private static readonly TimeSpan s_minArrivalDelay = TimeSpan.FromSeconds(1);

    /// <summary>How many times as long as the last look took they wait: looks for them are at most a fiftieth of the loop's time.</summary>
    private const int ArrivalDelayOfLook = 50;

    private readonly HashSet<string> _changedSets = [];
    private readonly HashSet<string> _changedSetsForNew = [];
    private readonly HashSet<InetAddress> _changedAddresses = [];
    private readonly HashSet<InetAddress> _gone = [];
    private readonly HashSet<InetAddress> _arrived = [];
    private readonly HashSet<IpPrefix> _joined = [];
    private long _firstArrival;
    private TimeSpan _lastLook;
    private bool _all = true;
    private bool _hosts;

    /// <summary>Connections cut since start.</summary>
    public long Cut { get; private set; }

    /// <summary>All that connection tracking knows obeys policy as of now.</summary>
    public bool InSync => !IsDue && _arrived.Count == 0;

    /// <summary>When to call <see cref="Apply"/> again though nothing happens, or null.</summary>
    public TimeSpan? Wait
    {
        get
        {
            if (_arrived.Count == 0) return null;
            TimeSpan delay = ArrivalDelayOfLook * _lastLook;
            if (delay < s_minArrivalDelay) delay = s_minArrivalDelay;
            TimeSpan left = delay - time.GetElapsedTime(_firstArrival);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    private bool IsDue => AsksAnswered || _changedSetsForNew.Count > 0;

    /// <summary>Established connections may have to go too.</summary>
    private bool AsksAnswered => _all || _hosts || _changedSets.Count + _changedAddresses.Count + _gone.Count + _joined.Count > 0;

    /// <summary>The rules of these policy sets ask for something else now.</summary>
    public void OnSetsChanged(IEnumerable<string> policySets) => _changedSets.UnionWith(policySets);

    /// <summary>The same, but established connections stay.</summary>
    public void OnSetsChangedForNew(IEnumerable<string> policySets) => _changedSetsForNew.UnionWith(policySets);

    /// <summary>Host endpoints ask for something else now.</summary>
    public void OnHostsChanged() => _hosts = true;

    /// <summary>The rules were not there for a while: whatever came then is looked at.</summary>
    public void OnRulesLost() => _all = true;

    /// <summary>The endpoint with these addresses is under another list of policies.</summary>
    public void OnEndpointChanged(IEnumerable<InetAddress> addresses) => _changedAddresses.UnionWith(addresses);

    /// <summary>An endpoint with these addresses is here now: what was sent to or from them elsewhere was none of its policies' business.</summary>
    public void OnArrived(IEnumerable<InetAddress> addresses)
    {
        if (_arrived.Count == 0) _firstArrival = time.GetTimestamp();
        _arrived.UnionWith(addresses);
    }

    /// <summary>These addresses have left the host: whoever has them next starts without their connections.</summary>
    public void OnGone(IEnumerable<InetAddress> addresses) => _gone.UnionWith(addresses);

    /// <summary>This range is reached without translation now: what was translated on the way out would stay so, and not be taken in there.</summary>
    public void OnJoined(IpPrefix range) => _joined.Add(range);

    /// <summary>Looks at the connections of what changed, and cuts what is denied. What failed is tried again next time.</summary>
    /// <param name="ends">Gives the endpoints that policy decides about; not asked when there is no connection at all.</param>
    /// <param name="relayed">Gives the prefixes that endpoints may send from besides their own addresses.</param>
    public NetlinkResult Apply(Func<IReadOnlyDictionary<InetAddress, PolicedEnd>> ends, Func<IReadOnlyList<IpPrefix>> relayed)
    {
        if (InSync || (!IsDue && Wait > TimeSpan.Zero)) return default;
        if (kernel.CountFlows() is not { Ok: true, Value: 0 })
        {
            long begun = time.GetTimestamp();
            NetlinkResult result = Check(ends(), relayed());
            _lastLook = time.GetElapsedTime(begun);
            if (!result.Ok) return result;
        }
        _all = _hosts = false;
        _changedSets.Clear();
        _changedSetsForNew.Clear();
        _changedAddresses.Clear();
        _gone.Clear();
        _arrived.Clear();
        _joined.Clear();
        return default;
    }

    private bool AsksHosts => (_all || _hosts) && hosts.ByInterface.Count > 0;

    private bool IsAffected(InetAddress address, PolicedEnd end) => _all || _changedAddresses.Contains(address) || _changedSets.Contains(end.Ingress.Id) || _changedSets.Contains(end.Egress.Id);

    private bool Touches(InetAddress address) => _changedAddresses.Contains(address) || _arrived.Contains(address);

    private NetlinkResult Check(IReadOnlyDictionary<InetAddress, PolicedEnd> ends, IReadOnlyList<IpPrefix> relayed)
    {
        Dictionary<InetAddress, PolicedEnd> affected = ends.Where(e => IsAffected(e.Key, e.Value)).ToDictionary();
        Dictionary<InetAddress, PolicedEnd> forNew = ends.Where(e => _arrived.Contains(e.Key) || _changedSetsForNew.Contains(e.Value.Ingress.Id) || _changedSetsForNew.Contains(e.Value.Egress.Id)).ToDictionary();
        if (affected.Count + forNew.Count + _gone.Count + _changedAddresses.Count + _arrived.Count + _joined.Count == 0 && !AsksHosts) return default;
        NetlinkResult<IReadOnlyList<ConntrackFlow>> flows = kernel.ListFlows(unanswered: !AsksAnswered);
        if (!flows.Ok) return flows.Result;
        NetlinkResult<IReadOnlySet<InetAddress>> own = kernel.ListOwnAddresses();
        if (!own.Ok) return own.Result;
        HostFlows? host = null;
        if (AsksHosts)
        {
            NetlinkResult<HostFlows> begun = HostFlows.Begin(hosts, policies, sets, kernel, options.InterfacePrefix, own.Value);
            if (!begun.Ok) return begun.Result;
            host = begun.Value;
        }
        Dictionary<string, CompiledPolicySet> compiled = [];
        List<ConntrackFlow> denied =
        [
            .. flows.Value.Where(f => IsOfGone(f) || IsTranslatedToJoined(f) || IsDenied(f, affected, own.Value, compiled) || host?.Denies(f) is true
                || (!f.Status.HasFlag(ConntrackStatus.SeenReply) && (IsDenied(f, forNew, own.Value, compiled) || MustAskAgain(f, ends, relayed, own.Value)))),
        ];
        if (denied.Count == 0) return default;
        NetlinkResult<int> deleted = kernel.DeleteFlows(denied);
        if (deleted.Ok) Cut += deleted.Value;
        return deleted.Ok ? default : deleted.Result;
    }

    private bool IsOfGone(ConntrackFlow flow) =>
        _gone.Count > 0 && (_gone.Contains(flow.Original.Source) || _gone.Contains(flow.Original.Destination) || _gone.Contains(flow.Reply.Source) || _gone.Contains(flow.Reply.Destination));

    private bool IsTranslatedToJoined(ConntrackFlow flow) =>
        _joined.Count > 0 && flow.Status.HasFlag(ConntrackStatus.SourceNat) && _joined.Any(p => p.Contains(flow.Original.Destination));

    /// <summary>
    /// Whether it cannot be told from a flow's addresses whose policy decides about it: an endpoint without policies yet, one that sends from others' addresses, one that routes lead
    /// through. What has no answer is forgotten then, and its next packet asks the rules.
    /// </summary>
    private bool MustAskAgain(ConntrackFlow flow, IReadOnlyDictionary<InetAddress, PolicedEnd> ends, IReadOnlyList<IpPrefix> relayed, IReadOnlySet<InetAddress> own)
    {
        InetAddress from = flow.Original.Source, to = flow.Reply.Source;
        if (own.Contains(from) || ends.Count + _changedAddresses.Count + _arrived.Count == 0) return false;
        return (!ends.ContainsKey(to) && !own.Contains(to)) || (!ends.ContainsKey(from) && (Touches(from) || relayed.Any(p => p.Contains(from))));
    }

    private bool IsDenied(ConntrackFlow flow, Dictionary<InetAddress, PolicedEnd> affected, IReadOnlySet<InetAddress> own, Dictionary<string, CompiledPolicySet> compiled)
    {
        bool sends = affected.TryGetValue(flow.Original.Source, out PolicedEnd from), receives = affected.TryGetValue(flow.Reply.Source, out PolicedEnd to);
        // What the host itself sends to its workloads is not policed.
        if (own.Contains(flow.Original.Source)) receives = false;
        if (!sends && !receives) return false;
        Packet packet = PacketOf(flow);
        return (sends && Denies(from.Egress, packet, compiled)) || (receives && Denies(to.Ingress, packet, compiled));
    }

    private bool Denies(PolicySet set, Packet packet, Dictionary<string, CompiledPolicySet> compiled)
    {
        if (!compiled.TryGetValue(set.Id, out CompiledPolicySet? rules)) compiled[set.Id] = rules = policies.Link(set);
        return QuickEvaluator.Evaluate(rules, packet, sets) == Outcome.Deny;
    }

    internal static Packet PacketOf(ConntrackFlow flow)
    {
        bool icmp = flow.Original.Protocol is Protocol.Icmp or Protocol.IcmpV6;
        return new Packet
        {
            Source = flow.Original.Source,
            Destination = flow.Reply.Source,
            Protocol = flow.Original.Protocol,
            SourcePort = icmp ? null : flow.Original.SourcePort,
            DestinationPort = icmp ? null : flow.Reply.SourcePort,
            IcmpType = icmp ? (byte)(flow.Original.DestinationPort >> 8) : null,
            IcmpCode = icmp ? (byte)flow.Original.DestinationPort : null,
        };
    }
}
