using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>A raw ICMPv6 socket on one interface that hears router solicitations and advertisements and nothing else. Needs CAP_NET_RAW. Owned by the speaker's loop.</summary>
internal sealed class RouterSocket : IRouterSocket
{
    private const int SOCK_RAW = 3;
    private const int IPPROTO_ICMPV6 = 58;
    private const int ICMP6_FILTER = 1;
    private const int IPV6_MULTICAST_HOPS = 18;
    private const int IPV6_MULTICAST_LOOP = 19;
    private const int IPV6_JOIN_GROUP = 20;
    private const int MaxPacket = 2048;

    private static readonly InetAddress s_allNodes = InetAddress.Parse("ff02::1");
    private static readonly InetAddress s_allRouters = InetAddress.Parse("ff02::2");

    private readonly TcpTransport _transport;
    private readonly PacketReceiver _receiver = new(MaxPacket);
    private readonly uint _index;

    private RouterSocket(TcpTransport transport, int fd, string device, uint index)
    {
        _transport = transport;
        Descriptor = fd;
        Device = device;
        _index = index;
    }

    public string Device { get; }
    public object? Owner { get; set; }
    internal int Descriptor { get; private set; }
    internal long Slot { get; set; }

    internal static RouterSocket? Open(TcpTransport transport, string device, out string error)
    {
        int fd = BoundSocket.Open(SocketAddressBytes.AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, device, out error);
        if (fd < 0) return null;
        uint index = Libc.if_nametoindex(device);
        // RFC 4861 §6.1: receivers believe nothing less.
        _ = Libc.SetOption(fd, Libc.IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255);
        _ = Libc.SetOption(fd, Libc.IPPROTO_IPV6, Libc.IPV6_UNICAST_HOPS, 255);
        _ = Libc.SetOption(fd, Libc.IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
        PacketReceiver.Enable(fd, isIPv6: true);
        Filter(fd);
        Join(fd, index);
        return new RouterSocket(transport, fd, device, index);
    }

    // A set bit is a type that does not pass (RFC 3542 §3.2).
    private static void Filter(int fd)
    {
        Span<uint> blocked = stackalloc uint[8];
        blocked.Fill(uint.MaxValue);
        foreach (int type in (ReadOnlySpan<int>)[133, 134]) blocked[type >> 5] &= ~(1u << (type & 31));
        _ = Libc.setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, ref MemoryMarshal.AsBytes(blocked)[0], 32);
    }

    // Solicitations go to all routers; that an interface of a host which does not forward is no member of that group must not matter.
    private static void Join(int fd, uint index)
    {
        Span<byte> request = stackalloc byte[20];
        s_allRouters.WriteBytes(request);
        MemoryMarshal.Write(request[16..], index);
        _ = Libc.setsockopt(fd, Libc.IPPROTO_IPV6, IPV6_JOIN_GROUP, ref request[0], request.Length);
    }

    public bool Receive(out InetAddress source, out byte hopLimit, out ReadOnlySpan<byte> message)
    {
        bool received = Descriptor >= 0 && _receiver.Receive(Descriptor);
        source = received ? _receiver.Source : default;
        hopLimit = received ? _receiver.Ttl : (byte)0;
        message = received ? _receiver.Packet : default;
        return received;
    }

    public string? Send(ReadOnlySpan<byte> message, bool toRouters)
    {
        Span<byte> to = stackalloc byte[SocketAddressBytes.Size];
        int length = SocketAddressBytes.Write(to, toRouters ? s_allRouters : s_allNodes, 0, _index);
        nint n = Libc.sendto(Descriptor, ref MemoryMarshal.GetReference(message), message.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL, ref to[0], length);
        return n >= 0 ? null : Libc.LastError("sendto");
    }

    public void Dispose()
    {
        if (Descriptor < 0) return;
        _transport.Forget(Slot);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }
}
