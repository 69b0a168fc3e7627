using System.Net;
using System.Net.Sockets;
using Margay.Core.Net;

namespace Margay.Agent.Underlay;

/// <summary>What came back of probes to an address of the underlay.</summary>
internal enum ProbeAnswer
{
    /// <summary>Nobody was asked, or nobody answered even a small one: it says nothing of sizes.</summary>
    None,

    /// <summary>A packet of the full size arrived.</summary>
    Fits,

    /// <summary>A router on the way said that it is too big.</summary>
    TooBig,

    /// <summary>Small ones are answered, those of the full size are not: they get lost without a word.</summary>
    Lost,
}

/// <param name="Mtu">With <see cref="ProbeAnswer.TooBig"/>: what fits, in bytes.</param>
internal readonly record struct ProbeResult(ProbeAnswer Answer, int Mtu = 0);

/// <summary>
/// Asks how large a packet gets to other hosts, by UDP to a port where nobody listens, with DF set (IPv6: never fragmented) and without regard to what the kernel believes of the path
/// (IP_PMTUDISC_PROBE). Port unreachable is the answer that it arrived (RFC 1122 §3.2.2.1). Each question is answered within about two seconds.
/// </summary>
internal sealed class PathProbe(InetAddress from, TimeProvider time)
{
    /// <summary>Where traceroute begins; nobody else is there.</summary>
    private const int UnusedPort = 33434;

    private const int MostAtOnce = 64, Tries = 3;
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(400);

    // linux/in.h, linux/in6.h.
    private const int IpLevel = 0, IpMtuDiscover = 10, IpReceiveErrors = 11, IpMtu = 14, Ipv6Level = 41, Ipv6MtuDiscover = 23, Ipv6Mtu = 24, Ipv6ReceiveErrors = 25, Probe = 3;

    /// <param name="sizes">By address: bytes of the IP packet.</param>
    public async Task<IReadOnlyDictionary<InetAddress, ProbeResult>> AskAsync(IReadOnlyDictionary<InetAddress, int> sizes)
    {
        Dictionary<InetAddress, ProbeResult> results = [];
        foreach (KeyValuePair<InetAddress, int>[] some in sizes.Chunk(MostAtOnce))
            foreach ((InetAddress to, ProbeResult result) in await Task.WhenAll(some.Select(async s => (s.Key, await AskAsync(s.Key, s.Value).ConfigureAwait(false)))).ConfigureAwait(false)) results[to] = result;
        return results;
    }

    private async Task<ProbeResult> AskAsync(InetAddress to, int size)
    {
        int headers = to.IsIPv6 ? 40 + 8 : 20 + 8;
        if (to.IsIPv6 != from.IsIPv6 || size <= headers) return default;
        ProbeResult full = await TryAsync(to, size - headers).ConfigureAwait(false);
        if (full.Answer != ProbeAnswer.None) return full;
        return (await TryAsync(to, 1).ConfigureAwait(false)).Answer == ProbeAnswer.Fits ? new ProbeResult(ProbeAnswer.Lost) : default;
    }

    // A lost packet is not a lost size, and routers and hosts answer so many a second.
    private async Task<ProbeResult> TryAsync(InetAddress to, int payload)
    {
        for (int i = 0; i < Tries; i++)
            if (await OnceAsync(to, payload).ConfigureAwait(false) is { Answer: not ProbeAnswer.None } result) return result;
        return default;
    }

    private async Task<ProbeResult> OnceAsync(InetAddress to, int payload)
    {
        using Socket socket = new(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        using CancellationTokenSource limit = new(s_patience, time);
        try
        {
            int level = to.IsIPv6 ? Ipv6Level : IpLevel;
            socket.SetRawSocketOption(level, to.IsIPv6 ? Ipv6MtuDiscover : IpMtuDiscover, BitConverter.GetBytes(Probe));
            socket.SetRawSocketOption(level, to.IsIPv6 ? Ipv6ReceiveErrors : IpReceiveErrors, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(from.ToIPAddress(), 0));
            await socket.ConnectAsync(new IPEndPoint(to.ToIPAddress(), UnusedPort), limit.Token).ConfigureAwait(false);
            await socket.SendAsync(new byte[payload], SocketFlags.None, limit.Token).ConfigureAwait(false);
            await socket.ReceiveAsync(new byte[1], SocketFlags.None, limit.Token).ConfigureAwait(false);
            // Somebody is there after all.
            return new ProbeResult(ProbeAnswer.Fits);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return new ProbeResult(ProbeAnswer.Fits);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.MessageSize)
        {
            return new ProbeResult(ProbeAnswer.TooBig, MtuOf(socket, to.IsIPv6));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return default;
        }
    }

    /// <summary>What the kernel has learnt of the way by that.</summary>
    private static int MtuOf(Socket socket, bool v6)
    {
        byte[] value = new byte[sizeof(int)];
        socket.GetRawSocketOption(v6 ? Ipv6Level : IpLevel, v6 ? Ipv6Mtu : IpMtu, value);
        return BitConverter.ToInt32(value);
    }
}
