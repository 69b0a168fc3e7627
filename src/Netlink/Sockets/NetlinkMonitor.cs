using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using static Margay.Netlink.Sockets.NativeMethods;

namespace Margay.Netlink.Sockets;

/// <summary>Turns one notification into an event; false for one that is of no interest.</summary>
internal delegate bool EventReader<TEvent>(NetlinkMessage message, [NotNullWhen(true)] out TEvent? read);

/// <summary>
/// Reads notifications from a socket that it owns. A cancelled wait is woken through an eventfd. A lost notification (ENOBUFS) becomes the event
/// <c>overrun</c>, in the place where the gap is. What <c>ignoredSender</c> caused is passed over undecoded. One reader at a time.
/// </summary>
internal sealed unsafe class NetlinkMonitor<TEvent> : IDisposable
    where TEvent : class
{
    // While the consumer is slow, events are better kept as bytes in the kernel than as objects here.
    private const int ChannelCapacity = 256;

    private readonly NetlinkSocket _socket;
    private readonly EventReader<TEvent> _read;
    private readonly TEvent _overrun;
    private readonly uint _ignoredSender;
    private readonly Queue<TEvent> _waiting = new();
    private readonly Lazy<SafeFileHandle> _wake = new(() => new SafeFileHandle(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ownsHandle: true));

    internal NetlinkMonitor(NetlinkSocket socket, EventReader<TEvent> read, TEvent overrun, uint ignoredSender = 0)
    {
        _socket = socket;
        _read = read;
        _overrun = overrun;
        _ignoredSender = ignoredSender;
        // A kernel that takes no filter delivers them, and they are passed over here.
        if (ignoredSender != 0) socket.IgnoreSender(ignoredSender);
    }

    /// <summary>For poll and epoll.</summary>
    internal SafeFileHandle Handle => _socket.Handle;

    internal bool TryTake([NotNullWhen(true)] out TEvent? taken)
    {
        while (!_waiting.TryDequeue(out taken))
        {
            NetlinkResult received = _socket.ReceiveNotifications(this, static (message, self) =>
            {
                if (!self.IsIgnored(message) && self._read(message, out TEvent? read)) self._waiting.Enqueue(read);
            });
            if (received.IsOverrun) _waiting.Enqueue(_overrun);
            else if (received.Error == Errno.EAGAIN) return false;
            else received.ThrowIfFailed("read notifications");
        }
        return true;
    }

    /// <summary>The kernel itself, whose port is 0, is always heard.</summary>
    private bool IsIgnored(NetlinkMessage message) => _ignoredSender != 0 && message.Header.PortId == _ignoredSender;

    internal TEvent Read(CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(static self => ((NetlinkMonitor<TEvent>)self!).Wake(), this);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            if (TryTake(out TEvent? taken)) return taken;
            Wait();
        }
    }

    internal async IAsyncEnumerable<TEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Channel<TEvent> events = Channel.CreateBounded<TEvent>(new BoundedChannelOptions(ChannelCapacity) { SingleReader = true, SingleWriter = true });
        Thread reader = new(() => Pump(events.Writer, stop.Token), 256 << 10) { IsBackground = true, Name = "netlink monitor" };
        reader.Start();
        try
        {
            await foreach (TEvent e in events.Reader.ReadAllAsync(cancel).ConfigureAwait(false)) yield return e;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            reader.Join();
        }
    }

    private void Pump(ChannelWriter<TEvent> events, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                TEvent e = Read(stop);
                // This thread has nothing else to do: it may block until the consumer takes one.
                while (!events.TryWrite(e)) events.WaitToWriteAsync(stop).AsTask().GetAwaiter().GetResult();
            }
        }
        catch (OperationCanceledException)
        {
            events.TryComplete();
        }
#pragma warning disable CA1031 // given to the consumer
        catch (Exception e)
#pragma warning restore CA1031
        {
            events.TryComplete(e);
        }
    }

    private void Wait()
    {
        PollFd* fds = stackalloc PollFd[2];
        fds[0] = new PollFd { Fd = (int)_socket.Handle.DangerousGetHandle(), Events = POLLIN };
        fds[1] = new PollFd { Fd = (int)_wake.Value.DangerousGetHandle(), Events = POLLIN };
        _ = poll(fds, 2, -1);
        if ((fds[1].Revents & POLLIN) == 0) return;
        ulong count;
        _ = read(_wake.Value, (byte*)&count, sizeof(ulong));
    }

    private void Wake()
    {
        ulong one = 1;
        _ = write(_wake.Value, (byte*)&one, sizeof(ulong));
    }

    public void Dispose()
    {
        _socket.Dispose();
        if (_wake.IsValueCreated) _wake.Value.Dispose();
    }
}
