using System.Collections.Concurrent;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Networks;

// The namespaces of virtual networks, /run/netns/PREFIX+NETWORK:
//
//   first endpoint      ─► OpenAsync ─► made, loopback up with the gateway's address ─► NetworkOpened ─► the dataplane's loop
//   restart             ─► Adopt     ─► as opened: what is inside is compared, not made anew
//   nobody wants it, or ─► NetworkClosed ─► the loop closes it and lets go ─► name and sockets away ─► the kernel takes down what was inside: NetworkDepartures
//   its last links go
//
// What is done in one network happens in order; networks do not wait for each other.

/// <summary>Makes, finds and removes the namespaces of virtual networks, and workload links in them. Safe to use from several threads.</summary>
/// <param name="prefix">Of the namespaces' names: what begins so is ours.</param>
/// <param name="post">To the dataplane's loop; in order, and none lost.</param>
/// <param name="time">Of the pause in which removals gather; the system's when not given.</param>
public sealed class NetworkSpaces(string prefix, DataplaneOptions options, Func<DataplaneEvent, ValueTask> post, TimeProvider? time = null) : IAsyncDisposable
{
    private const int WaitsAtOnce = 8;

    // The loopback is the first link of every namespace.
    private const int LoopbackIndex = 1;

    private readonly Lock _gate = new();
    private readonly Dictionary<NetworkName, Space> _spaces = [];
    private readonly SocketWatch _watch = new("network monitors");
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private LinkRemoval? _removal;

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

    /// <summary>
    /// Makes the network's namespace if it is not there. Wanted from now on, at once and not only when the task is done. Where the kernel is still taking down an earlier one of this name, that
    /// is waited for: the two would have the same VNI.
    /// </summary>
    public async Task<NetlinkResult> OpenAsync(NetworkName network)
    {
        Space space = Of(network);
        lock (_gate) space.IsWanted = true;
        await space.Turn.WaitAsync().ConfigureAwait(false);
        try
        {
            return await OpenAsync(space).ConfigureAwait(false);
        }
        finally
        {
            space.Turn.Release();
        }
    }

    /// <summary>Makes a workload's link, and before it the namespace if that is not there (any more).</summary>
    public async Task<WorkloadLinkResult> CreateLinkAsync(NetworkName network, WorkloadLinkSpec spec)
    {
        Space space = Of(network);
        await space.Turn.WaitAsync().ConfigureAwait(false);
        try
        {
            NetlinkResult opened = await OpenAsync(space).ConfigureAwait(false);
            return opened.Ok ? space.Links!.Create(spec) : new WorkloadLinkResult(WorkloadLinkFailure.Kernel, 0, $"make the namespace of network {network}: {opened}");
        }
        finally
        {
            space.Turn.Release();
        }
    }

    /// <summary>
    /// Removes a workload's link, soon and together with others (<see cref="WorkloadLinks.RemoveAsync"/>). The last ones of a network that nothing else needs go with its namespace.
    /// </summary>
    public Task RemoveLinkAsync(NetworkName network, string hostInterface, string endpointId) => RemoveAsync(WorkloadLinks.Doom(network, hostInterface, endpointId));

    /// <summary>The links of a network that has a namespace; null when it has none.</summary>
    public WorkloadLinks? LinksOf(NetworkName network) => Of(network).Links;

    /// <summary>Says which networks stay; the others' namespaces go.</summary>
    /// <param name="networks">Those that have endpoints here, all of them.</param>
    /// <param name="needed">Those that stay without one.</param>
    public void SetWanted(IReadOnlySet<NetworkName> networks, IReadOnlySet<NetworkName>? needed = null)
    {
        List<NetworkName> close = [];
        lock (_gate)
        {
            foreach (Space space in _spaces.Values)
            {
                space.IsNeeded = needed?.Contains(space.Network) == true;
                space.IsWanted = space.IsNeeded || networks.Contains(space.Network);
                if (!space.IsWanted && space.Links is not null) close.Add(space.Network);
            }
        }
        foreach (NetworkName network in close) _ = RemoveAsync(new DoomedLink(network, null, null));
    }

    private Space Of(NetworkName network)
    {
        lock (_gate) return _spaces.TryGetValue(network, out Space? space) ? space : _spaces[network] = new Space(network, prefix + network);
    }

