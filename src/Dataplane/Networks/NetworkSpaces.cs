using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Networks;

// The namespaces of virtual networks, /run/netns/PREFIX+NETWORK:
//
//   first endpoint ─► OpenAsync ─► made, loopback up with the gateway's address ─► NetworkOpened ─► the dataplane's loop
//   last one gone  ─► SetWanted ─► NetworkClosed ─► the loop lets go ─► name removed, and the kernel takes down what was inside
//   restart        ─► Adopt     ─► as opened: what is inside is compared, not made anew
//
// What is done in one network happens in order; networks do not wait for each other.

/// <summary>Makes, finds and removes the namespaces of virtual networks. Safe to use from several threads.</summary>
/// <param name="prefix">Of the namespaces' names: what begins so is ours.</param>
/// <param name="post">To the dataplane's loop; in order, and none lost.</param>
public sealed class NetworkSpaces(string prefix, DataplaneOptions options, Func<DataplaneEvent, ValueTask> post) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NetworkName, Space> _spaces = [];
    private readonly SocketWatch _watch = new("network monitors");

    private sealed class Space
    {
        public SemaphoreSlim Turn { get; } = new(1);
        public bool IsWanted { get; set; }
        public NetworkNamespace? Namespace { get; set; }
        public WorkloadLinks? Links { get; set; }
    }

    /// <summary>Takes up the namespaces that are there from an earlier life; <see cref="SetWanted"/> says which of them stay. Returns their networks.</summary>
    public async Task<IReadOnlyList<(NetworkName Network, NetworkNamespace Namespace)>> AdoptAsync()
    {
        List<(NetworkName, NetworkNamespace)> found = [];
        foreach (string name in NetworkNamespace.ListNamed().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            NetworkName network = new(name[prefix.Length..]);
            await OpenAsync(network).ConfigureAwait(false);
            if (Of(network).Namespace is { } space) found.Add((network, space));
        }
        return found;
    }

    /// <summary>The links of a network's workloads; its namespace is made if it is not there. Wanted from now on, at once and not only when the task is done.</summary>
    public Task<NetlinkResult<WorkloadLinks>> OpenAsync(NetworkName network)
    {
        Space space = Of(network);
        lock (_gate) space.IsWanted = true;
        return OpenAsync(network, space);
    }

    /// <summary>The links of a network that has a namespace; null when it has none.</summary>
    public WorkloadLinks? LinksOf(NetworkName network) => Of(network).Links;

    /// <summary>The networks that have endpoints here, all of them: the others' namespaces go.</summary>
    public void SetWanted(IReadOnlySet<NetworkName> networks)
    {
        List<(NetworkName, Space)> close = [];
        lock (_gate)
        {
            foreach ((NetworkName network, Space space) in _spaces)
            {
                space.IsWanted = networks.Contains(network);
                if (!space.IsWanted && space.Links is not null) close.Add((network, space));
            }
        }
        foreach ((NetworkName network, Space space) in close) _ = Task.Run(() => CloseAsync(network, space));
    }

    private Space Of(NetworkName network)
    {
        lock (_gate) return _spaces.TryGetValue(network, out Space? space) ? space : _spaces[network] = new Space();
    }

    private async Task<NetlinkResult<WorkloadLinks>> OpenAsync(NetworkName network, Space space)
    {
        await space.Turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (space.Links is { } there) return there;
            string name = $"{prefix}{network}";
            NetlinkResult<NetworkNamespace> made = NetworkNamespace.TryOpenNamed(name);
            // A name without a namespace was left by a creation that was cut short, or by a reboot.
            if (!made.Ok)
            {
                if (!made.IsNotFound) NetworkNamespace.Delete(name);
                made = NetworkNamespace.Create(name);
            }
            if (!made.Ok) return made.Result;
            if (made.Value.Run(Prepare) is { Ok: false } refused)
            {
                made.Value.Dispose();
                return refused;
            }
            space.Namespace = made.Value;
            space.Links = new WorkloadLinks(made.Value);
            await post(new NetworkOpened(network, new NetworkKernel(options, made.Value, _watch))).ConfigureAwait(false);
            return space.Links;
        }
        finally
        {
            space.Turn.Release();
        }
    }

    /// <summary>
    /// The gateway's address stands on the loopback: it is answered for on every workload link, ICMP errors have a source, and services listen on it. Reverse path filtering is the
    /// links' own: routes to other hosts may lead another way than packets come.
    /// </summary>
    private static NetlinkResult Prepare()
    {
        using RouteSocket socket = RouteSocket.Open();
        NetlinkResult<Link> loopback = socket.GetLink("lo");
        if (!loopback.Ok) return loopback.Result;
        if (socket.SetLink(loopback.Value.Index, new LinkChange { Up = true }) is { Ok: false } down) return down;
        NetlinkResult address = socket.AddAddress(new InterfaceAddress { LinkIndex = loopback.Value.Index, Local = WorkloadLinks.GatewayV4, PrefixLength = 32 }, replace: true);
        if (!address.Ok) return address;
        return Sysctl.Write(
        [
            new("net/ipv4/ip_forward", "1"),
            new("net/ipv6/conf/all/forwarding", "1"),
            // Nearly all packets go through: none is looked up among sockets before its route is (both families).
            new("net/ipv4/ip_early_demux", "0"),
            new("net/ipv4/conf/all/rp_filter", "0"),
            new("net/ipv4/conf/default/rp_filter", "0"),
            new("net/ipv6/conf/default/accept_ra", "0"),
            new("net/ipv6/conf/default/addr_gen_mode", "1"),
        ]);
    }

    private async Task CloseAsync(NetworkName network, Space space)
    {
        await space.Turn.WaitAsync().ConfigureAwait(false);
        try
        {
            lock (_gate)
            {
                if (space.IsWanted || space.Links is null) return;
            }
            // A workload that nobody has claimed yet (the journal was lost) is not cut off: it is asked again when that is settled.
            if (HasWorkloads(space.Namespace!)) return;
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await post(new NetworkClosed(network, done)).ConfigureAwait(false);
            await done.Task.ConfigureAwait(false);
            await space.Links.DisposeAsync().ConfigureAwait(false);
            NetworkNamespace.Delete($"{prefix}{network}");
            space.Namespace!.Dispose();
            (space.Links, space.Namespace) = (null, null);
        }
        finally
        {
            space.Turn.Release();
        }
    }

    private static bool HasWorkloads(NetworkNamespace space)
    {
        using RouteSocket socket = RouteSocket.OpenIn(space);
        NetlinkResult<IReadOnlyList<Link>> links = socket.ListLinks();
        return !links.Ok || links.Value.Any(l => l.Alias?.StartsWith(WorkloadLinks.AliasPrefix, StringComparison.Ordinal) == true);
    }

    /// <summary>The namespaces stay: forwarding goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (Space space in _spaces.Values)
        {
            if (space.Links is not null) await space.Links.DisposeAsync().ConfigureAwait(false);
            space.Namespace?.Dispose();
        }
        _watch.Dispose();
    }
}
