using Margay.Core.Net;
using Margay.Netlink.NfTables;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Kernel;

/// <summary>
/// Listens to rtnetlink and nf_tables and says what others did. Our own changes come back too, bearing the port of the socket that
/// made them: they are passed over here, so that the loop hears only of what it does not know. The thread is the <see cref="SocketWatch"/>'s, one for all networks.
/// </summary>
internal sealed class KernelMonitor : IDisposable
{
    private const RouteEvents Events = RouteEvents.Links | RouteEvents.Addresses | RouteEvents.Routes | RouteEvents.Nexthops | RouteEvents.Neighbours | RouteEvents.Settings;

    private const LinkFlags Carries = LinkFlags.Up | LinkFlags.LowerUp;

    // Then the next socket's turn: a network where much happens does not keep the others waiting.
    private const int EventsAtOnce = 256;

    private readonly RouteMonitor _routes;
    private readonly NfTablesMonitor _tables;
    private readonly IDisposable[] _watched;
    private readonly DataplaneOptions _options;
    private readonly Action<KernelNotification> _onChange;

    /// <summary>In the namespace of the calling thread.</summary>
    public KernelMonitor(SocketWatch watch, DataplaneOptions options, uint routePort, uint tablePort, Action<KernelNotification> onChange)
    {
        _options = options;
        _onChange = onChange;
        _routes = RouteMonitor.Open(Events, ignoredSender: routePort);
        _tables = NfTablesMonitor.Open(ignoredSender: tablePort);
        _watched = [watch.Add(_routes.Handle, ReadRoutes), watch.Add(_tables.Handle, ReadTables)];
    }

    private void ReadRoutes()
    {
        for (int i = 0; i < EventsAtOnce && _routes.TryRead(out RouteEvent? happened); i++)
            if (Translate(happened) is { } notification) _onChange(notification);
    }

    private void ReadTables()
    {
        for (int i = 0; i < EventsAtOnce && _tables.TryRead(out NftEvent? happened); i++)
            if (Translate(happened) is { } notification) _onChange(notification);
    }

    private KernelNotification? Translate(RouteEvent happened) => happened switch
    {
        LinkEvent e => new LinkNotification(e.Link.Index, e.Link.Name, e.Removed, !e.Removed && (e.Link.Flags & Carries) == Carries),
        SettingsEvent e => new LinkNotification(e.LinkIndex, null, false),
        AddressEvent e when !IsLinksOwn(e.Address.Local) => new AddressNotification(e.Address.LinkIndex),
        RouteEntryEvent e when e.Route.Protocol != RouteProtocol.Kernel || !IsLinksOwn(e.Route.Destination.Address) => new RouteNotification(e.Route.Destination, e.Route.Protocol == (RouteProtocol)_options.RouteProtocol, e.Removed),
        NexthopEvent e when e.Nexthop.Protocol == (RouteProtocol)_options.RouteProtocol => new NexthopNotification(e.Nexthop.Id, e.Removed),
        NeighbourEvent e => new NeighbourNotification(e.Neighbour.LinkIndex, e.Neighbour.Address, e.Removed),
        RouteOverrun => new OverrunNotification(),
        _ => null,
    };

    /// <summary>Each link brings a link-local address, fe80::/64 and ff00::/8: nothing is reached by them that was not before.</summary>
    private static bool IsLinksOwn(InetAddress address) => address.IsIPv6 && (address.IsLinkLocal || address.IsMulticast);

    private TableNotification? Translate(NftEvent happened) => happened switch
    {
        NftChangeEvent e when e.Table == _options.Table => new TableNotification(),
        NftOverrun => new TableNotification(),
        _ => null,
    };

    public void Dispose()
    {
        foreach (IDisposable watched in _watched) watched.Dispose();
        _routes.Dispose();
        _tables.Dispose();
    }
}
