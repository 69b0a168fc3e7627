using System.Collections.Concurrent;
using Margay.Bgp.Session;
using Margay.Bgp.Transport;
using Margay.Core.Net;
using Microsoft.Extensions.Logging;

namespace Margay.Bgp.Bfd;

// BFD: is the way to a peer alive? (RFC 5880; on a link RFC 5881, over routers RFC 5883)
//
//   SpeakerLoop ── Open, Change, Close ──► BfdLoop ── BfdMonitor, one per peer ── BfdSession (pure: the RFC's variables)
//        ▲                                    │            │
//        └──────── BfdReport (Up, Down) ──────┘            └─► IBfdTransport: UDP 3784 and 4784
//
// The loop has a thread and an epoll instance of its own, because a detection time is a promise about milliseconds, and the speaker's loop makes none: a full
// table that is decided and encoded keeps it busy for longer than three packets of a peer may take. The two share nothing but queues. A packet costs a
// system call, a dictionary look-up and the move of a timer, and allocates nothing. What the threads still share is the process: a
// collection of the garbage collector stops both, and a killed process is silent, so that our C bit is clear (RFC 5880 §4.1).
//
// A packet is for a session by its discriminator; the first ones, which do not know ours, by addresses and interface. A packet that is not quite right changes
// nothing: see BfdFault. On a link only TTL 255 is believed (RFC 5881 §5), since no router forwards with that.

