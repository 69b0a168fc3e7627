using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Dataplane.Kernel;

/// <summary>
/// Listens to rtnetlink on a thread of its own and says what others did. Our own changes come back too, bearing the port of the socket that made them:
/// they are passed over here, so that the loop hears only of what it does not know.
/// </summary>
internal sealed class KernelMonitor : IDisposable
{
    private const RouteEvents Events = RouteEvents.Links | RouteEvents.Addresses | RouteEvents.Routes | RouteEvents.Nexthops | RouteEvents.Neighbours;

    private readonly CancellationTokenSource _stop = new();
    private readonly RouteMonitor _routes;
    private readonly NftMonitor _tables;
    private readonly Thread _thread;
    private readonly DataplaneOptions _options;
    private readonly uint _ownPort;
    private readonly Action<KernelNotification> _onChange;

    public KernelMonitor(NetworkNamespace? space, DataplaneOptions options, uint routePort, uint nftPort, Action<KernelNotification> onChange)
    {
        _options = options;
        _ownPort = routePort;
        _onChange = onChange;
        _routes = space is null ? RouteMonitor.Open(Events) : RouteMonitor.OpenIn(space, Events);
        _tables = new NftMonitor(space, options.Table, nftPort, onChange);
        _thread = new Thread(Run) { IsBackground = true, Name = "route monitor" };
        _thread.Start();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                RouteEvent happened = _routes.Read(_stop.Token);
                if (happened.Sender == _ownPort) continue;
                if (Translate(happened) is { } notification) _onChange(notification);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private KernelNotification? Translate(RouteEvent happened) => happened switch
    {
        LinkEvent e => new LinkNotification(e.Link.Index, e.Link.Name, e.Removed),
        AddressEvent e => new AddressNotification(e.Address.LinkIndex),
        RouteEntryEvent e => new RouteNotification(e.Route.Destination, e.Route.Protocol == (RouteProtocol)_options.RouteProtocol, e.Removed),
        NexthopEvent e when e.Nexthop.Protocol == (RouteProtocol)_options.RouteProtocol => new NexthopNotification(e.Nexthop.Id, e.Removed),
        // A learnt entry comes and goes all the time; only one of ours that went, or is no longer permanent, matters.
        NeighbourEvent e => new NeighbourNotification(e.Neighbour.LinkIndex, e.Neighbour.Address, e.Removed),
        RouteOverrun => new OverrunNotification(),
        _ => null,
    };

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _routes.Dispose();
        _tables.Dispose();
        _stop.Dispose();
    }
}
