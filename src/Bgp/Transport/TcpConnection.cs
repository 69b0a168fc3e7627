using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>One TCP socket, non-blocking. Owned by the speaker's loop, which disposes it.</summary>
internal sealed class TcpConnection : IConnection
{
    private readonly TcpTransport _transport;
    private readonly Libc.IoVector[] _vectors;
    private bool _wantsWrite;

    internal TcpConnection(TcpTransport transport, int fd, InetAddress remote, ushort remotePort, string? link, bool connecting)
    {
        Interface = link;
        _transport = transport;
        _vectors = transport.Vectors;
        Descriptor = fd;
        RemoteAddress = remote;
        RemotePort = remotePort;
        IsConnecting = connecting;
        _wantsWrite = connecting;
        if (!connecting) ReadLocalAddress();
    }

    /// <summary>-1 once closed.</summary>
    internal int Descriptor { get; private set; }

    /// <summary>Number under which epoll knows it.</summary>
    internal long Slot { get; set; }

    internal bool IsConnecting { get; private set; }
    public InetAddress LocalAddress { get; private set; }
    public InetAddress RemoteAddress { get; }
    public string? Interface { get; }
    public ushort LocalPort { get; private set; }
    public ushort RemotePort { get; }
    public object? Owner { get; set; }
    public string Error { get; private set; } = "";

    /// <summary>The outcome of a connect; null if it stands.</summary>
    internal string? FinishConnect()
    {
        int error = 0, length = sizeof(int);
        _ = Libc.getsockopt(Descriptor, Libc.SOL_SOCKET, Libc.SO_ERROR, ref error, ref length);
        if (error != 0) return Marshal.GetPInvokeErrorMessage(error);
        IsConnecting = false;
        ReadLocalAddress();
        SetWantsWrite(false);
        return null;
    }

    private void ReadLocalAddress()
    {
        Span<byte> address = stackalloc byte[SocketAddressBytes.Size];
        int length = address.Length;
        if (Libc.getsockname(Descriptor, ref address[0], ref length) == 0) (LocalAddress, LocalPort) = SocketAddressBytes.Read(address);
    }

    public int Read(Span<byte> destination)
    {
        if (Descriptor < 0 || destination.IsEmpty) return 0;
        nint n = Libc.recv(Descriptor, ref destination[0], destination.Length, Libc.MSG_DONTWAIT);
        if (n > 0) return (int)n;
        if (n < 0 && Marshal.GetLastPInvokeError() is Libc.EAGAIN or Libc.EINTR) return 0;
        Error = n == 0 ? "closed by the peer" : Libc.LastError("recv");
        return -1;
    }

    public int Write(ReadOnlySpan<ArraySegment<byte>> buffers)
    {
        if (Descriptor < 0) return -1;
        int count = Math.Min(buffers.Length, _vectors.Length), total = 0;
        for (int i = 0; i < count; i++)
        {
            ArraySegment<byte> b = buffers[i];
            _vectors[i] = new Libc.IoVector { Base = Marshal.UnsafeAddrOfPinnedArrayElement(b.Array!, b.Offset), Length = b.Count };
            total += b.Count;
        }
        Libc.MessageHeader header = new() { Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, 0), VectorCount = count };
        nint n = Libc.sendmsg(Descriptor, ref header, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
        if (n < 0)
        {
            if (Marshal.GetLastPInvokeError() is not (Libc.EAGAIN or Libc.EINTR))
            {
                Error = Libc.LastError("send");
                return -1;
            }
            n = 0;
        }
        SetWantsWrite(n < total);
        return (int)n;
    }

    private void SetWantsWrite(bool wants)
    {
        if (wants == _wantsWrite) return;
        _wantsWrite = wants;
        _transport.Control(Libc.EPOLL_CTL_MOD, Descriptor, Libc.EPOLLIN | (wants ? Libc.EPOLLOUT : 0), Slot);
    }

    public void SetTtl(byte send, byte receiveAtLeast)
    {
        bool v6 = RemoteAddress.IsIPv6;
        if (send != 0) _ = Libc.SetOption(Descriptor, v6 ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP, v6 ? Libc.IPV6_UNICAST_HOPS : Libc.IP_TTL, send);
        if (receiveAtLeast != 0) _ = Libc.SetOption(Descriptor, v6 ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP, v6 ? Libc.IPV6_MINHOPCOUNT : Libc.IP_MINTTL, receiveAtLeast);
    }

    public void Dispose()
    {
        if (Descriptor < 0) return;
        _transport.Forget(this);
        Drain();
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }

    // Closing with unread bytes makes the kernel reset the connection, and the peer may then never see our NOTIFICATION.
    private void Drain()
    {
        if (IsConnecting) return;
        _ = Libc.shutdown(Descriptor, 1);
        Span<byte> bin = stackalloc byte[4096];
        for (int i = 0; i < 64 && Libc.recv(Descriptor, ref bin[0], bin.Length, Libc.MSG_DONTWAIT) > 0; i++)
        {
        }
    }
}
