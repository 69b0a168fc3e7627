using System.Collections.Concurrent;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

// A workload's link, both ends:
//
//        workload's namespace                          host
//   eth0  10.65.0.7/32  fd00::7/128  ══ veth ══  mg3f…  ee:ee:ee:ee:ee:ee  fe80::ecee:eeff:feee:eeee
//     │   default via 169.254.1.1 · fe80::ecee:…          alias margay:ENDPOINT, strict rp_filter, proxy ARP
//     └─  permanent neighbours for both gateways: the first packet waits for no ARP, no NDP
//
// The pair is made by one message from the host, the workload's end straight in its namespace; what is inside is set up over one socket opened there, with
// one send. Removing a link waits some 15 ms for the kernel's readers, whatever the number, and holds up everybody else: removals gather and go together, as a link group (LinkRemoval).

/// <summary>Makes and removes workload links. Used from many attach threads at once; it shares nothing with the dataplane's loop but the kernel.</summary>
public sealed class WorkloadLinks : IAsyncDisposable
{
    /// <summary>What every alias of ours begins with.</summary>
    public const string AliasPrefix = "margay:";

    public static InetAddress GatewayV4 { get; } = InetAddress.Parse("169.254.1.1");
    public static InetAddress GatewayV6 { get; } = MacAddress.Gateway.ToLinkLocal();

    private readonly NetworkNamespace? _host;
    private readonly ConcurrentBag<RouteSocket> _idle = [];
    private readonly Lazy<LinkRemoval> _removal;

    /// <param name="host">The namespace that host sides are in; that of the calling thread when not given. Stays the caller's to dispose.</param>
    /// <param name="time">Of the pause in which removals gather; the system's when not given.</param>
    public WorkloadLinks(NetworkNamespace? host = null, TimeProvider? time = null)
    {
        _host = host;
        _removal = new Lazy<LinkRemoval>(() => new LinkRemoval(
            links =>
            {
                NetlinkResult removed = RemoveNow(links);
                foreach (DoomedLink link in links) link.End(removed);
                return Task.CompletedTask;
            }, time ?? TimeProvider.System));
    }

    /// <summary>
    /// Makes the link and all that the workload needs inside. A stale link of the same endpoint under the same name gives way. Nothing is left when it fails.
    /// </summary>
    public WorkloadLinkResult Create(WorkloadLinkSpec spec)
    {
        NetlinkResult<NetworkNamespace> opened = NetworkNamespace.TryOpen(spec.NetworkNamespace);
        if (!opened.Ok)
            return Failed(WorkloadLinkFailure.NoNamespace, $"network namespace {spec.NetworkNamespace}: {opened.Result}; is the workload still running?");
        using NetworkNamespace workload = opened.Value;
        RouteSocket host = _idle.TryTake(out RouteSocket? pooled) ? pooled : OpenHostSocket();
        try
        {
            return CreateIn(spec, workload, host);
        }
        finally
        {
            Return(host);
        }
    }

    private WorkloadLinkResult CreateIn(WorkloadLinkSpec spec, NetworkNamespace workload, RouteSocket host)
    {
        VethSpec veth = new()
        {
            Name = spec.HostInterface,
            Mac = MacAddress.Gateway,
            Mtu = spec.Mtu,
            PeerName = spec.Interface,
            PeerMac = spec.Mac,
            PeerMtu = spec.Mtu,
            PeerNamespace = workload,
            Queues = 1,
        };
        NetlinkResult created = host.CreateLink(veth);
        if (created.Exists)
        {
            if (WhoseName(spec, host) is { } collision) return collision;
            created = host.CreateLink(veth);
        }
        if (!created.Ok) return Failed(WorkloadLinkFailure.Kernel, $"create {spec.HostInterface}: {created}");

        NetlinkResult<Link> link = host.GetLink(spec.HostInterface);
        if (!link.Ok) return Failed(WorkloadLinkFailure.Kernel, $"find {spec.HostInterface} after creating it: {link.Result}");
        string? fault = SetUpHostSide(spec, link.Value.Index, host) ?? WorkloadSide.SetUp(spec, workload);
        if (fault is null) return new WorkloadLinkResult(WorkloadLinkFailure.None, link.Value.Index, null);
        host.DeleteLink(link.Value.Index);
        return Failed(WorkloadLinkFailure.Kernel, fault);
    }

    /// <summary>Creation said "exists": either name may be meant. Null when the obstacle was a stale link of this endpoint, now gone.</summary>
    private WorkloadLinkResult? WhoseName(WorkloadLinkSpec spec, RouteSocket host)
    {
        NetlinkResult<Link> found = host.GetLink(spec.HostInterface);
        if (found.IsNotFound)
            return Failed(WorkloadLinkFailure.InterfaceTaken, $"{spec.NetworkNamespace} already has an interface {spec.Interface}; detach it first or choose another name");
        if (!found.Ok) return Failed(WorkloadLinkFailure.Kernel, $"look up {spec.HostInterface}: {found.Result}");
        if (found.Value.Alias != AliasPrefix + spec.EndpointId)
        {
            string whose = found.Value.Alias is { Length: > 0 } alias ? $"marked '{alias}'" : "not ours";
            return Failed(WorkloadLinkFailure.HostNameTaken, $"interface {spec.HostInterface} is there and {whose}; rename or remove it");
        }
        NetlinkResult deleted = host.DeleteLink(found.Value.Index).IgnoreNotFound();
        return deleted.Ok ? null : Failed(WorkloadLinkFailure.Kernel, $"remove the stale {spec.HostInterface}: {deleted}");
    }

