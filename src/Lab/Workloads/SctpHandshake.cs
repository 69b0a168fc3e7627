using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Margay.Lab.Processes;

namespace Margay.Lab.Workloads;

/// <summary>
/// The first half of SCTP's handshake (RFC 9260 section 5.1), over raw sockets, since many kernels come without SCTP: a probe sends INIT; a responder answers INIT ACK and
/// says its name in the state cookie, which only its sender ever reads. That is enough to see what packet filters and connection tracking make of SCTP.
/// </summary>
internal static class SctpHandshake
{
    private const int Protocol = 132;
    private const int CommonHeader = 12, Initiation = 20, ParameterHeader = 4;
    private const byte InitType = 1, InitAckType = 2;
    private const ushort StateCookie = 7;

    /// <summary>A raw socket of one family. It gets every SCTP packet that comes to the namespace; the kernel makes no answers of its own while it is open.</summary>
    internal static Socket Open(bool v6)
    {
        int descriptor = NativeMethods.socket(v6 ? NativeMethods.AF_INET6 : NativeMethods.AF_INET, NativeMethods.SOCK_RAW | NativeMethods.SOCK_CLOEXEC, Protocol);
        if (descriptor < 0) throw new Win32Exception(Marshal.GetLastPInvokeError(), "a raw SCTP socket cannot be opened");
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    internal static byte[] Init(ushort sourcePort, ushort destinationPort, uint tag) => Build(InitType, sourcePort, destinationPort, 0, tag, []);

    /// <summary>The answer to an INIT for one of the ports; null for anything else.</summary>
    /// <param name="packet">As a raw socket gives it: with the IP header for IPv4, without for IPv6.</param>
    internal static byte[]? Answer(ReadOnlySpan<byte> packet, bool v6, IReadOnlySet<int> ports, string name)
    {
        if (!TryReadInitiation(packet, v6, InitType, out ReadOnlySpan<byte> message)) return null;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if (!ports.Contains(port)) return null;
        uint tag = BinaryPrimitives.ReadUInt32BigEndian(message[(CommonHeader + 4)..]);
        // The responder keeps nothing, so its own tag may be any but zero.
        return Build(InitAckType, port, BinaryPrimitives.ReadUInt16BigEndian(message), tag, ~tag | 1, Encoding.UTF8.GetBytes(name));
    }

    /// <summary>The name in an INIT ACK that answers <see cref="Init"/> with these numbers; null for any other packet.</summary>
    internal static string? ReadAnswer(ReadOnlySpan<byte> packet, bool v6, ushort sourcePort, ushort destinationPort, uint tag)
    {
        if (!TryReadInitiation(packet, v6, InitAckType, out ReadOnlySpan<byte> message)) return null;
        if (BinaryPrimitives.ReadUInt16BigEndian(message) != destinationPort || BinaryPrimitives.ReadUInt16BigEndian(message[2..]) != sourcePort ||
            BinaryPrimitives.ReadUInt32BigEndian(message[4..]) != tag) return null;
        ReadOnlySpan<byte> parameter = message[(CommonHeader + Initiation)..];
        if (parameter.Length < ParameterHeader || BinaryPrimitives.ReadUInt16BigEndian(parameter) != StateCookie) return null;
        int length = BinaryPrimitives.ReadUInt16BigEndian(parameter[2..]);
        return length >= ParameterHeader && length <= parameter.Length ? Encoding.UTF8.GetString(parameter[ParameterHeader..length]) : null;
    }

    private static bool TryReadInitiation(ReadOnlySpan<byte> packet, bool v6, byte type, out ReadOnlySpan<byte> message)
    {
        int header = v6 || packet.IsEmpty ? 0 : (packet[0] & 0xf) * 4;
        message = packet.Length >= header ? packet[header..] : [];
        return message.Length >= CommonHeader + Initiation && message[CommonHeader] == type;
    }

    private static byte[] Build(byte type, ushort sourcePort, ushort destinationPort, uint verification, uint tag, byte[] cookie)
    {
        int chunk = Initiation + (cookie.Length > 0 ? ParameterHeader + cookie.Length : 0);
        // Chunks end at a multiple of four bytes; their length does not count that.
        byte[] message = new byte[CommonHeader + (chunk + 3 & ~3)];
        BinaryPrimitives.WriteUInt16BigEndian(message, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), verification);
        Span<byte> body = message.AsSpan(CommonHeader);
        body[0] = type;
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], (ushort)chunk);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], tag);
        // Receiver window; one stream each way; first TSN.
        BinaryPrimitives.WriteUInt32BigEndian(body[8..], 65536);
        (body[13], body[15], body[19]) = (1, 1, 1);
        if (cookie.Length > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body[Initiation..], StateCookie);
            BinaryPrimitives.WriteUInt16BigEndian(body[(Initiation + 2)..], (ushort)(ParameterHeader + cookie.Length));
            cookie.CopyTo(body[(Initiation + ParameterHeader)..]);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), Checksum(message));
        return message;
    }

    /// <summary>CRC32c over the packet with a zero checksum (RFC 9260 appendix A).</summary>
    internal static uint Checksum(ReadOnlySpan<byte> message)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in message) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
