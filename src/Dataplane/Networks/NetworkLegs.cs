using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;

namespace Margay.Dataplane.Networks;

// A leg comes and goes in an order of its own:
//
//   wanted    ─► transit addresses ─► the host's rules and routes (LegsChanged) ─► in the kernel? ─► links ─► the network's rules, then its default routes
//   not wanted ─► the network's routes and rules, links ─► gone? ─► the host's rules, addresses free again

/// <summary>The legs of this host's networks: which there are, and what the host is told of them. Owned by the dataplane's loop.</summary>
internal sealed class NetworkLegs(DataplaneOptions options)
{
    private const int DefaultMtu = 1500;

    private readonly TransitAddresses _transit = new(options.TransitV4, options.TransitV6);
    private readonly Dictionary<NetworkName, State> _legs = [];
    private bool _changed;

    private sealed class State(RoutingDomain domain)
    {
        public RoutingDomain Domain => domain;
        public Leg Leg => domain.Leg!;

        /// <summary>Null while the host has nothing of it.</summary>
        public HostLeg? Host { get; set; }

        /// <summary>Waits for the host's rules.</summary>
        public LegSpec? Waiting { get; set; }

        /// <summary>Null before anyone has said: a leg that was found stays until then.</summary>
        public bool? IsWanted { get; set; }
    }

    /// <summary>A network has a namespace. A leg that is found there is guarded, whether or not anyone wants it.</summary>
    /// <param name="kernel">Null when its namespace is new, and so without one.</param>
    /// <param name="vni">Null when neither the view nor a tunnel tells it.</param>
    public void Open(RoutingDomain domain, ITunnelKernel? kernel, uint? vni)
    {
        State state = _legs[domain.Network] = new State(domain);
        if (kernel is null) return;
        if (kernel.ListLinkAddresses() is { Ok: true } addresses)
            foreach (LinkAddress found in addresses.Value.Where(a => a.Link == Leg.Name && a.Address.IsIPv4)) _transit.Keep(domain.Network, found.Address);
        if (!kernel.GetLink(Leg.Name).Ok || vni is null || _transit.Of(domain.Network) is not { } transit) return;
        state.Host = new HostLeg(LegSpec.HostLinkOf(vni.Value), transit, []);
        _changed = true;
    }

    /// <param name="forGood">Its namespace goes, and nothing is forwarded in it any more: its links go with it.</param>
    public void Close(NetworkName network, bool forGood)
    {
        if (!_legs.Remove(network, out State? state)) return;
        if (forGood) _transit.Release(network);
        _changed |= state.Host is not null;
    }

    /// <summary>What the view says of an open network. Returns what its pass has to hear.</summary>
    /// <param name="view">Null when the view does not have it.</param>
    /// <param name="isHere">Whether a workload of the network with this address is on this host.</param>
    public Outside? Want(NetworkName network, NetworkView? view, Func<InetAddress, bool> isHere)
    {
        if (!_legs.TryGetValue(network, out State? state)) return null;
        FloatingPair[] floating = [.. (view?.Floating ?? []).Select(f => new FloatingPair(InetAddress.Parse(f.Address), InetAddress.Parse(f.Target))).Where(f => isHere(f.Target)).OrderBy(f => f.Address)];
        Outside? outside = view is not null && (view.LetsOut || floating.Length > 0 || options.Services.Count > 0)
            ? new Outside(view.LetsOut, [.. view.Subnets.Select(s => IpPrefix.Parse(s))], floating, options.Services)
            : null;
        state.IsWanted = outside is not null;
        if (outside is null)
        {
            state.Waiting = null;
            state.Leg.Want(null);
            return null;
        }
        if (_transit.Of(network) is not { } transit) return null;
        HostLeg host = new(LegSpec.HostLinkOf((uint)view!.Vni), transit, [.. floating.Select(f => f.Address)]);
        _changed |= host != state.Host;
        state.Host = host;
        state.Waiting = new LegSpec(network, host.Link, transit.V4, transit.V6, options.TunnelEnd?.UnderlayMtu ?? DefaultMtu) { ToLoopback = options.Services.Any(s => s.Target.IsLoopback) };
        return outside;
    }

    /// <summary>Makes the leg when the host's rules are there. Returns when to look again, or null.</summary>
    public TimeSpan? BeforePass(NetworkName network, Func<HostLeg, bool> isGuarded)
    {
        if (!_legs.TryGetValue(network, out State? state) || state.Waiting is not { } wanted) return null;
        if (!isGuarded(state.Host!)) return options.RetryMinimum;
        state.Leg.Want(wanted);
        state.Waiting = null;
        return null;
    }

    /// <summary>Lets go of the host's part when the links are gone. True when the host has to hear of that.</summary>
    public bool AfterPass(NetworkName network)
    {
        if (!_legs.TryGetValue(network, out State? state) || state.IsWanted != false || state.Host is null || !state.Leg.IsGone) return false;
        state.Host = null;
        _transit.Release(network);
        return _changed = true;
    }

    /// <summary>All legs, if they have changed since the last call.</summary>
    public LegsChanged? Take()
    {
        if (!_changed) return null;
        _changed = false;
        return new LegsChanged([.. _legs.Values.Select(s => s.Host).OfType<HostLeg>()]);
    }
}
