using Margay.Core.Net;

namespace Margay.Bgp.Transport;

/// <summary>
/// Datagrams of BFD (RFC 5881, 5883) to and from peers, without blocking and on the caller's thread: UDP of the kernel or a simulated network. The BFD loop is
/// the only caller, except for <see cref="Wake"/>.
/// </summary>
public interface IBfdTransport : IDisposable
{
    /// <summary>A way to send to one peer, from a source port of its own. The error is the reason in words.</summary>
    bool TryOpen(in BfdPath path, out IBfdSender? sender, out string error);

    /// <summary>Hands over what came since the last call; waits for something to come for up to <paramref name="timeout"/>.</summary>
    void Poll(TimeSpan timeout, IBfdReceiver receiver);

    /// <summary>Ends a wait in <see cref="Poll"/>, from any thread.</summary>
    void Wake();
}

/// <param name="Device">Interface to bind to, also the scope of a link-local address; null for none.</param>
public readonly record struct BfdPath(InetAddress Local, InetAddress Remote, string? Device, bool Multihop);

public interface IBfdSender : IDisposable
{
    /// <summary>Index of the path's device; 0 without one.</summary>
    int InterfaceIndex { get; }

    /// <summary>Null, or why the packet was not sent, in words.</summary>
    string? Send(ReadOnlySpan<byte> packet);
}

/// <summary>Called from <see cref="IBfdTransport.Poll"/>, on the loop's thread.</summary>
public interface IBfdReceiver
{
    void OnPacket(in BfdArrival arrival, ReadOnlySpan<byte> packet);
}

/// <param name="InterfaceIndex">Where it came in.</param>
/// <param name="Ttl">TTL or hop limit on arrival.</param>
/// <param name="Multihop">It came to the port of RFC 5883.</param>
public readonly record struct BfdArrival(InetAddress Source, InetAddress Destination, int InterfaceIndex, byte Ttl, bool Multihop);
