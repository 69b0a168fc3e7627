using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Margay.Agent.Health;

/// <summary>Tells systemd how the service is (sd_notify(3)): a datagram to the socket that it names. Nothing happens without one.</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _address;

    public ServiceManager(Func<string, string?> variable)
    {
        string? path = variable("NOTIFY_SOCKET");
        if (long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds > 0)
            WatchdogInterval = TimeSpan.FromMicroseconds(microseconds / 2.0);
        if (string.IsNullOrEmpty(path)) return;
        // A leading @ stands for the zero byte of an abstract name.
        _address = new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    }

    /// <summary>How often systemd is told that we live: half of what it allows. Null when it does not watch.</summary>
    public TimeSpan? WatchdogInterval { get; }

    public void Ready() => Send("READY=1");
    public void Stopping() => Send("STOPPING=1");

    /// <summary>Says that the service lives, as long as the loop that everything hangs on still answers.</summary>
    /// <param name="answer">Ends when the loop has answered.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends it; it does not end otherwise.</param>
    public async Task WatchAsync(Func<CancellationToken, Task> answer, TimeProvider time, CancellationToken cancel)
    {
        if (WatchdogInterval is not { } interval)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel).ConfigureAwait(false);
            return;
        }
        using PeriodicTimer timer = new(interval, time);
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
        {
            await answer(cancel).ConfigureAwait(false);
            Send("WATCHDOG=1");
        }
    }

    private void Send(string state)
    {
        if (_socket is null) return;
        try
        {
            _socket.SendTo(Encoding.ASCII.GetBytes(state), _address!);
        }
        catch (SocketException)
        {
            // The manager is restarting; it will judge by what it sees later.
        }
    }

    public void Dispose() => _socket?.Dispose();
}
