using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxRtnetlink;

namespace Margay.Netlink.Route;

/// <summary>
/// Reports changes of links, addresses, routes, nexthop objects, neighbours and rules in one namespace, by whomever.
/// Subscribe first, list second: then nothing between the two is missed, and what is seen twice is the same.
/// <code>
/// using RouteMonitor monitor = RouteMonitor.Open(RouteEvents.Links | RouteEvents.Routes);
/// await foreach (RouteEvent e in monitor.ReadAllAsync(cancel)) …
/// </code>
/// When the reader is too slow the kernel drops what does not fit and says so: <see cref="RouteOverrun"/>, list again.
/// Routes that go because their link does are not reported by the kernel for IPv4: watch links too.
/// One reader at a time.
/// </summary>
public sealed class RouteMonitor : IDisposable
{
    private readonly NetlinkMonitor<RouteEvent> _monitor;

    private RouteMonitor(NetlinkSocket socket, uint ignoredSender) => _monitor = new NetlinkMonitor<RouteEvent>(socket, TryRead, new RouteOverrun(), ignoredSender);

    /// <summary>In the namespace of the calling thread. The receive buffer decides how large a burst fits.</summary>
    /// <param name="events">What to report.</param>
    /// <param name="options">Size of the receive buffer and the like.</param>
    /// <param name="ignoredSender">The port of a socket whose requests are not told of, and cost no decoding; 0 for none.</param>
    public static RouteMonitor Open(RouteEvents events = RouteEvents.All, NetlinkSocketOptions? options = null, uint ignoredSender = 0) =>
        Subscribe(NetlinkSocket.Open(NetlinkProtocol.Route, options), events, ignoredSender);

    public static RouteMonitor OpenIn(NetworkNamespace space, RouteEvents events = RouteEvents.All, NetlinkSocketOptions? options = null, uint ignoredSender = 0) =>
        Subscribe(space.OpenSocket(NetlinkProtocol.Route, options), events, ignoredSender);

    private static RouteMonitor Subscribe(NetlinkSocket socket, RouteEvents events, uint ignoredSender)
    {
        (RouteEvents Event, int Group)[] groups =
        [
            (RouteEvents.Links, RTNLGRP_LINK),
            (RouteEvents.Addresses, RTNLGRP_IPV4_IFADDR), (RouteEvents.Addresses, RTNLGRP_IPV6_IFADDR),
            (RouteEvents.Routes, RTNLGRP_IPV4_ROUTE), (RouteEvents.Routes, RTNLGRP_IPV6_ROUTE),
            (RouteEvents.Nexthops, RTNLGRP_NEXTHOP),
            (RouteEvents.Neighbours, RTNLGRP_NEIGH),
            (RouteEvents.Settings, RTNLGRP_IPV4_NETCONF), (RouteEvents.Settings, RTNLGRP_IPV6_NETCONF),
            (RouteEvents.Rules, RTNLGRP_IPV4_RULE), (RouteEvents.Rules, RTNLGRP_IPV6_RULE),
        ];
        foreach ((RouteEvents wanted, int group) in groups)
        {
            if ((events & wanted) == 0) continue;
            NetlinkResult subscribed = socket.Subscribe(group);
            if (subscribed.Ok) continue;
            socket.Dispose();
            throw new NetlinkException(subscribed, $"subscribe to group {group}");
        }
        return new RouteMonitor(socket, ignoredSender);
    }

    /// <summary>The descriptor, for a <see cref="SocketWatch"/> or epoll: readable while <see cref="TryRead(out RouteEvent)"/> has something to take from the kernel.</summary>
    public Microsoft.Win32.SafeHandles.SafeFileHandle Handle => _monitor.Handle;

    /// <summary>The next event that is waiting, without waiting for one.</summary>
    public bool TryRead([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RouteEvent? routeEvent) => _monitor.TryTake(out routeEvent);

    /// <summary>Waits for the next event on the calling thread. <see cref="OperationCanceledException"/> when cancelled.</summary>
    public RouteEvent Read(CancellationToken cancel) => _monitor.Read(cancel);

    /// <summary>Events as they come, read on a thread of its own until cancelled. While the consumer is slow they wait in the kernel.</summary>
    public IAsyncEnumerable<RouteEvent> ReadAllAsync(CancellationToken cancel = default) => _monitor.ReadAllAsync(cancel);

    private static bool TryRead(NetlinkMessage message, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RouteEvent? read)
    {
        read = message.Type switch
        {
            RTM_NEWLINK or RTM_DELLINK when LinkCodec.TryRead(message, out Link link) => new LinkEvent(link, message.Type == RTM_DELLINK),
            RTM_NEWADDR or RTM_DELADDR when AddressCodec.TryRead(message, out InterfaceAddress address) => new AddressEvent(address, message.Type == RTM_DELADDR),
            RTM_NEWROUTE or RTM_DELROUTE when RouteCodec.TryRead(message, out RouteEntry route) =>
                new RouteEntryEvent(route, message.Type == RTM_DELROUTE, (message.Flags & Constants.LinuxNetlink.NLM_F_REPLACE) != 0),
            RTM_NEWNEXTHOP or RTM_DELNEXTHOP when NexthopCodec.TryRead(message, out Nexthop nexthop) => new NexthopEvent(nexthop, message.Type == RTM_DELNEXTHOP),
            RTM_NEWNEIGH or RTM_DELNEIGH when NeighbourCodec.TryRead(message, out Neighbour neighbour) => new NeighbourEvent(neighbour, message.Type == RTM_DELNEIGH),
            RTM_NEWNEIGH or RTM_DELNEIGH when NeighbourCodec.TryRead(message, out FdbEntry entry) => new FdbEvent(entry, message.Type == RTM_DELNEIGH),
            RTM_NEWNETCONF when TryReadSettings(message, out SettingsEvent settings) => settings,
            RTM_NEWRULE or RTM_DELRULE when RuleCodec.TryRead(message, out Rule rule) => new RuleEvent(rule, message.Type == RTM_DELRULE),
            _ => null,
        };
        if (read is not null) read = read with { Sender = message.Header.PortId };
        return read is not null;
    }

    // struct netconfmsg is the family alone.
    private static bool TryReadSettings(NetlinkMessage message, out SettingsEvent settings)
    {
        settings = null!;
        if (!message.TryRead(out RtGenMsg header, out AttributeReader attributes)) return false;
        while (attributes.TryRead(out NetlinkAttribute a))
            if (a.Type == Constants.LinuxNetconf.NETCONFA_IFINDEX) settings = new SettingsEvent(a.Int32, header.Family == Family.Inet6);
        return settings is not null;
    }

    public void Dispose() => _monitor.Dispose();
}
