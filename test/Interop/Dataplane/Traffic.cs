using System.Net;
using System.Net.Sockets;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Dataplane;

/// <summary>Real packets from one namespace to another.</summary>
internal static class Traffic
{
    /// <summary>How long a packet that gets through may take on a busy machine; one that is dropped takes all of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether a TCP connection comes about.</summary>
    internal static async Task<bool> ConnectsAsync(NetworkNamespace from, NetworkNamespace to, InetAddress address, ushort port)
    {
        using Socket listener = Open(to, address, SocketType.Stream);
        listener.Bind(new IPEndPoint(address.ToIPAddress(), port));
        listener.Listen();
        using Socket client = Open(from, address, SocketType.Stream);
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await client.ConnectAsync(new IPEndPoint(address.ToIPAddress(), port), patience.Token);
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether a datagram arrives, sent from <paramref name="source"/> if given (it need not be the sender's own).</summary>
    internal static async Task<bool> ArrivesAsync(NetworkNamespace from, NetworkNamespace to, InetAddress address, ushort port, InetAddress? source = null)
    {
        using Socket receiver = Open(to, address, SocketType.Dgram);
        receiver.Bind(new IPEndPoint(address.ToIPAddress(), port));
        using Socket sender = Open(from, address, SocketType.Dgram);
        if (source is { } forged) sender.Bind(new IPEndPoint(forged.ToIPAddress(), 0));
        try
        {
            await sender.SendToAsync(new byte[] { 1 }, new IPEndPoint(address.ToIPAddress(), port));
            using CancellationTokenSource patience = new(Patience);
            await receiver.ReceiveAsync(new byte[1], patience.Token);
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return false;
        }
    }

    internal static Socket Open(NetworkNamespace space, InetAddress family, SocketType type) =>
        space.Run(() =>
        {
            Socket socket = new(family.AddressFamily, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
            // SOL_IP/IP_TRANSPARENT and SOL_IPV6/IPV6_TRANSPARENT: any source address may be sent from.
            socket.SetRawSocketOption(family.IsIPv6 ? 41 : 0, family.IsIPv6 ? 75 : 19, BitConverter.GetBytes(1));
            return socket;
        });
}
