using Margay.Bgp.Transport;

namespace Margay.TestKit.Simulation;

/// <summary>BFD packets of a simulated host: datagrams with the network's delay, lost where a link is cut.</summary>
public sealed class SimBfdTransport : IBfdTransport
{
    private readonly SimTransport _host;
    private readonly Queue<(BfdArrival Arrival, byte[] Packet)> _received = new();

    public SimBfdTransport(SimTransport host)
    {
        _host = host;
        host.Bfd = this;
    }

    /// <summary>TTL of what arrives; 255 is a neighbour's.</summary>
    public byte ArrivalTtl { get; set; } = 255;

    public bool TryOpen(in BfdPath path, out IBfdSender? sender, out string error)
    {
        error = "";
        sender = new Sender(this, path);
        return true;
    }

    /// <summary>A packet as if from anywhere, there when the host polls next.</summary>
    public void Inject(BfdArrival arrival, byte[] packet) => _host.Schedule(TimeSpan.Zero, _ => _received.Enqueue((arrival, packet)));

    public void Poll(TimeSpan timeout, IBfdReceiver receiver)
    {
        while (_received.TryDequeue(out (BfdArrival Arrival, byte[] Packet) next)) receiver.OnPacket(next.Arrival, next.Packet);
    }

    public void Wake()
    {
    }

    public void Dispose() => _host.Bfd = null;

    private sealed class Sender(SimBfdTransport from, BfdPath path) : IBfdSender
    {
        public int InterfaceIndex => 0;

        public string? Send(ReadOnlySpan<byte> packet)
        {
            SimNetwork network = from._host.Network;
            if (network.HostOf(path.Remote) is not { } to || network.Loses(path.Local, path.Remote)) return null;
            byte[] bytes = packet.ToArray();
            to.Schedule(network.Delay, _ =>
            {
                if (to.Bfd is { } bfd) bfd._received.Enqueue((new BfdArrival(path.Local, path.Remote, 0, bfd.ArrivalTtl, path.Multihop), bytes));
            });
            return null;
        }

        public void Dispose()
        {
        }
    }
}
