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
//   endpoint detached ────────────────────► addresses ┤
//   host endpoint changed ────────────────► all of it ┘         (HostFlows)
//
// What policy sees of a connection: the source before translation (masquerading comes after it), the destination after it.

/// <summary>One side of the host that policy decides about.</summary>
internal readonly record struct PolicedEnd(PolicySet Ingress, PolicySet Egress);

/// <summary>Cuts connections that are not allowed any more. Owned by the dataplane's loop.</summary>
internal sealed class FlowManager(IKernel kernel, PolicyManager policies, AddressSets sets, HostEndpointManager hosts, DataplaneOptions options)
{
    private readonly HashSet<string> _changedSets = [];
    private readonly HashSet<InetAddress> _changedAddresses = [];
    private readonly HashSet<InetAddress> _gone = [];
    private bool _all = true;
    private bool _hosts;

    /// <summary>Connections cut since start.</summary>
    public long Cut { get; private set; }

    public bool InSync => !_all && !_hosts && _changedSets.Count == 0 && _changedAddresses.Count == 0 && _gone.Count == 0;

    /// <summary>The rules of these policy sets ask for something else now.</summary>
    public void OnSetsChanged(IEnumerable<string> policySets) => _changedSets.UnionWith(policySets);

    /// <summary>Host endpoints ask for something else now.</summary>
    public void OnHostsChanged() => _hosts = true;

    /// <summary>The endpoint with these addresses is under another list of policies.</summary>
    public void OnEndpointChanged(IEnumerable<InetAddress> addresses) => _changedAddresses.UnionWith(addresses);

    /// <summary>These addresses have left the host: whoever has them next starts without their connections.</summary>
    public void OnGone(IEnumerable<InetAddress> addresses) => _gone.UnionWith(addresses);

    /// <summary>Looks at the connections of what changed, and cuts what is denied. What failed is tried again next time.</summary>
    /// <param name="ends">Gives the endpoints that policy decides about; not asked when there is no connection at all.</param>
    public NetlinkResult Apply(Func<IReadOnlyDictionary<InetAddress, PolicedEnd>> ends)
    {
        if (InSync) return default;
        bool none = kernel.CountFlows() is { Ok: true, Value: 0 };
        Dictionary<InetAddress, PolicedEnd> affected = none ? [] : ends().Where(IsAffected).ToDictionary();
        if (!none && (affected.Count > 0 || _gone.Count > 0 || AsksHosts))
        {
            NetlinkResult result = Check(affected);
            if (!result.Ok) return result;
        }
        _all = _hosts = false;
        _changedSets.Clear();
        _changedAddresses.Clear();
        _gone.Clear();
        return default;
    }

    private bool AsksHosts => (_all || _hosts) && hosts.ByInterface.Count > 0;

    private bool IsAffected(KeyValuePair<InetAddress, PolicedEnd> end) =>
        _all || _changedAddresses.Contains(end.Key) || _changedSets.Contains(end.Value.Ingress.Id) || _changedSets.Contains(end.Value.Egress.Id);

    private NetlinkResult Check(Dictionary<InetAddress, PolicedEnd> affected)
    {
        NetlinkResult<IReadOnlyList<ConntrackFlow>> flows = kernel.ListFlows();
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
        List<ConntrackFlow> denied = [.. flows.Value.Where(f => IsOfGone(f) || IsDenied(f, affected, own.Value, compiled) || host?.Denies(f) is true)];
        if (denied.Count == 0) return default;
        NetlinkResult<int> deleted = kernel.DeleteFlows(denied);
        if (deleted.Ok) Cut += deleted.Value;
        return deleted.Ok ? default : deleted.Result;
    }

    private bool IsOfGone(ConntrackFlow flow) =>
        _gone.Count > 0 && (_gone.Contains(flow.Original.Source) || _gone.Contains(flow.Original.Destination) || _gone.Contains(flow.Reply.Source) || _gone.Contains(flow.Reply.Destination));

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
