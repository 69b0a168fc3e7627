using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Core.Net;
using Margay.Lab.Topologies;
using Margay.Lab.Workloads;
using Margay.Netlink.Namespaces;

namespace Margay.Lab.Checks;

/// <summary>
/// Sends single probes out of a network namespace. The socket is made on a thread inside the namespace and belongs to it from then on; everything
/// after that is ordinary asynchronous I/O. What is sent again is sent with the same identity, so that a late answer to the first counts.
/// </summary>
internal sealed class Prober(TimeProvider time)
{
    /// <summary>When to send again: the first packet may be lost to address resolution.</summary>
    private static readonly TimeSpan[] Resends = [TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500)];

    private int _sequence;

    /// <param name="expectedName">What a responder is to call itself; null when any answer will do.</param>
    internal async Task<(ProbeOutcome Outcome, TimeSpan Took)> SendAsync(
        NetworkNamespace from, InetAddress target, TransportPort port, string? expectedName, TimeSpan limit, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        using CancellationTokenSource timeout = new(limit, time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        ProbeOutcome outcome;
        try
        {
            using Socket socket = from.Run(() => Open(target, port.Transport));
            outcome = port.Transport switch
            {
                Transport.Icmp => await EchoAsync(socket, target, both.Token).ConfigureAwait(false),
                Transport.Sctp => await InitiateAsync(socket, target, port.Number, expectedName, both.Token).ConfigureAwait(false),
                Transport.Tcp => await ConnectAsync(socket, target, port.Number, expectedName, both.Token).ConfigureAwait(false),
                _ => await AskAsync(socket, target, port.Number, expectedName, both.Token).ConfigureAwait(false),
            };
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            outcome = ProbeOutcome.Silent;
        }
        catch (SocketException e)
        {
            outcome = e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset ? ProbeOutcome.Refused : ProbeOutcome.Unreachable;
        }
        finally
        {
            // Ends the resending.
            await both.CancelAsync().ConfigureAwait(false);
        }
        return (outcome, time.GetElapsedTime(start));
    }

    private static Socket Open(InetAddress target, Transport transport) => transport switch
    {
        Transport.Icmp => new Socket(target.AddressFamily, SocketType.Raw, target.IsIPv6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp),
        Transport.Tcp => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp),
        Transport.Sctp => SctpHandshake.Open(target.IsIPv6),
        _ => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp),
    };

    private async Task<ProbeOutcome> EchoAsync(Socket socket, InetAddress target, CancellationToken cancel)
    {
        // A connected raw socket gets only what comes from its peer. The sequence tells probes of this program apart, the identifier programs.
        await socket.ConnectAsync(new IPEndPoint(target.ToIPAddress(), 0), cancel).ConfigureAwait(false);
        ushort identifier = (ushort)Environment.ProcessId, sequence = (ushort)Interlocked.Increment(ref _sequence);
        byte[] request = IcmpEcho.Request(target.IsIPv6, identifier, sequence);
        byte[] buffer = new byte[1500];
        _ = ResendAsync(socket, request, cancel);
        await socket.SendAsync(request, cancel).ConfigureAwait(false);
        while (true)
        {
            int n = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (IcmpEcho.IsReply(buffer.AsSpan(0, n), target.IsIPv6, identifier, sequence)) return ProbeOutcome.Reached;
        }
    }

    private static async Task<ProbeOutcome> ConnectAsync(Socket socket, InetAddress target, int port, string? expectedName, CancellationToken cancel)
    {
        await socket.ConnectAsync(new IPEndPoint(target.ToIPAddress(), port), cancel).ConfigureAwait(false);
        byte[] buffer = new byte[512];
        int n = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
        return Judge(buffer.AsSpan(0, n), expectedName);
    }

    private async Task<ProbeOutcome> AskAsync(Socket socket, InetAddress target, int port, string? expectedName, CancellationToken cancel)
    {
        await socket.ConnectAsync(new IPEndPoint(target.ToIPAddress(), port), cancel).ConfigureAwait(false);
        byte[] request = "who\n"u8.ToArray();
        _ = ResendAsync(socket, request, cancel);
        await socket.SendAsync(request, cancel).ConfigureAwait(false);
        byte[] buffer = new byte[512];
        int n = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
        return Judge(buffer.AsSpan(0, n), expectedName);
    }

    private async Task<ProbeOutcome> InitiateAsync(Socket socket, InetAddress target, int port, string? expectedName, CancellationToken cancel)
    {
        await socket.ConnectAsync(new IPEndPoint(target.ToIPAddress(), 0), cancel).ConfigureAwait(false);
        // A source port and tag of its own for each probe: to connection tracking each is a new association.
        uint number = (uint)Interlocked.Increment(ref _sequence);
        ushort source = (ushort)(32768 + (number + (uint)Environment.ProcessId) % 28000);
        uint tag = number << 8 | 1;
        byte[] init = SctpHandshake.Init(source, (ushort)port, tag);
        _ = ResendAsync(socket, init, cancel);
        await socket.SendAsync(init, cancel).ConfigureAwait(false);
        byte[] buffer = new byte[2048];
        while (true)
        {
            int n = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (SctpHandshake.ReadAnswer(buffer.AsSpan(0, n), target.IsIPv6, source, (ushort)port, tag) is { } name) return expectedName is null || name == expectedName ? ProbeOutcome.Reached : ProbeOutcome.Misdelivered;
        }
    }

    private async Task ResendAsync(Socket socket, byte[] request, CancellationToken cancel)
    {
        try
        {
            foreach (TimeSpan pause in Resends)
            {
                await Task.Delay(pause, time, cancel).ConfigureAwait(false);
                await socket.SendAsync(request, cancel).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The probe is over, or its reader sees the same error.
        }
    }

    private static ProbeOutcome Judge(ReadOnlySpan<byte> answer, string? expectedName) =>
        expectedName is null || Encoding.UTF8.GetString(answer).Trim() == expectedName ? ProbeOutcome.Reached : ProbeOutcome.Misdelivered;
}

/// <summary>ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 section 4.1).</summary>
internal static class IcmpEcho
{
    internal static byte[] Request(bool v6, ushort identifier, ushort sequence)
    {
        byte[] message = new byte[16];
        message[0] = v6 ? (byte)128 : (byte)8;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), identifier);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), sequence);
        "margay\0\0"u8.CopyTo(message.AsSpan(8));
        // The kernel fills in the checksum of ICMPv6, which covers addresses.
        if (!v6) BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum(message));
        return message;
    }

    /// <param name="packet">What a raw socket gives: with the IP header for IPv4, without for IPv6.</param>
    internal static bool IsReply(ReadOnlySpan<byte> packet, bool v6, ushort identifier, ushort sequence)
    {
        int header = v6 || packet.IsEmpty ? 0 : (packet[0] & 0xf) * 4;
        if (packet.Length < header + 8) return false;
        ReadOnlySpan<byte> message = packet[header..];
        return message[0] == (v6 ? 129 : 0) && BinaryPrimitives.ReadUInt16BigEndian(message[4..]) == identifier && BinaryPrimitives.ReadUInt16BigEndian(message[6..]) == sequence;
    }

    /// <summary>RFC 1071.</summary>
    internal static ushort Checksum(ReadOnlySpan<byte> message)
    {
        uint sum = 0;
        for (int i = 0; i < message.Length; i += 2) sum += (uint)(message[i] << 8 | (i + 1 < message.Length ? message[i + 1] : 0));
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
