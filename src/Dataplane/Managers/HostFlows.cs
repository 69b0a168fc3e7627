using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Whether the host endpoints still allow connections that are there, for one look at all of them. By which interface a connection came is not kept by the kernel: it is
/// taken to be the one by which its answers leave. Where that cannot be told the connection is left alone.
/// </summary>
internal sealed class HostFlows
{
    private readonly HostEndpointManager _hosts;
    private readonly PolicyManager _policies;
    private readonly AddressSets _sets;
    private readonly IKernel _kernel;
    private readonly string _workloads;
    private readonly IReadOnlySet<InetAddress> _own;
    private readonly Dictionary<int, string> _links;
    private readonly Dictionary<InetAddress, HostEndpointView?> _towards = [];
    private readonly Dictionary<string, CompiledPolicySet> _compiled = [];

    private HostFlows(HostEndpointManager hosts, PolicyManager policies, AddressSets sets, IKernel kernel, string workloads, IReadOnlySet<InetAddress> own, Dictionary<int, string> links)
    {
        _hosts = hosts;
        _policies = policies;
        _sets = sets;
        _kernel = kernel;
        _workloads = workloads;
        _own = own;
        _links = links;
    }

    /// <param name="workloads">How the names of workloads' interfaces begin: no host endpoint is for them.</param>
    public static NetlinkResult<HostFlows> Begin(HostEndpointManager hosts, PolicyManager policies, AddressSets sets, IKernel kernel, string workloads, IReadOnlySet<InetAddress> own)
    {
        NetlinkResult<IReadOnlyList<Link>> links = kernel.ListLinks("");
        return links.Ok ? new HostFlows(hosts, policies, sets, kernel, workloads, own, links.Value.ToDictionary(l => l.Index, l => l.Name)) : links.Result;
    }

    public bool Denies(ConntrackFlow flow)
    {
        bool fromHost = _own.Contains(flow.Original.Source), toHost = _own.Contains(flow.Reply.Source);
        if (fromHost && toHost) return false;
        Packet packet = FlowManager.PacketOf(flow);
        if (!fromHost && Towards(flow.Original.Source) is { } arrived && DeniesArrival(arrived, flow, packet, toHost)) return true;
        if (toHost || Towards(flow.Reply.Source) is not { } leaves) return false;
        return Evaluate(leaves, PolicyType.Egress, fromHost ? PolicySetKind.Host : PolicySetKind.HostForward, packet) == Outcome.Deny;
    }

    private bool DeniesArrival(HostEndpointView host, ConntrackFlow flow, Packet packet, bool toHost)
    {
        Packet untranslated = packet with { Destination = flow.Original.Destination, DestinationPort = packet.DestinationPort is null ? null : flow.Original.DestinationPort };
        Outcome early = Evaluate(host, PolicyType.Ingress, PolicySetKind.PreDnat, untranslated);
        if (early != Outcome.Continue) return early == Outcome.Deny;
        return Evaluate(host, PolicyType.Ingress, toHost ? PolicySetKind.Host : PolicySetKind.HostForward, packet) == Outcome.Deny;
    }

    private Outcome Evaluate(HostEndpointView host, PolicyType direction, PolicySetKind kind, Packet packet)
    {
        // Failsafe traffic passes this place, and is asked at the next.
        if (kind != PolicySetKind.HostForward && _hosts.IsFailsafe(direction, packet)) return Outcome.Continue;
        PolicySet set = PolicySet.Of(host, direction, kind);
        if (set.Tiers.IsEmpty && !set.DeniesAtEnd) return Outcome.Continue;
        if (!_compiled.TryGetValue(set.Id, out CompiledPolicySet? rules)) _compiled[set.Id] = rules = _policies.Link(set);
        return QuickEvaluator.Evaluate(rules, packet, _sets);
    }

    /// <summary>The host endpoint of the interface by which the address is reached; null when there is none, or it cannot be told.</summary>
    private HostEndpointView? Towards(InetAddress address)
    {
        if (_towards.TryGetValue(address, out HostEndpointView? known)) return known;
        NetlinkResult<NextHopResolution> way = address.IsLinkLocal ? new NetlinkResult(Errno.ENETUNREACH) : _kernel.ResolveNextHop(address);
        string? name = way.Ok ? _links.GetValueOrDefault(way.Value.LinkIndex) : null;
        HostEndpointView? host = name is null || name == "lo" || name.StartsWith(_workloads, StringComparison.Ordinal) ? null
            : _hosts.ByInterface.GetValueOrDefault(name) ?? _hosts.ByInterface.GetValueOrDefault(HostEndpoint.AllInterfaces);
        return _towards[address] = host;
    }
}
