using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Hostile;

/// <summary>A peer that says exactly what a test tells it to, right or wrong.</summary>
internal sealed class RawPeer(SimNetwork network, InetAddress address) : ITransportEvents
{
    private readonly SimTransport _transport = network.AddHost(address);
    private readonly byte[] _buffer = new byte[1 << 16];

    internal IConnection? Connection { get; private set; }
    internal bool Connected { get; private set; }
    internal bool Ended { get; private set; }
    internal List<byte> Received { get; } = [];

    /// <summary>An acceptable OPEN of AS 65002 with IPv4 unicast and four-octet AS.</summary>
    internal static byte[] Open(InetAddress id) => new OpenMessage(65002, 90, id, new Capabilities
    {
        HasMultiprotocol = true,
        Families = FamilySet.IPv4Unicast,
        FourOctetAs = 65002,
    }).ToMessage();

    internal void Connect(InetAddress to)
    {
        Connected = Ended = false;
        Received.Clear();
        Assert.True(_transport.TryConnect(new ConnectRequest(to, 179, address, null, null, 0, 0), out IConnection? connection, out _));
        Connection = connection;
        connection!.Owner = this;
    }

    internal void Send(params byte[][] messages)
    {
        foreach (byte[] m in messages) Connection!.Write([new ArraySegment<byte>(m)]);
    }

    internal void Poll() => _transport.Poll(TimeSpan.Zero, this);

    /// <summary>The NOTIFICATION that was received, if any.</summary>
    internal NotificationMessage? Notification
    {
        get
        {
            ReadOnlySpan<byte> rest = Received.ToArray();
            while (rest.Length >= 19)
            {
                int length = rest[16] << 8 | rest[17];
                if (rest[18] == 3) return NotificationMessage.Read(rest[19..length]);
                rest = rest[length..];
            }
            return null;
        }
    }

    public void OnAccepted(IListener listener, IConnection connection) => connection.Dispose();

    public void OnConnected(IConnection connection, string? error) => Connected = error is null;

    public void OnReadable(IConnection connection)
    {
        int n = connection.Read(_buffer);
        if (n < 0) Ended = true;
        else Received.AddRange(_buffer.AsSpan(0, n));
    }

    public void OnWritable(IConnection connection)
    {
    }
}
