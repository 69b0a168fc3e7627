using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>
/// TCP of the kernel, with one epoll instance. Everything happens on the thread that calls <see cref="Poll"/>: no read or write is ever handed to
/// another thread, which is what a route reflector's time would go to. Sockets are made in that thread's network namespace.
/// </summary>
internal sealed class TcpTransport : ITransport
{
    private const int MaxEvents = 256;
    private const int Backlog = 4096;
    private static readonly int s_eventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int s_dataAt = s_eventSize - 8;

    private readonly byte[] _events = new byte[MaxEvents * s_eventSize];
    private readonly List<object?> _slots = [];
    private readonly Stack<int> _freeSlots = new();
    private readonly int _epoll;
    private readonly int _wake;
    private int _spare = Libc.eventfd(0, Libc.SOCK_CLOEXEC);
    private uint _generation;

    internal TcpTransport()
    {
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        _wake = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.SOCK_CLOEXEC);
        if (_epoll < 0 || _wake < 0) throw new InvalidOperationException(Libc.LastError("epoll_create1"));
        Control(Libc.EPOLL_CTL_ADD, _wake, Libc.EPOLLIN, -1);
    }

    /// <summary>Shared by all connections for one system call at a time.</summary>
    internal Libc.IoVector[] Vectors { get; } = GC.AllocateArray<Libc.IoVector>(128, pinned: true);

    public bool TryListen(InetAddress address, ushort port, string? device, out IListener? listener, out string error)
    {
        listener = null;
        int fd = Open(address, device, out error);
        if (fd < 0) return false;
        _ = Libc.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
        if (address.IsIPv6) _ = Libc.SetOption(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1);
        // RFC 5082 §3: the peer may drop our SYN-ACK too unless it comes with 255. What an accepted connection sends is set with its peer.
        _ = Libc.SetOption(fd, address.IsIPv6 ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP, address.IsIPv6 ? Libc.IPV6_UNICAST_HOPS : Libc.IP_TTL, 255);
        Span<byte> name = stackalloc byte[SocketAddressBytes.Size];
        int length = SocketAddressBytes.Write(name, address, port, Scope(device));
        if (Libc.bind(fd, ref name[0], length) != 0 || Libc.listen(fd, Backlog) != 0)
        {
            error = $"cannot listen on {address} port {port}: {Libc.LastError("bind")}";
            _ = Libc.close(fd);
            return false;
        }
        length = name.Length;
        _ = Libc.getsockname(fd, ref name[0], ref length);
        TcpListener l = new(this, fd, address, SocketAddressBytes.Read(name).Port);
        l.Slot = Add(l, fd, Libc.EPOLLIN);
        listener = l;
        return true;
    }

    public bool TryConnect(in ConnectRequest request, out IConnection? connection, out string error)
    {
        connection = null;
        int fd = Open(request.Remote, request.Device, out error);
        if (fd < 0) return false;
        if (!Prepare(fd, request, out error) || !BeginConnect(fd, request, out error))
        {
            _ = Libc.close(fd);
            return false;
        }
        TcpConnection c = new(this, fd, request.Remote, request.Port, request.Remote is { IsIPv6: true, IsLinkLocal: true } ? request.Device : null, connecting: true);
        c.Slot = Add(c, fd, Libc.EPOLLIN | Libc.EPOLLOUT);
        c.SetTtl(request.Ttl, request.MinTtl);
        connection = c;
        return true;
    }

    private static bool Prepare(int fd, in ConnectRequest request, out string error)
    {
        error = "";
        _ = Libc.SetOption(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
        if (request.Password is { } password && TcpMd5.Set(fd, IpPrefix.Host(request.Remote), password) is { } failed)
        {
            error = failed;
            return false;
        }
        if (request.Local is not { } local) return true;
        Span<byte> name = stackalloc byte[SocketAddressBytes.Size];
        int length = SocketAddressBytes.Write(name, local, 0, Scope(request.Device));
        if (Libc.bind(fd, ref name[0], length) == 0) return true;
        error = $"cannot use {local} as source address: {Libc.LastError("bind")}";
        return false;
    }

    private static bool BeginConnect(int fd, in ConnectRequest request, out string error)
    {
        error = "";
        Span<byte> name = stackalloc byte[SocketAddressBytes.Size];
        int length = SocketAddressBytes.Write(name, request.Remote, request.Port, Scope(request.Device));
        if (Libc.connect(fd, ref name[0], length) == 0 || Marshal.GetLastPInvokeError() == Libc.EINPROGRESS) return true;
        error = Libc.LastError("connect");
        return false;
    }

    private static int Open(InetAddress address, string? device, out string error) =>
        BoundSocket.Open(SocketAddressBytes.FamilyOf(address), Libc.SOCK_STREAM, 0, device, out error);

    private static uint Scope(string? device) => string.IsNullOrEmpty(device) ? 0 : Libc.if_nametoindex(device);

    public bool TryOpenRouterSocket(string device, out IRouterSocket? socket, out string error)
    {
        RouterSocket? opened = RouterSocket.Open(this, device, out error);
        if (opened is not null) opened.Slot = Add(opened, opened.Descriptor, Libc.EPOLLIN);
        socket = opened;
        return opened is not null;
    }

    public LocalLink? FindLink(InetAddress address) => LocalLink.Find(address);

    public void Poll(TimeSpan timeout, ITransportEvents events)
    {
        int milliseconds = timeout < TimeSpan.Zero ? -1 : (int)Math.Min(int.MaxValue, Math.Ceiling(timeout.TotalMilliseconds));
        int n = Libc.epoll_wait(_epoll, ref _events[0], MaxEvents, milliseconds);
        for (int i = 0; i < n; i++)
        {
            ReadOnlySpan<byte> e = _events.AsSpan(i * s_eventSize, s_eventSize);
            Dispatch(MemoryMarshal.Read<uint>(e), MemoryMarshal.Read<long>(e[s_dataAt..]), events);
        }
    }

    private void Dispatch(uint what, long slot, ITransportEvents events)
    {
        if (slot < 0)
        {
            Span<byte> counter = stackalloc byte[8];
            _ = Libc.read(_wake, ref counter[0], 8);
            return;
        }
        switch (_slots[(int)(slot & 0x7fff_ffff)])
        {
            case TcpListener l when l.Slot == slot:
                Accept(l, events);
                break;
            // A slot may have been given to another socket within this batch.
            case TcpConnection c when c.Slot == slot:
                Dispatch(what, c, events);
                break;
            case RouterSocket r when r.Slot == slot:
                events.OnRouterMessage(r);
                break;
        }
    }

    private static void Dispatch(uint what, TcpConnection c, ITransportEvents events)
    {
        if (c.IsConnecting)
        {
            events.OnConnected(c, c.FinishConnect());
            return;
        }
        if ((what & (Libc.EPOLLIN | Libc.EPOLLHUP | Libc.EPOLLERR)) != 0) events.OnReadable(c);
        if ((what & Libc.EPOLLOUT) != 0 && c.Descriptor >= 0) events.OnWritable(c);
    }

    private void Accept(TcpListener l, ITransportEvents events)
    {
        Span<byte> name = stackalloc byte[SocketAddressBytes.Size];
        // A bounded number, so that a flood of connects does not starve the sessions; epoll will say again that there are more.
        for (int i = 0; i < 64 && l.Descriptor >= 0; i++)
        {
            int length = name.Length;
            int fd = Libc.accept4(l.Descriptor, ref name[0], ref length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
            if (fd < 0)
            {
                if (Marshal.GetLastPInvokeError() == Libc.EMFILE) TurnAway(l);
                return;
            }
            _ = Libc.SetOption(fd, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            (InetAddress remote, ushort port) = SocketAddressBytes.Read(name);
            TcpConnection c = new(this, fd, remote, port, SocketAddressBytes.InterfaceOf(name), connecting: false);
            c.Slot = Add(c, fd, Libc.EPOLLIN);
            events.OnAccepted(l, c);
        }
    }

    // Without a free descriptor a waiting connection could be neither taken nor refused, and epoll would report it for ever: one is kept to refuse with.
    private void TurnAway(TcpListener l)
    {
        Span<byte> name = stackalloc byte[SocketAddressBytes.Size];
        int length = name.Length;
        _ = Libc.close(_spare);
        int fd = Libc.accept4(l.Descriptor, ref name[0], ref length, Libc.SOCK_CLOEXEC);
        if (fd >= 0) _ = Libc.close(fd);
        _spare = Libc.eventfd(0, Libc.SOCK_CLOEXEC);
    }

    public void Wake()
    {
        Span<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
        _ = Libc.write(_wake, ref one[0], 8);
    }

    private long Add(object item, int fd, uint what)
    {
        if (!_freeSlots.TryPop(out int index))
        {
            index = _slots.Count;
            _slots.Add(null);
        }
        _slots[index] = item;
        _generation = (_generation + 1) & 0x7fff_ffff;
        long slot = (long)_generation << 31 | (uint)index;
        Control(Libc.EPOLL_CTL_ADD, fd, what, slot);
        return slot;
    }

    internal void Forget(TcpConnection c) => Forget(c.Slot);

    internal void Forget(TcpListener l) => Forget(l.Slot);

    // Closing the descriptor takes it out of epoll.
    internal void Forget(long slot)
    {
        int index = (int)(slot & 0x7fff_ffff);
        _slots[index] = null;
        _freeSlots.Push(index);
    }

    internal void Control(int operation, int fd, uint what, long slot)
    {
        Span<byte> e = stackalloc byte[16];
        MemoryMarshal.Write(e, what);
        MemoryMarshal.Write(e[s_dataAt..], slot);
        _ = Libc.epoll_ctl(_epoll, operation, fd, ref e[0]);
    }

    public void Dispose()
    {
        foreach (object? item in _slots.ToArray()) (item as IDisposable)?.Dispose();
        _ = Libc.close(_spare);
        _ = Libc.close(_wake);
        _ = Libc.close(_epoll);
    }
}
