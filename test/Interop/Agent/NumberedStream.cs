using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>A thousand numbered datagrams a second. Those that do not arrive are lost; one that arrives twice is not counted twice.</summary>
internal sealed class NumberedStream : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<int> _arrived = [];
    private readonly Socket _sender;
    private readonly Socket _receiver;
    private readonly Task _sending;
    private readonly Task _receiving;
    private int _sent;

    /// <param name="known">What the receiver's address is translated from, if it is.</param>
    internal NumberedStream(NetworkNamespace from, string source, NetworkNamespace to, string destination, string? known = null)
    {
        IPEndPoint target = new(IPAddress.Parse(known ?? destination), 7777);
        _receiver = to.Run(() => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        _receiver.ReceiveBufferSize = 8 << 20;
        _receiver.Bind(new IPEndPoint(IPAddress.Parse(destination), target.Port));
        _sender = from.Run(() => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        _sender.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        _receiving = Task.Run(ReceiveAsync);
        _sending = Task.Run(() => SendAsync(target));
    }

    /// <summary>Until two more seconds' worth has been sent: what a restarted agent puts right, it puts right within that.</summary>
    internal Task GoOnAsync()
    {
        int enough = Volatile.Read(ref _sent) + 2000;
        return Eventually.Async(() => Task.FromResult(Volatile.Read(ref _sent) >= enough), TimeSpan.FromSeconds(30));
    }

    private async Task SendAsync(EndPoint target)
    {
        using PeriodicTimer tick = new(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            // A timer that was late makes up for it: the rate is kept.
            for (int due = (int)TimeProvider.System.GetElapsedTime(start).TotalMilliseconds; _sent < due; _sent++) await SendAsync(target, _sent);
            await tick.WaitForNextTickAsync();
        }
    }

    private async Task SendAsync(EndPoint target, int number)
    {
        try
        {
            await _sender.SendToAsync(BitConverter.GetBytes(number), SocketFlags.None, target, _stop.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // An ICMP error for one before it, or the buffer is full of what waits for a neighbour. Either is lost, and counted so.
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[16];
        try
        {
            while (true)
            {
                await _receiver.ReceiveAsync(buffer);
                lock (_arrived) _arrived.Add(BitConverter.ToInt32(buffer));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    internal async Task<(int Sent, int Lost)> StopAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        await Eventually.WithinAsync(() => Task.FromResult(Count() == _sent), TimeSpan.FromSeconds(3));
        return (_sent, _sent - Count());
    }

    /// <summary>Numbers of those lost, which are milliseconds since the beginning.</summary>
    internal string Lost()
    {
        lock (_arrived) return string.Join(' ', Enumerable.Range(0, _sent).Where(n => !_arrived.Contains(n)).Take(50).Select(n => n.ToString(CultureInfo.InvariantCulture)));
    }

    private int Count()
    {
        lock (_arrived) return _arrived.Count;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        _sender.Dispose();
        _receiver.Dispose();
        await _receiving;
        _stop.Dispose();
    }
}
