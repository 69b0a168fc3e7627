using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>
/// Byte streams to peers, without blocking and on the caller's thread: real TCP or a simulated network. The speaker's loop is the only
/// caller, except for <see cref="Wake"/>.
/// </summary>
public interface ITransport : IDisposable
{
    /// <summary>Opens a listener. The error is the reason in words.</summary>
    bool TryListen(InetAddress address, ushort port, string? device, out IListener? listener, out string error);

    /// <summary>Begins a connection; the outcome comes as an event of it.</summary>
    bool TryConnect(in ConnectRequest request, out IConnection? connection, out string error);

    /// <summary>Router discovery on an interface. The error is the reason in words.</summary>
    bool TryOpenRouterSocket(string device, out IRouterSocket? socket, out string error);

    /// <summary>Where one of our addresses is; null if no interface has it.</summary>
    LocalLink? FindLink(InetAddress address);

    /// <summary>Hands over what happened since the last call; waits for something to happen for up to <paramref name="timeout"/> (negative: forever).</summary>
    void Poll(TimeSpan timeout, ITransportEvents events);

    /// <summary>Ends a wait in <see cref="Poll"/>, from any thread.</summary>
    void Wake();
}

/// <summary>Called from <see cref="ITransport.Poll"/>, on the loop's thread.</summary>
public interface ITransportEvents
{
    void OnAccepted(IListener listener, IConnection connection);

    /// <summary>A connection that was begun stands, or failed if <paramref name="error"/> is not null.</summary>
    void OnConnected(IConnection connection, string? error);

    /// <summary>Bytes, or the end of the stream, can be read.</summary>
    void OnReadable(IConnection connection);

    /// <summary>A connection that did not take all bytes can take more.</summary>
    void OnWritable(IConnection connection);

    /// <summary>Messages of routers can be received. Nothing for who opens no such socket.</summary>
    void OnRouterMessage(IRouterSocket socket)
    {
    }
}

/// <summary>ICMPv6 router solicitations and advertisements (RFC 4861) on one interface.</summary>
public interface IRouterSocket : IDisposable
{
    string Device { get; }

    /// <summary>The transport hands it back untouched.</summary>
    object? Owner { get; set; }

    /// <summary>One message, valid until the next call; false: nothing (more) is there.</summary>
    bool Receive(out InetAddress source, out byte hopLimit, out ReadOnlySpan<byte> message);

    /// <summary>To all routers or to all nodes of the link, with hop limit 255. Null, or why it was not sent, in words.</summary>
    string? Send(ReadOnlySpan<byte> message, bool toRouters);
}

public interface IListener : IDisposable
{
    InetAddress Address { get; }

    /// <summary>The port in use, also where 0 was asked for.</summary>
    ushort Port { get; }

    /// <summary>Sets or removes (null) the TCP MD5 key of a peer or range. The error is the reason in words, or null.</summary>
    string? SetPassword(IpPrefix peers, string? password);
}

public interface IConnection : IDisposable
{
    InetAddress LocalAddress { get; }
    InetAddress RemoteAddress { get; }

    /// <summary>The link of an IPv6 link-local <see cref="RemoteAddress"/>; null for others.</summary>
    string? Interface { get; }

    /// <summary>0 until the connection stands.</summary>
    ushort LocalPort { get; }
    ushort RemotePort { get; }

    /// <summary>Of the session's owner; the transport hands it back untouched.</summary>
    object? Owner { get; set; }

    /// <summary>Bytes read; 0: nothing there now; -1: the stream has ended or failed, with the reason in <see cref="Error"/>.</summary>
    int Read(Span<byte> destination);

    /// <summary>
    /// Bytes written, less than all if the peer does not read fast enough: then <see cref="ITransportEvents.OnWritable"/> will come. -1 if failed.
    /// The arrays must be pinned and stay unchanged during the call.
    /// </summary>
    int Write(ReadOnlySpan<ArraySegment<byte>> buffers);

    /// <summary>TTL of sent packets and least TTL of received ones (0: any).</summary>
    void SetTtl(byte send, byte receiveAtLeast);

    string Error { get; }
}

/// <param name="Device">Interface to bind to, also the scope of a link-local address; null for none.</param>
public readonly record struct ConnectRequest(
    InetAddress Remote, ushort Port, InetAddress? Local, string? Device, string? Password, byte Ttl, byte MinTtl);
