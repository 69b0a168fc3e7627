using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>
/// Receives datagrams with what the kernel knows of them: where from, to which of our addresses, on which interface, with which TTL. Reuses its buffers: a
/// packet is valid until the next call. Of one thread.
/// </summary>
internal sealed class PacketReceiver
{
    private const int ControlSize = 128;
    private const int HeaderSize = 16;
    private readonly byte[] _name = GC.AllocateArray<byte>(SocketAddressBytes.Size, pinned: true);
    private readonly byte[] _data;
    private readonly byte[] _control = GC.AllocateArray<byte>(ControlSize, pinned: true);
    private readonly Libc.IoVector[] _vector = GC.AllocateArray<Libc.IoVector>(1, pinned: true);

    internal PacketReceiver(int size)
    {
        _data = GC.AllocateArray<byte>(size, pinned: true);
        _vector[0] = new Libc.IoVector { Base = Marshal.UnsafeAddrOfPinnedArrayElement(_data, 0), Length = size };
    }

    internal InetAddress Source { get; private set; }
    internal InetAddress Destination { get; private set; }
    internal int InterfaceIndex { get; private set; }
    internal byte Ttl { get; private set; }
    internal int Length { get; private set; }
    internal ReadOnlySpan<byte> Packet => _data.AsSpan(0, Length);

    /// <summary>Has the kernel tell TTL, interface and destination of what <paramref name="fd"/> receives.</summary>
    internal static void Enable(int fd, bool isIPv6)
    {
        int level = isIPv6 ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP;
        _ = Libc.SetOption(fd, level, isIPv6 ? Libc.IPV6_RECVHOPLIMIT : Libc.IP_RECVTTL, 1);
        _ = Libc.SetOption(fd, level, isIPv6 ? Libc.IPV6_RECVPKTINFO : Libc.IP_PKTINFO, 1);
    }

    /// <summary>False: nothing (more) is there.</summary>
    internal bool Receive(int fd)
    {
        Libc.MessageHeader header = new()
        {
            Name = Marshal.UnsafeAddrOfPinnedArrayElement(_name, 0),
            NameLength = _name.Length,
            Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(_vector, 0),
            VectorCount = 1,
            Control = Marshal.UnsafeAddrOfPinnedArrayElement(_control, 0),
            ControlLength = ControlSize,
        };
        nint n = Libc.recvmsg(fd, ref header, Libc.MSG_DONTWAIT);
        if (n < 0) return false;
        Length = (int)n;
        Source = SocketAddressBytes.Read(_name).Address;
        Destination = default;
        InterfaceIndex = 0;
        Ttl = 0;
        ReadControl(_control.AsSpan(0, (int)header.ControlLength));
        return true;
    }

    // struct cmsghdr: length (with itself), level, type; each begins at a multiple of 8.
    private void ReadControl(ReadOnlySpan<byte> control)
    {
        while (control.Length >= HeaderSize)
        {
            int length = (int)MemoryMarshal.Read<long>(control);
            if (length < HeaderSize || length > control.Length) return;
            ReadOne(MemoryMarshal.Read<int>(control[8..]), MemoryMarshal.Read<int>(control[12..]), control[HeaderSize..length]);
            control = control[Math.Min(control.Length, (length + 7) & ~7)..];
        }
    }

    private void ReadOne(int level, int type, ReadOnlySpan<byte> value)
    {
        switch (level, type)
        {
            case (Libc.IPPROTO_IP, Libc.IP_TTL) or (Libc.IPPROTO_IPV6, Libc.IPV6_HOPLIMIT) when value.Length >= 4:
                Ttl = (byte)MemoryMarshal.Read<int>(value);
                break;
            // struct in_pktinfo: index, local address, destination of the header.
            case (Libc.IPPROTO_IP, Libc.IP_PKTINFO) when value.Length >= 12:
                InterfaceIndex = MemoryMarshal.Read<int>(value);
                Destination = InetAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(value[8..]));
                break;
            case (Libc.IPPROTO_IPV6, Libc.IPV6_PKTINFO) when value.Length >= 20:
                Destination = InetAddress.FromBytes(value[..16]);
                InterfaceIndex = MemoryMarshal.Read<int>(value[16..]);
                break;
        }
    }
}
