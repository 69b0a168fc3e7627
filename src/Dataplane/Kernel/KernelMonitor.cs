using Margay.Core.Net;
using Margay.Netlink.Namespaces;
using Margay.Netlink.NfTables;
using Margay.Netlink.Route;

namespace Margay.Dataplane.Kernel;

/// <summary>
/// Listens to rtnetlink and nf_tables, each on a thread of its own, and says what others did. Our own changes come back too, bearing the port of the socket that
/// made them: they are passed over here, so that the loop hears only of what it does not know.
/// </summary>
internal sealed class KernelMonitor : IDisposable
{
    private const RouteEvents Events = RouteEvents.Links | RouteEvents.Addresses | RouteEvents.Routes | RouteEvents.Nexthops | RouteEvents.Neighbours | RouteEvents.Settings;

    private const LinkFlags Carries = LinkFlags.Up | LinkFlags.LowerUp;

    private readonly CancellationTokenSource _stop = new();
    private readonly RouteMonitor _routes;
    private readonly NfTablesMonitor _tables;
    private readonly Thread[] _threads;
    private readonly DataplaneOptions _options;
    private readonly Action<KernelNotification> _onChange;

    public KernelMonitor(NetworkNamespace? space, DataplaneOptions options, uint routePort, uint tablePort, Action<KernelNotification> onChange)
    {
        _options = options;
        _onChange = onChange;
        _routes = space is null ? RouteMonitor.Open(Events, ignoredSender: routePort) : RouteMonitor.OpenIn(space, Events, ignoredSender: routePort);
        _tables = space is null ? NfTablesMonitor.Open(ignoredSender: tablePort) : NfTablesMonitor.OpenIn(space, ignoredSender: tablePort);
        _threads =
        [
            Start("route monitor", () => Translate(_routes.Read(_stop.Token))),
            Start("table monitor", () => Translate(_tables.Read(_stop.Token))),
        ];
    }

    private Thread Start(string name, Func<KernelNotification?> next)
    {
        Thread thread = new(() =>
        {
            try
            {
                while (true)
                {
                    if (next() is { } notification) _onChange(notification);
                }
            }
            catch (OperationCanceledException)
            {
            }
        })
        { IsBackground = true, Name = name };
        thread.Start();
        return thread;
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
        _stop.Cancel();
        foreach (Thread thread in _threads) thread.Join();
        _routes.Dispose();
        _tables.Dispose();
        _stop.Dispose();
    }
}