/// <summary>The one writer of all BFD sessions of a speaker. Not thread-safe but for <see cref="Open"/>, <see cref="Change"/>, <see cref="Close"/> and <see cref="Stop"/>.</summary>
internal sealed class BfdLoop(TimeProvider time, int seed, IBfdTransport transport, ILogger logger) : IBfdReceiver
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);
    private readonly long _start = time.GetTimestamp();
    private readonly Random _random = new(seed);
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Dictionary<uint, BfdMonitor> _byDiscriminator = [];
    private readonly Dictionary<(InetAddress Remote, InetAddress Local, string Device, bool Multihop), BfdMonitor> _byPath = [];
    private readonly HashSet<uint> _given = [];
    private readonly Lock _givenGate = new();
    private volatile bool _stopping;

    internal TimeSpan Now { get; private set; }
    internal TimerQueue Timers { get; } = new();
    internal IBfdTransport Transport => transport;

    /// <summary>Packets that belong to no session, since the start.</summary>
    internal long Strays { get; private set; }

    internal bool HasWork => !_commands.IsEmpty;

    /// <summary>When a timer may fire, by the clock from its start; null: none is set.</summary>
    internal TimeSpan? NextTimer => Timers.Next is { } t ? t + time.GetElapsedTime(0, _start) : null;

    /// <summary>Begins a session; its changes of state are told on this loop's thread.</summary>
    internal BfdMonitor Open(BfdPath path, BfdSpec spec, Action<BfdMonitor, BfdReport> onChange)
    {
        BfdMonitor monitor;
        lock (_givenGate) monitor = new BfdMonitor(this, path, NewDiscriminator(), spec, new Random(_random.Next()), onChange);
        Post(() => Add(monitor));
        return monitor;
    }

    internal void Change(BfdMonitor monitor, BfdSpec spec) => Post(() => monitor.Change(spec));

    /// <summary>Ends a session in good order: the peer is told AdminDown, which is no failure to it.</summary>
    internal void Close(BfdMonitor monitor) => Post(monitor.Shut);

    private void Post(Action command)
    {
        _commands.Enqueue(command);
        transport.Wake();
    }

    // Not a number that counts up: who is not on the way shall not guess it (RFC 5880 §9).
    private uint NewDiscriminator()
    {
        while (true)
        {
            uint candidate = (uint)_random.NextInt64(1, 1L << 32);
            if (_given.Add(candidate)) return candidate;
        }
    }

    private static (InetAddress, InetAddress, string, bool) KeyOf(in BfdPath path) => (path.Remote, path.Local, path.Device ?? "", path.Multihop);

    private void Add(BfdMonitor monitor)
    {
        if (_byPath.TryGetValue(KeyOf(monitor.Path), out BfdMonitor? lingering)) Forget(lingering);
        _byPath[KeyOf(monitor.Path)] = monitor;
        _byDiscriminator[monitor.Session.LocalDiscriminator] = monitor;
        monitor.Start();
    }

    internal void Forget(BfdMonitor monitor)
    {
        TimerQueue.Cancel(monitor.Timer);
        monitor.CloseSender();
        _byDiscriminator.Remove(monitor.Session.LocalDiscriminator);
        if (_byPath.GetValueOrDefault(KeyOf(monitor.Path)) == monitor) _byPath.Remove(KeyOf(monitor.Path));
        lock (_givenGate) _given.Remove(monitor.Session.LocalDiscriminator);
    }

    /// <summary>One turn. Waits for something to do for at most <paramref name="wait"/>.</summary>
    internal void Step(TimeSpan wait)
    {
        Now = time.GetElapsedTime(_start);
        if (HasWork) wait = TimeSpan.Zero;
        else if (Timers.Next is { } next && next - Now < wait) wait = next - Now;
        transport.Poll(wait < TimeSpan.Zero ? TimeSpan.Zero : wait, this);
        Now = time.GetElapsedTime(_start);
        while (_commands.TryDequeue(out Action? command)) command();
        Timers.Run(Now);
    }

    public void OnPacket(in BfdArrival arrival, ReadOnlySpan<byte> packet)
    {
        Now = time.GetElapsedTime(_start);
        BfdFault fault = BfdPacket.TryRead(packet, out BfdPacket read);
        BfdMonitor? monitor = fault != BfdFault.None || read.YourDiscriminator == 0 ? Find(arrival) : _byDiscriminator.GetValueOrDefault(read.YourDiscriminator);
        if (monitor is null)
        {
            Strays++;
            return;
        }
        if (fault == BfdFault.None) fault = Check(monitor, arrival);
        if (fault == BfdFault.None) monitor.Receive(read);
        else monitor.Refuse();
    }

    private BfdMonitor? Find(in BfdArrival arrival)
    {
        if (_byPath.TryGetValue((arrival.Source, arrival.Destination, "", arrival.Multihop), out BfdMonitor? monitor)) return monitor;
        // Names of interfaces are not at hand per packet; sessions that are bound to one are few enough per pair of addresses to go by the index.
        foreach (BfdMonitor m in _byDiscriminator.Values)
        {
            if (m.Path.Device is not null && m.InterfaceIndex == arrival.InterfaceIndex && IsOf(m, arrival)) return m;
        }
        return null;
    }

    private static bool IsOf(BfdMonitor m, in BfdArrival a) => m.Path.Remote == a.Source && m.Path.Local == a.Destination && m.Path.Multihop == a.Multihop;

    private static BfdFault Check(BfdMonitor monitor, in BfdArrival arrival)
    {
        if (!IsOf(monitor, arrival) || (monitor.Path.Device is not null && monitor.InterfaceIndex != 0 && monitor.InterfaceIndex != arrival.InterfaceIndex)) return BfdFault.Source;
        return arrival is { Multihop: false, Ttl: not 255 } ? BfdFault.Ttl : BfdFault.None;
    }

    /// <summary>Turns the loop until <see cref="Stop"/>, on the caller's thread.</summary>
    internal void Run()
    {
        while (!_stopping)
        {
            try
            {
                Step(s_longestWait);
            }
#pragma warning disable CA1031 // the boundary at which a bug is contained
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.Bug(logger, e);
            }
        }
        End();
    }

    /// <summary>Has <see cref="Run"/> end.</summary>
    internal void Stop()
    {
        _stopping = true;
        transport.Wake();
    }

    /// <summary>Tells every peer AdminDown, once, and lets go of the sockets.</summary>
    internal void End()
    {
        Now = time.GetElapsedTime(_start);
        foreach (BfdMonitor m in _byDiscriminator.Values.ToArray())
        {
            m.Shut();
            m.CloseSender();
        }
        transport.Dispose();
    }
}
