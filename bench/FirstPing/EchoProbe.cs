using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Margay.Core.Net;

namespace Margay.FirstPing.Bench;

/// <summary>Sends ICMP echo requests (RFC 792) every 0.2 ms until the first reply. Its socket stays in the namespace in which it was made.</summary>
internal sealed class EchoProbe : IDisposable
{
    private const ushort Identifier = 0x6d67;
    private static readonly TimeSpan Interval = TimeSpan.FromMicroseconds(200);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp) { Blocking = false };
    private ushort _sequence;

    /// <exception cref="InvalidOperationException">It did not answer within 10 s.</exception>
    public void Reach(InetAddress target)
    {
        IPEndPoint to = new(target.ToIPAddress(), 0);
        byte[] request = new byte[16], reply = new byte[1500];
        request[0] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(4), Identifier);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < s_patience)
        {
            BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6), ++_sequence);
            BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(2), 0);
            BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(2), Checksum(request));
            _socket.SendTo(request, to);
            long sent = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(sent) < Interval)
            {
                if (!_socket.Poll(Interval, SelectMode.SelectRead)) continue;
                int n = _socket.Receive(reply);
                // A raw socket sees the IPv4 header too.
                int header = (reply[0] & 15) * 4;
                if (n >= header + 8 && reply[header] == 0 && BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(header + 4)) == Identifier
                    && InetAddress.FromBytes(reply.AsSpan(12, 4)) == target) return;
            }
        }
        throw new InvalidOperationException($"{target} did not answer within {s_patience.TotalSeconds} s");
    }

    /// <summary>RFC 1071.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    public void Dispose() => _socket.Dispose();
}
