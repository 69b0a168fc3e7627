using System.Buffers.Binary;
using Margay.Bgp.Transport;
using Margay.Core.Net;

namespace Margay.TestKit.Simulation;

/// <summary>
/// A network in memory: hosts with addresses, streams with delay, jitter, loss and a send window, and links that can be cut or broken. Nothing happens by itself:
/// bytes arrive when the clock has reached their time and their host polls. The same calls in the same order, with the same seed, give the same run, which
/// <see cref="TraceHash"/> shows.
/// </summary>
public sealed class SimNetwork(SimClock clock, int seed = 1)
{
    private readonly Dictionary<InetAddress, SimTransport> _hosts = [];
    private readonly HashSet<(InetAddress, InetAddress)> _cut = [];
    private readonly HashSet<(InetAddress, InetAddress)> _deaf = [];
    private readonly PriorityQueue<SimTransport, (TimeSpan, long)> _agenda = new();
    private readonly Random _random = new(seed);
    private long _sequence;

    public SimClock Clock { get; } = clock;

    /// <summary>One way.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>At most so much more than <see cref="Delay"/>, for each segment anew; the bytes of a stream stay in order.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>The share of segments that are lost on the way, 0–1. TCP sends them again: they come later, and what is behind them waits.</summary>
    public double Loss { get; set; }

    /// <summary>Bytes that a sender may have outstanding before it has to wait for the reader.</summary>
    public int Window { get; set; } = 256 << 10;

    /// <summary>A hash over all that was sent: when, from whom, to whom, which bytes. Two runs that are the same have the same.</summary>
    public ulong TraceHash { get; private set; } = 14695981039346656037;

    /// <summary>Segments sent.</summary>
    public long Segments { get; private set; }

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

    /// <summary>Joins an interface of one host with one of another; router discovery goes over such cables.</summary>
    public static void Join(SimTransport a, string deviceOfA, SimTransport b, string deviceOfB)
    {
        a.Cables[deviceOfA] = (b, deviceOfB);
        b.Cables[deviceOfB] = (a, deviceOfA);
    }

    /// <summary>Datagrams between the two are lost, and streams are not: what a filter that knows only one of them does.</summary>
    public void DropDatagrams(InetAddress from, InetAddress to) => _deaf.Add((from, to));

    internal bool Loses(InetAddress from, InetAddress to) => IsCut(from, to) || _deaf.Contains((from, to));

    internal bool IsCut(InetAddress a, InetAddress b) => _cut.Count > 0 && _cut.Contains(Pair(a, b));

    internal SimTransport? HostOf(InetAddress address) => _hosts.GetValueOrDefault(address);

    /// <summary>How long the next segment is on its way.</summary>
    internal TimeSpan Travel(TimeSpan retransmission)
    {
        TimeSpan time = Jitter > TimeSpan.Zero ? Delay + (Jitter * _random.NextDouble()) : Delay;
        if (Loss <= 0) return time;
        for (int again = 0; again < 6 && _random.NextDouble() < Loss; again++) time += retransmission * (1 << again);
        return time;
    }

    internal void Trace(InetAddress from, InetAddress to, ReadOnlySpan<byte> bytes)
    {
        Segments++;
        ulong h = Mix(Mix(Mix(TraceHash, (ulong)Clock.Now.Ticks), (ulong)(from.Bits >> 64) ^ (ulong)from.Bits), (ulong)(to.Bits >> 64) ^ (ulong)to.Bits);
        while (bytes.Length >= 8)
        {
            h = Mix(h, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes) h = Mix(h, b);
        TraceHash = h;
    }

    private static ulong Mix(ulong h, ulong value) => (h ^ value) * 1099511628211;

    /// <summary>The host has something to do at that time.</summary>
    internal void Want(SimTransport host, TimeSpan at)
    {
        if (at >= host.Wanted) return;
        host.Wanted = at;
        _agenda.Enqueue(host, (at, _sequence++));
    }

    /// <summary>When some host has something to do; null: never.</summary>
    internal TimeSpan? Next
    {
        get
        {
            while (_agenda.TryPeek(out SimTransport? host, out (TimeSpan At, long) key))
            {
                if (host.Wanted == key.At) return key.At;
                // It was wanted sooner since, and has been served.
                _agenda.Dequeue();
            }
            return null;
        }
    }

    /// <summary>The next host that has something to do by now; null: none.</summary>
    internal SimTransport? TakeDue()
    {
        if (Next is not { } next || next > Clock.Now) return null;
        SimTransport host = _agenda.Dequeue();
        host.Wanted = TimeSpan.MaxValue;
        return host;
    }

    private static (InetAddress, InetAddress) Pair(InetAddress a, InetAddress b) => a < b ? (a, b) : (b, a);
}

/// <summary>The network as one host sees it.</summary>
public sealed class SimTransport : ITransport
{
    private static readonly TimeSpan s_synRetransmission = TimeSpan.FromSeconds(1);
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

    internal Dictionary<string, (SimTransport Host, string Device)> Cables { get; } = [];

    internal Dictionary<string, SimRouterSocket> RouterSockets { get; } = [];

    internal string? DeviceTo(SimTransport other) => Cables.FirstOrDefault(c => c.Value.Host == other).Key;

    internal InetAddress LinkLocal => Array.Find(_addresses, a => a is { IsIPv6: true, IsLinkLocal: true });

    public bool TryOpenRouterSocket(string device, out IRouterSocket? socket, out string error)
    {
        error = Cables.ContainsKey(device) ? "" : $"no interface '{device}'";
        socket = error.Length > 0 ? null : new SimRouterSocket(this, device);
        return socket is not null;
    }

    // All subnets are of the usual size.
    public LocalLink? FindLink(InetAddress address) =>
        Array.IndexOf(_addresses, address) < 0 ? null : new LocalLink("eth0", new IpPrefix(Masked(address), address.IsIPv6 ? 64 : 24), Array.Find(_addresses, a => a is { IsIPv6: true, IsLinkLocal: true }));

    private static InetAddress Masked(InetAddress address) => InetAddress.FromBits(address.Bits & IpPrefix.Mask(address.IsIPv6 ? 64 : 24), address.IsIPv6);

    /// <summary>The soonest time at which it is on the network's agenda.</summary>
    internal TimeSpan Wanted { get; set; } = TimeSpan.MaxValue;

    /// <summary>Whose transport it is: not of the network.</summary>
    internal object? Owner { get; set; }

    internal void Schedule(TimeSpan after, Action<ITransportEvents> what)
    {
        TimeSpan at = _network.Clock.Now + after;
        _events.Enqueue(what, (at, _sequence++));
        _network.Want(this, at);
    }

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
        InetAddress local = request.Local ?? Array.Find(_addresses, a => a.IsIPv6 == remote.IsIPv6 && a.IsLinkLocal == remote.IsLinkLocal);
        SimConnection mine = new(this, local, remote, request.Password, (_nextPort++, request.Port));
        connection = mine;
        ushort port = request.Port;
        if (_network.IsCut(local, remote)) return true;
        Schedule(_network.Travel(s_synRetransmission), events => mine.Connect(port, events));
        return true;
    }

    public void Poll(TimeSpan timeout, ITransportEvents events)
    {
        while (_events.TryPeek(out _, out (TimeSpan At, long) key) && key.At <= _network.Clock.Now) _events.Dequeue()(events);
    }

    public void Wake() => _network.Want(this, _network.Clock.Now);

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
