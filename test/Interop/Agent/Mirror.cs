using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Tells whoever connects the address that he comes from.</summary>
internal sealed class Mirror : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    private readonly Socket _listener;
    private readonly Task _answering;

    internal Mirror(NetworkNamespace inside, int port)
    {
        _listener = inside.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        _listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        _listener.Listen();
        _answering = Task.Run(AnswerAsync);
    }

    /// <summary>As whom one is seen at an address; null when nobody answers.</summary>
    /// <param name="localPort">To come from.</param>
    internal static async Task<string?> AskAsync(NetworkNamespace from, string address, int port, int localPort = 0)
    {
        IPAddress to = IPAddress.Parse(address);
        using Socket socket = from.Run(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        if (localPort != 0) socket.Bind(new IPEndPoint(to.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, localPort));
        using CancellationTokenSource limit = new(s_limit);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(to, port), limit.Token);
            byte[] buffer = new byte[64];
            return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, limit.Token));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                using Socket client = await _listener.AcceptAsync();
                IPAddress address = ((IPEndPoint)client.RemoteEndPoint!).Address;
                await client.SendAsync(Encoding.UTF8.GetBytes((address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()));
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
