using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>
/// BFD over UDP of the kernel: a socket to receive with per port and family, opened with the first session that needs it, and one to send with per session,
/// whose source port is its own (RFC 5881 §4). Sockets are made in the network namespace of the thread that calls. Owned by the BFD loop.
/// </summary>
internal sealed class UdpBfdTransport : IBfdTransport
{
    internal const ushort SingleHopPort = 3784;
    internal const ushort MultihopPort = 4784;
    private const int FirstSourcePort = 49152;
    private const int SourcePorts = 65536 - FirstSourcePort;
    private const int MaxPacket = 512;

    /// <summary>Packets taken from one socket before the timers have their turn.</summary>
    private const int Batch = 256;

    /// <summary>CS6, network control (RFC 2474): queues that know classes let it pass before what fills them.</summary>
    private const int NetworkControl = 0xc0;

    private static readonly int s_eventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private readonly Random _random;
    private readonly PacketReceiver _receiver = new(MaxPacket);
    private readonly byte[] _events = new byte[8 * s_eventSize];
    private readonly Dictionary<(bool IsIPv6, bool Multihop), int> _sockets = [];
    private readonly Lock _wakeGate = new();
    private bool _disposed;
    private readonly int _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
    private readonly int _wake = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.SOCK_CLOEXEC);

    internal UdpBfdTransport(Random random)
    {
        _random = random;
        if (_epoll < 0 || _wake < 0) throw new InvalidOperationException(Libc.LastError("epoll_create1"));
        Watch(_wake);
    }

    public bool TryOpen(in BfdPath path, out IBfdSender? sender, out string error)
    {
        sender = null;
        if (!TryListen(path.Remote.IsIPv6, path.Multihop, out error)) return false;
        int fd = BoundSocket.Open(SocketAddressBytes.FamilyOf(path.Remote), Libc.SOCK_DGRAM, 0, path.Device, out error);
        if (fd < 0) return false;
        uint index = string.IsNullOrEmpty(path.Device) ? 0 : Libc.if_nametoindex(path.Device);
        if (!TryBind(fd, path.Local, index, out error))
        {
            _ = Libc.close(fd);
            return false;
        }
        bool v6 = path.Remote.IsIPv6;
        int level = v6 ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP;
        _ = Libc.SetOption(fd, level, v6 ? Libc.IPV6_UNICAST_HOPS : Libc.IP_TTL, 255);
        _ = Libc.SetOption(fd, level, v6 ? Libc.IPV6_TCLASS : Libc.IP_TOS, NetworkControl);
        // Nobody reads it; the kernel's least will do.
        _ = Libc.SetOption(fd, Libc.SOL_SOCKET, Libc.SO_RCVBUF, 0);
        sender = new Sender(fd, path.Remote, path.Multihop ? MultihopPort : SingleHopPort, index);
        return true;
    }

    private bool TryBind(int fd, InetAddress local, uint scope, out string error)
    {
        Span<byte> name = stackalloc byte[SocketAddressBytes.Size];
        int start = _random.Next(SourcePorts), code = 0;
        for (int i = 0; i < SourcePorts; i++)
        {
            int length = SocketAddressBytes.Write(name, local, (ushort)(FirstSourcePort + ((start + i) % SourcePorts)), scope);
            error = "";
            if (Libc.bind(fd, ref name[0], length) == 0) return true;
            code = Marshal.GetLastPInvokeError();
            if (code != Libc.EADDRINUSE) break;
        }
        error = $"cannot use {local} as source address of BFD: {Marshal.GetPInvokeErrorMessage(code)}";
        return false;
    }

    private bool TryListen(bool isIPv6, bool multihop, out string error)
    {
        error = "";
        if (_sockets.ContainsKey((isIPv6, multihop))) return true;
        InetAddress any = isIPv6 ? InetAddress.AnyV6 : InetAddress.AnyV4;
        ushort port = multihop ? MultihopPort : SingleHopPort;
        int fd = BoundSocket.Open(SocketAddressBytes.FamilyOf(any), Libc.SOCK_DGRAM, 0, null, out error);
        if (fd < 0) return false;
        if (isIPv6) _ = Libc.SetOption(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1);
        PacketReceiver.Enable(fd, isIPv6);
        Span<byte> name = stackalloc byte[SocketAddressBytes.Size];
        int length = SocketAddressBytes.Write(name, any, port, 0);
        if (Libc.bind(fd, ref name[0], length) != 0)
        {
            error = $"cannot listen on UDP port {port}: {Libc.LastError("bind")} (does another BFD daemon run here?)";
            _ = Libc.close(fd);
            return false;
        }
        _sockets[(isIPv6, multihop)] = fd;
        Watch(fd);
        return true;
    }

    private void Watch(int fd)
    {
        Span<byte> e = stackalloc byte[16];
        e.Clear();
        MemoryMarshal.Write(e, Libc.EPOLLIN);
        _ = Libc.epoll_ctl(_epoll, Libc.EPOLL_CTL_ADD, fd, ref e[0]);
    }

    // A handful of sockets: what epoll names is not worth more than trying each.
    public void Poll(TimeSpan timeout, IBfdReceiver receiver)
    {
        int milliseconds = (int)Math.Min(int.MaxValue, Math.Ceiling(timeout.TotalMilliseconds));
        if (Libc.epoll_wait(_epoll, ref _events[0], 8, milliseconds) <= 0) return;
        Span<byte> counter = stackalloc byte[8];
        _ = Libc.read(_wake, ref counter[0], 8);
        foreach (((bool _, bool multihop), int fd) in _sockets)
        {
            for (int i = 0; i < Batch && _receiver.Receive(fd); i++)
                receiver.OnPacket(new BfdArrival(_receiver.Source, _receiver.Destination, _receiver.InterfaceIndex, _receiver.Ttl, multihop), _receiver.Packet);
        }
    }

    // Another thread may call while the loop's ends, and the number of a closed descriptor may be another's by then.
    public void Wake()
    {
        Span<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
        lock (_wakeGate)
        {
            if (!_disposed) _ = Libc.write(_wake, ref one[0], 8);
        }
    }

    public void Dispose()
    {
        foreach (int fd in _sockets.Values) _ = Libc.close(fd);
        _sockets.Clear();
        lock (_wakeGate) _disposed = true;
        _ = Libc.close(_wake);
        _ = Libc.close(_epoll);
    }

    /// <summary>A session's socket. Not connected: the peer's ICMP errors say nothing that its silence does not.</summary>
    private sealed class Sender : IBfdSender
    {
        private readonly byte[] _to = new byte[SocketAddressBytes.Size];
        private readonly int _length;
        private int _fd;

        internal Sender(int fd, InetAddress remote, ushort port, uint index)
        {
            _fd = fd;
            InterfaceIndex = (int)index;
            _length = SocketAddressBytes.Write(_to, remote, port, index);
        }

        public int InterfaceIndex { get; }

        public string? Send(ReadOnlySpan<byte> packet)
        {
            nint n = Libc.sendto(_fd, ref MemoryMarshal.GetReference(packet), packet.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL, ref _to[0], _length);
            // A full queue loses a packet, as the way itself may.
            return n >= 0 || Marshal.GetLastPInvokeError() is Libc.EAGAIN or Libc.EINTR ? null : Libc.LastError("sendto");
        }

        public void Dispose()
        {
            if (_fd >= 0) _ = Libc.close(_fd);
            _fd = -1;
        }
    }
}
