using System.Net;
using System.Net.Sockets;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Dataplane;

/// <summary>A TCP connection or a UDP exchange that lives on, so that a test can see whether it still does.</summary>
internal sealed class Conversation : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    private readonly Socket? _listener;
    private readonly Socket _client;
    private readonly Socket _server;

    private Conversation(Socket? listener, Socket client, Socket server)
    {
        _listener = listener;
        _client = client;
        _server = server;
    }

    internal static async Task<Conversation> TcpAsync(NetworkNamespace from, NetworkNamespace to, InetAddress address, ushort port)
    {
        Socket listener = Traffic.Open(to, address, SocketType.Stream);
        listener.Bind(new IPEndPoint(address.ToIPAddress(), port));
        listener.Listen();
        Socket client = Traffic.Open(from, address, SocketType.Stream);
        client.NoDelay = true;
        await client.ConnectAsync(new IPEndPoint(address.ToIPAddress(), port), new CancellationTokenSource(TimeSpan.FromSeconds(10)).Token);
        return new Conversation(listener, client, await listener.AcceptAsync());
    }

    /// <summary>Both sides have spoken: the kernel calls it established.</summary>
    internal static async Task<Conversation> UdpAsync(NetworkNamespace from, NetworkNamespace to, InetAddress source, InetAddress address, ushort port)
    {
        Socket server = Traffic.Open(to, address, SocketType.Dgram), client = Traffic.Open(from, address, SocketType.Dgram);
        server.Bind(new IPEndPoint(address.ToIPAddress(), port));
        client.Bind(new IPEndPoint(source.ToIPAddress(), 5000));
        client.Connect(new IPEndPoint(address.ToIPAddress(), port));
        server.Connect(new IPEndPoint(source.ToIPAddress(), 5000));
        Conversation made = new(null, client, server);
        Assert.True(await made.IsAliveAsync());
        return made;
    }

    /// <summary>A byte goes there and one comes back.</summary>
    internal async Task<bool> IsAliveAsync()
    {
        try
        {
            using CancellationTokenSource patience = new(Patience);
            byte[] buffer = new byte[64];
            await _client.SendAsync(new byte[] { 1 });
            await _server.ReceiveAsync(buffer, patience.Token);
            await _server.SendAsync(new byte[] { 2 });
            await _client.ReceiveAsync(buffer, patience.Token);
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _listener?.Dispose();
    }
}
