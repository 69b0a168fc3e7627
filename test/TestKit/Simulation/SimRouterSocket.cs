using Margay.Bgp.Transport;
using Margay.Core.Net;

namespace Margay.TestKit.Simulation;

/// <summary>Router discovery on an interface of a simulated host.</summary>
public sealed class SimRouterSocket : IRouterSocket
{
    private readonly SimTransport _host;
    private readonly Queue<(InetAddress Source, byte HopLimit, byte[] Message)> _received = new();
    private byte[] _current = [];

    internal SimRouterSocket(SimTransport host, string device)
    {
        _host = host;
        Device = device;
        host.RouterSockets[device] = this;
    }

    public string Device { get; }
    public object? Owner { get; set; }

    /// <summary>A message as if from the link.</summary>
    public void Inject(InetAddress source, byte hopLimit, byte[] message) => _host.Schedule(_host.Network.Delay, events =>
    {
        _received.Enqueue((source, hopLimit, message));
        events.OnRouterMessage(this);
    });

    public bool Receive(out InetAddress source, out byte hopLimit, out ReadOnlySpan<byte> message)
    {
        bool any = _received.TryDequeue(out (InetAddress Source, byte HopLimit, byte[] Message) next);
        _current = any ? next.Message : [];
        source = next.Source;
        hopLimit = next.HopLimit;
        message = _current;
        return any;
    }

    public string? Send(ReadOnlySpan<byte> message, bool toRouters)
    {
        (SimTransport other, string device) = _host.Cables[Device];
        if (!_host.Network.IsCut(_host.LinkLocal, other.LinkLocal) && other.RouterSockets.TryGetValue(device, out SimRouterSocket? socket))
            socket.Inject(_host.LinkLocal, 255, message.ToArray());
        return null;
    }

    public void Dispose()
    {
        if (_host.RouterSockets.GetValueOrDefault(Device) == this) _host.RouterSockets.Remove(Device);
    }
}
