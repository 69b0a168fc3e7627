using System.Net.Sockets;
using System.Runtime.InteropServices;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Agent;

/// <summary>Sees every frame of a namespace, on all of its links (packet(7)), and notes those that bear a mark of <see cref="MarkedPacket"/>, wherever in them.</summary>
internal sealed class Witness : IAsyncDisposable
{
    private readonly HashSet<int> _seen = [];
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    internal Witness(string name, NetworkNamespace space)
    {
        const int packet = 17, raw = 3, closeOnExec = 0x80000, allProtocols = 0x0300;
        Name = name;
        _socket = space.Run(() =>
        {
            int descriptor = NativeMethods.socket(packet, raw | closeOnExec, allProtocols);
            if (descriptor < 0) throw new SocketException(Marshal.GetLastPInvokeError());
            return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        });
        _socket.ReceiveBufferSize = 8 << 20;
        _watching = Task.Run(WatchAsync);
    }

    internal string Name { get; }

    internal bool Saw(int mark)
    {
        lock (_seen) return _seen.Contains(mark);
    }

    private async Task WatchAsync()
    {
        byte[] buffer = new byte[65536];
        try
        {
            while (true)
            {
                int length = await _socket.ReceiveAsync(buffer, _stop.Token);
                if (MarkedPacket.MarkIn(buffer.AsSpan(0, length)) is not { } mark) continue;
                lock (_seen) _seen.Add(mark);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _socket.Dispose();
        _stop.Dispose();
    }
}
