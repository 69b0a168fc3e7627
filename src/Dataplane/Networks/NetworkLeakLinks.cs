using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Managers;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Networks;

// Two networks of this host that reach each other have a pair of links between their namespaces, to<VNI of the other>:
//
//   both views name the other, both namespaces open ─► rules of both (LeaksChanged) ─► in both kernels? ─► links ─► routes of both
//   one does not any more                           ─► links away at once           ─► rules and routes of both
//
// A link is ours by its name and MAC. Those found at start that nobody wants go when all is known.

/// <summary>The links between networks of this host. Owned by the dataplane's loop.</summary>
internal sealed class NetworkLeakLinks(DataplaneOptions options)
{
    private const int DefaultMtu = 1500;

    private readonly Dictionary<NetworkName, State> _open = [];
    private readonly HashSet<NetworkName> _unchecked = [];

    private sealed class State(RoutingDomain domain, ITunnelKernel kernel)
    {
        public RoutingDomain Domain => domain;
        public ITunnelKernel Kernel => kernel;
        public NetworkView? View { get; set; }
        public LeaksChanged Wanted { get; set; } = new([], []);
        public Dictionary<NetworkName, string> Refused { get; } = [];
    }

    /// <param name="isNew">There are no links yet.</param>
    public void Open(RoutingDomain domain, ITunnelKernel kernel, bool isNew)
    {
        _open[domain.Network] = new State(domain, kernel);
        if (!isNew) _unchecked.Add(domain.Network);
    }

    public void Close(NetworkName network)
    {
        _open.Remove(network);
        _unchecked.Remove(network);
    }

    public void SetView(NetworkName network, NetworkView? view)
    {
        if (_open.TryGetValue(network, out State? state)) state.View = view;
    }

    /// <summary>A link of the network changed; a null name means any.</summary>
    public void OnLinkChanged(NetworkName network, string? name)
    {
        // What happened in a namespace may be heard of after its network has left.
        if (_open.ContainsKey(network) && (name is null || name.StartsWith(LeakManager.LinkPrefix, StringComparison.Ordinal))) _unchecked.Add(network);
    }

    public void OnAllChanged() => _unchecked.UnionWith(_open.Keys);

    /// <summary>What each network has to hear, if that has changed. Links that are not wanted any more are gone when this returns.</summary>
    public IReadOnlyList<(NetworkName Network, LeaksChanged Leaks)> Plan()
    {
        List<(NetworkName, LeaksChanged)> changes = [];
        foreach ((NetworkName network, State state) in _open)
        {
            if (state.View is null or { Leaks.Count: 0 } && state.Wanted.Peers.Count == 0) continue;
            LeaksChanged wanted = new([.. PeersOf(state)], state.View is null ? [] : [.. Ranges(state.View.Subnets)]);
            if (wanted.Peers.Count == 0) wanted = new([], []);
            if (wanted == state.Wanted) continue;
            foreach (LeakPeer gone in state.Wanted.Peers.Where(p => wanted.Peers.All(w => w.Link != p.Link))) Delete(state.Kernel, gone.Link);
            state.Wanted = wanted;
            state.Refused.Clear();
            _unchecked.Add(network);
            changes.Add((network, wanted));
        }
        return changes;
    }

    /// <summary>Makes the links that are missing, takes away those that nobody wants.</summary>
    /// <param name="guards">Whether a network's kernel holds what a peer of it is held to.</param>
    /// <param name="onMade">A link came to be in the network.</param>
    /// <returns>When to look again, or null.</returns>
    public TimeSpan? Reconcile(Func<NetworkName, LeakPeer, bool> guards, Action<NetworkName, Link> onMade)
    {
        TimeSpan? again = null;
        foreach (NetworkName network in _unchecked.ToArray())
        {
            State state = _open[network];
            NetlinkResult<IReadOnlyList<Link>> found = state.Kernel.ListLinks(LeakManager.LinkPrefix);
            bool done = found.Ok;
            foreach (Link stray in (found.Ok ? found.Value : []).Where(l => IsOurs(l) && state.Wanted.Peers.All(p => p.Link != l.Name))) Delete(state.Kernel, stray.Name);
            foreach (LeakPeer peer in state.Wanted.Peers) done &= Connect(state, peer, guards, onMade);
            if (done) _unchecked.Remove(network);
            else again = options.RetryMinimum;
        }
        return again;
    }

    /// <summary>What is in the way, for people.</summary>
    public IEnumerable<string> Refused() => _open.SelectMany(o => o.Value.Refused.Select(r => $"network {o.Key}: the link to {r.Key}: {r.Value}"));

    private bool Connect(State near, LeakPeer peer, Func<NetworkName, LeakPeer, bool> guards, Action<NetworkName, Link> onMade)
    {
        State far = _open[peer.Network];
        LeakPeer back = far.Wanted.Peers.First(p => p.Network == near.Domain.Network);
        int mtu = options.TunnelEnd?.UnderlayMtu ?? DefaultMtu;
        NetlinkResult<Link> here = near.Kernel.GetLink(peer.Link), there = far.Kernel.GetLink(back.Link);
        near.Refused.Remove(peer.Network);
        if (here.Ok && there.Ok && Leg.IsWhole(here.Value, mtu) && Leg.IsWhole(there.Value, mtu)) return true;
        if (!guards(near.Domain.Network, peer) || !guards(far.Domain.Network, back)) return false;
        if (here.Ok && IsOurs(here.Value)) Delete(near.Kernel, peer.Link);
        if (there.Ok && IsOurs(there.Value)) Delete(far.Kernel, back.Link);
        NetlinkResult made = near.Kernel.CreateLeak(peer.Link, far.Kernel, back.Link, mtu);
        if (!made.Ok) near.Refused[peer.Network] = made.ToString();
        if (!made.Ok) return false;
        if (near.Kernel.GetLink(peer.Link) is { Ok: true } one) onMade(near.Domain.Network, one.Value);
        if (far.Kernel.GetLink(back.Link) is { Ok: true } two) onMade(far.Domain.Network, two.Value);
        return true;
    }

    // Mutual and both here: the server sees to the first, but views of two networks may come one after the other.
    private IEnumerable<LeakPeer> PeersOf(State state)
    {
        foreach (LeakView leak in state.View?.Leaks ?? [])
        {
            if (!_open.TryGetValue(new NetworkName(leak.Network), out State? other) || other.View is not { } view || !view.Leaks.Any(l => l.Network == state.Domain.Network.Value)) continue;
            yield return new LeakPeer(other.Domain.Network, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{LeakManager.LinkPrefix}{view.Vni}"), [.. Ranges(leak.Subnets)]);
        }
    }

    private static IEnumerable<IpPrefix> Ranges(IEnumerable<string> texts) => texts.Select(t => IpPrefix.Parse(t));

    private static bool IsOurs(Link link) => link.Kind == "veth" && link.Mac == LegSpec.Mac;

    private static void Delete(ITunnelKernel kernel, string name)
    {
        if (kernel.GetLink(name) is { Ok: true } link) kernel.DeleteLink(link.Value.Index);
    }
}
