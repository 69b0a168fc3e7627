using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Says its name to whoever connects: with equal addresses in several networks, only that tells who answered.</summary>
internal sealed class Greeter : IAsyncDisposable
{
    internal const int Port = 8080;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    private readonly Socket _listener;
    private readonly Task _answering;

    internal Greeter(NetworkNamespace inside, string name)
    {
        _listener = inside.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        _listener.Bind(new IPEndPoint(IPAddress.IPv6Any, Port));
        _listener.Listen();
        _answering = Task.Run(() => AnswerAsync(Encoding.UTF8.GetBytes(name)));
    }

    /// <summary>Who answers at an address, seen from inside a namespace; null when nobody does.</summary>
    internal static async Task<string?> AskAsync(NetworkNamespace from, string address)
    {
        IPAddress to = IPAddress.Parse(address);
        using Socket socket = from.Run(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        using CancellationTokenSource limit = new(s_limit);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(to, Port), limit.Token);
            byte[] buffer = new byte[64];
            return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, limit.Token));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task AnswerAsync(byte[] name)
    {
        try
        {
            while (true)
            {
                using Socket client = await _listener.AcceptAsync();
                await client.SendAsync(name);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _answering;
    }
}