    private string? SetUpHostSide(WorkloadLinkSpec spec, int index, RouteSocket host)
    {
        using RouteBatch batch = host.CreateBatch();
        // The link-local address is the one all host sides share, present at once: no DAD that a workload could make fail.
        batch.SetLink(index, new LinkChange { Alias = AliasPrefix + spec.EndpointId, AddressGeneration = AddressGeneration.None, Ipv4Settings = InterfaceSysctls.OverNetlink });
        batch.SetLink(index, new LinkChange { Up = true });
        batch.AddAddress(new InterfaceAddress { LinkIndex = index, Local = GatewayV6, PrefixLength = 64, Flags = AddressFlags.NoDad, Scope = RouteScope.Link }, replace: true);
        batch.SetProxyDelay(index, TimeSpan.Zero);
        foreach (NetlinkResult failure in batch.Complete())
        {
            // A host without IPv6 refuses what concerns IPv6, and IPv4 goes on.
            if (failure.Index == 2 && !spec.Addresses.Any(a => a.IsIPv6)) continue;
            return $"set up {spec.HostInterface}: {failure}";
        }
        // Files of another namespace would take a visit there. What netlink cannot set matters less, and the dataplane sets it when it looks at the link.
        return _host is null ? InterfaceSysctls.Write(spec.HostInterface) : null;
    }

    /// <summary>
    /// What is not as <see cref="Create"/> makes it, in words; empty when all is well. For CNI CHECK. Addresses and gateways of the workload's side, and the host side's presence.
    /// </summary>
    public IReadOnlyList<string> Check(WorkloadLinkSpec spec)
    {
        RouteSocket host = _idle.TryTake(out RouteSocket? pooled) ? pooled : OpenHostSocket();
        try
        {
            NetlinkResult<Link> found = host.GetLink(spec.HostInterface);
            if (!found.Ok) return [$"host interface {spec.HostInterface}: {found.Result}"];
            List<string> faults = [];
            if (found.Value.Alias != AliasPrefix + spec.EndpointId) faults.Add($"host interface {spec.HostInterface} is marked '{found.Value.Alias}', not '{AliasPrefix}{spec.EndpointId}'");
            if (!found.Value.IsUp) faults.Add($"host interface {spec.HostInterface} is down");
            NetlinkResult<NetworkNamespace> opened = NetworkNamespace.TryOpen(spec.NetworkNamespace);
            if (!opened.Ok) return [.. faults, $"network namespace {spec.NetworkNamespace}: {opened.Result}"];
            using NetworkNamespace workload = opened.Value;
            WorkloadSide.Check(spec, workload, faults);
            return faults;
        }
        finally
        {
            Return(host);
        }
    }

    /// <summary>Whether a link of this name is there and bears the endpoint's mark.</summary>
    public bool Exists(string hostInterface, string endpointId)
    {
        RouteSocket host = _idle.TryTake(out RouteSocket? pooled) ? pooled : OpenHostSocket();
        NetlinkResult<Link> found = host.GetLink(hostInterface);
        Return(host);
        return found.Ok && found.Value.Alias == AliasPrefix + endpointId;
    }

    /// <summary>
    /// Removes the link if it is the endpoint's, soon and together with others; the task completes when it is gone (50 ms later, half a second when many go), and need not be awaited. A link that
    /// is not there, or bears another mark, is left as it is: no error.
    /// </summary>
    public Task RemoveAsync(string hostInterface, string endpointId) => _removal.Value.RemoveAsync(Doom(NetworkName.Default, hostInterface, endpointId));

    internal static DoomedLink Doom(NetworkName network, string hostInterface, string endpointId) => new(network, hostInterface, AliasPrefix + endpointId);

    /// <summary>Removes these, at once and together.</summary>
    internal NetlinkResult RemoveNow(IEnumerable<DoomedLink> links)
    {
        using RouteSocket socket = OpenHostSocket();
        return LinkRemoval.Remove(socket, links);
    }

    /// <summary>Whether there are workload links here besides these.</summary>
    internal bool HasOthers(IReadOnlyList<DoomedLink> than)
    {
        using RouteSocket socket = OpenHostSocket();
        NetlinkResult<IReadOnlyList<Link>> links = socket.ListLinks();
        return !links.Ok || links.Value.Any(l => l.Alias is { } alias && alias.StartsWith(AliasPrefix, StringComparison.Ordinal) && !than.Any(d => d.Name == l.Name && d.Alias == alias));
    }

    // One for each network would be as many descriptors; to open one costs little.
    private void Return(RouteSocket socket)
    {
        if (_host is null) _idle.Add(socket);
        else socket.Dispose();
    }

    private RouteSocket OpenHostSocket() => _host is null ? RouteSocket.Open() : RouteSocket.OpenIn(_host);

    private static WorkloadLinkResult Failed(WorkloadLinkFailure failure, string message) => new(failure, 0, message);

    /// <summary>Waits until what was queued for removal is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_removal.IsValueCreated) await _removal.Value.DisposeAsync().ConfigureAwait(false);
        while (_idle.TryTake(out RouteSocket? socket)) socket.Dispose();
    }
}