    private async Task<NetlinkResult> OpenAsync(Space space)
    {
        if (space.Links is not null) return default;
        await space.Departure.ConfigureAwait(false);
        NetlinkResult<NetworkNamespace> made = NetworkNamespace.TryOpenNamed(space.Name);
        bool isNew = !made.Ok;
        // A name without a namespace was left by a creation that was cut short, or by a reboot.
        if (isNew)
        {
            if (!made.IsNotFound) NetworkNamespace.Delete(space.Name);
            made = NetworkNamespace.Create(space.Name);
        }
        if (!made.Ok) return made.Result;
        if (made.Value.Visit(Prepare) is { Ok: false } refused)
        {
            made.Value.Dispose();
            return refused;
        }
        space.Namespace = made.Value;
        space.Links = new WorkloadLinks(made.Value);
        await post(new NetworkOpened(space.Network, new NetworkKernel(options, made.Value, _watch), isNew)).ConfigureAwait(false);
        return default;
    }

    /// <summary>
    /// The gateway's address stands on the loopback: it is answered for on every workload link, ICMP errors have a source, and services listen on it. Reverse path filtering is the
    /// links' own: routes to other hosts may lead another way than packets come.
    /// </summary>
    private static NetlinkResult Prepare()
    {
        using RouteSocket socket = RouteSocket.Open();
        using (RouteBatch batch = socket.CreateBatch())
        {
            batch.SetLink(LoopbackIndex, new LinkChange { Up = true });
            batch.AddAddress(new InterfaceAddress { LinkIndex = LoopbackIndex, Local = WorkloadLinks.GatewayV4, PrefixLength = 32 }, replace: true);
            if (batch.Complete() is [NetlinkResult refused, ..]) return refused;
        }
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

    private Task RemoveAsync(DoomedLink link)
    {
        LinkRemoval removal;
        lock (_gate) removal = _removal ??= new LinkRemoval(RemoveAsync, _time);
        return removal.RemoveAsync(link);
    }

    // One at a time: nobody else ever has more than one turn.
    private async Task RemoveAsync(IReadOnlyList<DoomedLink> links)
    {
        ConcurrentBag<(Space Space, DoomedLink[] Links)> leaving = [];
        // The kernel's waits of several overlap.
        await Parallel.ForEachAsync(links.GroupBy(l => l.Network), new ParallelOptions { MaxDegreeOfParallelism = WaitsAtOnce }, async (doomed, _) =>
        {
            Space space = Of(doomed.Key);
            DoomedLink[] here = [.. doomed];
            await space.Turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            bool leaves = false;
            try
            {
                leaves = Leaves(space, here);
                if (leaves)
                {
                    leaving.Add((space, here));
                    return;
                }
                // A network without a namespace here has no links either.
                NetlinkResult removed = space.Links?.RemoveNow(here) ?? default;
                foreach (DoomedLink link in here) link.End(removed);
            }
            catch (NetlinkException e)
            {
                foreach (DoomedLink link in here) link.Done.TrySetException(e);
            }
            finally
            {
                if (!leaves) space.Turn.Release();
            }
        }).ConfigureAwait(false);
        if (!leaving.IsEmpty) _ = LeaveAsync([.. leaving.Select(l => l.Space)], [.. leaving.SelectMany(l => l.Links)]);
    }

    /// <summary>Whether a network's namespace goes with its links. With one in it that nobody has claimed yet (the journal was lost) it stays: it is asked again when that is settled.</summary>
    private bool Leaves(Space space, DoomedLink[] links)
    {
        if (space.Links is not { } there) return false;
        bool stays;
        lock (_gate) stays = Array.Exists(links, l => l.Name is not null) ? space.IsNeeded : space.IsWanted;
        return !stays && !there.HasOthers(links);
    }

    private async Task LeaveAsync(Space[] leaving, DoomedLink[] along)
    {
        try
        {
            await new NetworkDeparture(leaving, post, _watch, _time).RunAsync().ConfigureAwait(false);
            foreach (DoomedLink gone in along) gone.End(default);
        }
#pragma warning disable CA1031 // told to each that waits
        catch (Exception e)
#pragma warning restore CA1031
        {
            foreach (DoomedLink link in along) link.Done.TrySetException(e);
        }
        // What has come to be needed meanwhile.
        foreach (Space space in leaving)
        {
            bool needed;
            lock (_gate) needed = space.IsNeeded;
            if (needed) await OpenAsync(space.Network).ConfigureAwait(false);
        }
    }

    /// <summary>The namespaces stay: forwarding goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_removal is not null) await _removal.DisposeAsync().ConfigureAwait(false);
        foreach (Space space in _spaces.Values)
        {
            await space.Turn.WaitAsync().ConfigureAwait(false);
            if (space.Links is not null) await space.Links.DisposeAsync().ConfigureAwait(false);
            space.Namespace?.Dispose();
            (space.Links, space.Namespace) = (null, null);
            space.Turn.Release();
        }
        _watch.Dispose();
    }
}
