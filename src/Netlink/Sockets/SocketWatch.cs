using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Sockets;

/// <summary>
/// One thread that waits for any number of sockets (epoll(7)) and calls, on that thread, whoever watches one that has something to read. For monitors of many namespaces,
/// which would need a thread each otherwise.
/// <code>
/// using SocketWatch watch = new("monitors");
/// using IDisposable watched = watch.Add(monitor.Handle, () => { while (monitor.TryRead(out RouteEvent? e)) … });
/// </code>
/// A call that leaves something unread is made again. Safe to use from several threads; what a call throws is not caught.
/// </summary>
public sealed unsafe class SocketWatch : IDisposable
{
    private const int EventsAtOnce = 64;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int s_dataAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_size = s_dataAt + sizeof(ulong);

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Action> _watched = [];
    private readonly SafeFileHandle _epoll;
    private readonly SafeFileHandle _wake;
    private readonly Thread _thread;
    private ulong _last;
    private bool _stopped;

    /// <param name="name">Of the thread.</param>
    public SocketWatch(string name)
    {
        _epoll = new SafeFileHandle(epoll_create1(EPOLL_CLOEXEC), ownsHandle: true);
        _wake = new SafeFileHandle(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ownsHandle: true);
        if (_epoll.IsInvalid || _wake.IsInvalid) throw new NetlinkException(new NetlinkResult(LastError()), "open epoll");
        Control(EPOLL_CTL_ADD, _wake, id: 0);
        _thread = new Thread(Run, 256 << 10) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Calls <paramref name="onReadable"/> while there is something to read, until what is returned is disposed; after that not any more. It must read, not wait.</summary>
    public IDisposable Add(SafeFileHandle socket, Action onReadable)
    {
        lock (_gate)
        {
            ulong id = ++_last;
            _watched[id] = onReadable;
            Control(EPOLL_CTL_ADD, socket, id);
            return new Watched(this, socket, id);
        }
    }

    private void Remove(SafeFileHandle socket, ulong id)
    {
        // Waits for a call that is being made.
        lock (_gate)
        {
            if (_watched.Remove(id) && !_stopped) Control(EPOLL_CTL_DEL, socket, id);
        }
    }

    private void Control(int operation, SafeFileHandle socket, ulong id)
    {
        byte* settings = stackalloc byte[16];
        *(uint*)settings = EPOLLIN;
        *(ulong*)(settings + s_dataAt) = id;
        if (epoll_ctl(_epoll, operation, socket, settings) != 0) throw new NetlinkException(new NetlinkResult(LastError()), "watch a socket");
    }

    private void Run()
    {
        byte* events = stackalloc byte[EventsAtOnce * 16];
        while (true)
        {
            int n = epoll_wait(_epoll, events, EventsAtOnce, -1);
            lock (_gate)
            {
                if (_stopped) return;
                for (int i = 0; i < n; i++)
                    if (_watched.TryGetValue(*(ulong*)(events + i * s_size + s_dataAt), out Action? onReadable)) onReadable();
            }
        }
    }

    /// <summary>Ends the thread. Nobody is called any more; what <see cref="Add"/> returned may be disposed later still.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopped) return;
            _stopped = true;
        }
        ulong one = 1;
        _ = write(_wake, (byte*)&one, sizeof(ulong));
        _thread.Join();
        _epoll.Dispose();
        _wake.Dispose();
    }

    private sealed class Watched(SocketWatch owner, SafeFileHandle socket, ulong id) : IDisposable
    {
        public void Dispose() => owner.Remove(socket, id);
    }
}
