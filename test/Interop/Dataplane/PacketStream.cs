using System.Net;
using System.Net.Sockets;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Dataplane;

/// <summary>
/// Datagrams from one workload to another, one a millisecond, each from a fresh port or all from one; counts those that do not arrive. With fresh ports every packet
/// is new to connection tracking and walks the policy.
/// </summary>
internal sealed class PacketStream : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _receiver;
    private readonly Task _sending;
    private readonly Task _receiving;
    private int _sent;
    private int _received;

    private PacketStream(Socket receiver, Func<Socket> open, IPEndPoint to)
    {
        _receiver = receiver;
        _sending = Task.Run(async () =>
        {
            using PeriodicTimer tick = new(TimeSpan.FromMilliseconds(1));
            byte[] payload = [1];
            while (!_stop.IsCancellationRequested)
            {
                using (Socket sender = open())
                {
                    // 16 packets a port: some follow an answer-less first one, none is ever established.
                    for (int i = 0; i < 16; i++)
                    {
                        await sender.SendToAsync(payload, to);
                        _sent++;
                    }
                }
                await tick.WaitForNextTickAsync();
            }
        });
        _receiving = Task.Run(async () =>
        {
            byte[] buffer = new byte[16];
            try
            {
                while (true)
                {
                    await _receiver.ReceiveAsync(buffer);
                    _received++;
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        });
    }

    internal static PacketStream Start(NetworkNamespace from, NetworkNamespace to, InetAddress source, InetAddress destination, ushort port = 9)
    {
        Socket receiver = Traffic.Open(to, destination, SocketType.Dgram);
        receiver.ReceiveBufferSize = 8 << 20;
        receiver.Bind(new IPEndPoint(destination.ToIPAddress(), port));
        return new PacketStream(receiver, () => Traffic.Open(from, source, SocketType.Dgram), new IPEndPoint(destination.ToIPAddress(), port));
    }

    internal async Task<(int Sent, int Lost)> StopAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        // The last ones are on their way.
        for (int i = 0; i < 100 && _received < _sent; i++) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        return (_sent, _sent - _received);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        _receiver.Dispose();
        await _receiving;
        _stop.Dispose();
    }
}
