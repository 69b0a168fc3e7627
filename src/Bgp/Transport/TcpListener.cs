using System.Runtime.InteropServices;
using System.Text;
using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>A listening TCP socket. Owned by the speaker's loop, which disposes it.</summary>
internal sealed class TcpListener(TcpTransport transport, int fd, InetAddress address, ushort port) : IListener
{
    public InetAddress Address { get; } = address;
    public ushort Port { get; } = port;
    internal int Descriptor { get; private set; } = fd;
    internal long Slot { get; set; }

    public string? SetPassword(IpPrefix peers, string? password) =>
        peers.IsIPv6 != Address.IsIPv6 ? null : TcpMd5.Set(Descriptor, peers, password);

    public void Dispose()
    {
        if (Descriptor < 0) return;
        transport.Forget(this);
        _ = Libc.close(Descriptor);
        Descriptor = -1;
    }
}

/// <summary>TCP MD5 signatures (RFC 2385) by setsockopt: struct tcp_md5sig of linux/tcp.h.</summary>
internal static class TcpMd5
{
    private const int Size = 216;
    private const int MaxKey = 80;
    private const byte FlagPrefix = 1;

    /// <summary>The key for connections with <paramref name="peers"/>; null takes it away. Returns the error in words, or null.</summary>
    internal static string? Set(int fd, IpPrefix peers, string? password)
    {
        Span<byte> sig = stackalloc byte[Size];
        sig.Clear();
        SocketAddressBytes.Write(sig, peers.Address, 0, 0);
        int length = password is null ? 0 : Encoding.UTF8.GetByteCount(password);
        if (length > MaxKey) return "the TCP MD5 key is longer than 80 octets: use a shorter one";
        if (!peers.IsHost)
        {
            sig[128] = FlagPrefix;
            sig[129] = (byte)peers.Length;
        }
        ushort keyLength = (ushort)length;
        MemoryMarshal.Write(sig[130..], keyLength);
        if (password is not null) Encoding.UTF8.GetBytes(password, sig[136..]);
        int option = peers.IsHost ? Libc.TCP_MD5SIG : Libc.TCP_MD5SIG_EXT;
        if (Libc.setsockopt(fd, Libc.IPPROTO_TCP, option, ref sig[0], Size) == 0) return null;
        // Taking away a key that is not there is no error.
        return password is null ? null : $"TCP MD5 for {peers}: {Libc.LastError("setsockopt")} (does the kernel have CONFIG_TCP_MD5SIG?)";
    }
}
