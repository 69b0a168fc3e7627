using Margay.Bgp.Transport;
using Margay.Core.Net;

namespace Margay.TestKit.Simulation;

/// <summary>
/// A network in memory: hosts with addresses, streams with delay, a send window and links that can be cut. Nothing happens by itself: bytes
/// arrive when the clock has reached their time and their host polls. The same calls in the same order give the same run.
/// </summary>
public sealed class SimNetwork(SimClock clock)
{
    private readonly Dictionary<InetAddress, SimTransport> _hosts = [];
    private readonly HashSet<(InetAddress, InetAddress)> _cut = [];
    private readonly HashSet<(InetAddress, InetAddress)> _deaf = [];

    public SimClock Clock { get; } = clock;

    /// <summary>One way.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Bytes that a sender may have outstanding before it has to wait for the reader.</summary>
    public int Window { get; set; } = 256 << 10;

    /// <summary>The transport of a host with these addresses.</summary>
    public SimTransport AddHost(params InetAddress[] addresses)
    {
        SimTransport host = new(this, addresses);
        foreach (InetAddress a in addresses) _hosts[a] = host;
        return host;
    }

    /// <summary>Cuts the link silently: what is sent waits, connects time out, and the ends notice by their timers alone.</summary>
    public void Cut(InetAddress a, InetAddress b) => _cut.Add(Pair(a, b));

    public void Restore(InetAddress a, InetAddress b) => _cut.Remove(Pair(a, b));

    /// <summary>Datagrams between the two are lost, and streams are not: what a filter that knows only one of them does.</summary>
    public void DropDatagrams(InetAddress from, InetAddress to) => _deaf.Add((from, to));

    internal bool Loses(InetAddress from, InetAddress to) => IsCut(from, to) || _deaf.Contains((from, to));

    internal bool IsCut(InetAddress a, InetAddress b) => _cut.Contains(Pair(a, b));

    internal SimTransport? HostOf(InetAddress address) => _hosts.GetValueOrDefault(address);

    private static (InetAddress, InetAddress) Pair(InetAddress a, InetAddress b) => a < b ? (a, b) : (b, a);
}

/// <summary>The network as one host sees it.</summary>
public sealed class SimTransport : ITransport
{
    private readonly SimNetwork _network;
    private readonly InetAddress[] _addresses;
    private readonly List<SimListener> _listeners = [];
    private readonly PriorityQueue<Action<ITransportEvents>, (TimeSpan, long)> _events = new();
    private long _sequence;
    private ushort _nextPort = 40000;

    internal SimTransport(SimNetwork network, InetAddress[] addresses)
    {
        _network = network;
        _addresses = addresses;
    }

    public InetAddress Address => _addresses[0];

    /// <summary>When something will be there to poll for; null: nothing is under way.</summary>
    public TimeSpan? NextEvent => _events.TryPeek(out _, out (TimeSpan At, long) key) ? key.At : null;

    internal SimNetwork Network => _network;

    /// <summary>Where datagrams for this host go.</summary>
    internal SimBfdTransport? Bfd { get; set; }

    // All subnets are of the usual size.
    public LocalLink? FindLink(InetAddress address) =>
        Array.IndexOf(_addresses, address) < 0 ? null : new LocalLink("eth0", new IpPrefix(Masked(address), address.IsIPv6 ? 64 : 24), Array.Find(_addresses, a => a is { IsIPv6: true, IsLinkLocal: true }));

    private static InetAddress Masked(InetAddress address) => InetAddress.FromBits(address.Bits & IpPrefix.Mask(address.IsIPv6 ? 64 : 24), address.IsIPv6);

    internal void Schedule(TimeSpan after, Action<ITransportEvents> what) => _events.Enqueue(what, (_network.Clock.Now + after, _sequence++));

    public bool TryListen(InetAddress address, ushort port, string? device, out IListener? listener, out string error)
    {
        SimListener l = new(this, address, port == 0 ? _nextPort++ : port);
        _listeners.Add(l);
        listener = l;
        error = "";
        return true;
    }

    internal void Remove(SimListener listener) => _listeners.Remove(listener);

    internal SimListener? ListenerFor(InetAddress address, ushort port) =>
        _listeners.Find(l => l.Port == port && (l.Address == address || (l.Address.IsUnspecified && l.Address.IsIPv6 == address.IsIPv6)));

    public bool TryConnect(in ConnectRequest request, out IConnection? connection, out string error)
    {
        error = "";
        InetAddress remote = request.Remote;
        InetAddress local = request.Local ?? Array.Find(_addresses, a => a.IsIPv6 == remote.IsIPv6);
        SimConnection mine = new(this, local, remote, request.Password, (_nextPort++, request.Port));
        connection = mine;
        ushort port = request.Port;
        if (_network.IsCut(local, remote)) return true;
        Schedule(_network.Delay, events => mine.Connect(port, events));
        return true;
    }

    public void Poll(TimeSpan timeout, ITransportEvents events)
    {
        while (_events.TryPeek(out _, out (TimeSpan At, long) key) && key.At <= _network.Clock.Now) _events.Dequeue()(events);
    }

    public void Wake()
    {
    }

    public void Dispose()
    {
        foreach (SimListener l in _listeners.ToArray()) l.Dispose();
    }
}

/// <summary>A port on which a simulated host accepts.</summary>
public sealed class SimListener : IListener
{
    private readonly SimTransport _host;
    private readonly Dictionary<IpPrefix, string> _passwords = [];

    internal SimListener(SimTransport host, InetAddress address, ushort port)
    {
        _host = host;
        Address = address;
        Port = port;
    }

    public InetAddress Address { get; }
    public ushort Port { get; }

    internal string? PasswordFor(InetAddress peer)
    {
        foreach ((IpPrefix range, string password) in _passwords)
        {
            if (range.Contains(peer)) return password;
        }
        return null;
    }

    public string? SetPassword(IpPrefix peers, string? password)
    {
        if (password is null) _passwords.Remove(peers);
        else _passwords[peers] = password;
        return null;
    }

    public void Dispose() => _host.Remove(this);
}
