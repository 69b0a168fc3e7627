using System.Buffers.Binary;
using Margay.Bgp.Bmp;
using Margay.Bgp.Transport;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Bmp;

/// <summary>A message as a station has it: the per-peer header taken apart where there is one.</summary>
internal sealed record StationMessage(BmpMessageType Type, byte PeerType, byte Flags, InetAddress Peer, uint Asn, byte[] Body);

/// <summary>A monitoring station on the simulated network: keeps what each stream said, and the routes that follow from it.</summary>
internal sealed class Station : ITransportEvents
{
    private readonly SimTransport _transport;
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly List<byte> _stream = [];

    internal Station(SimNetwork network, InetAddress address)
    {
        _transport = network.AddHost(address);
        Assert.True(_transport.TryListen(InetAddress.AnyV4, 1790, null, out _, out _));
    }

    internal List<StationMessage> Messages { get; } = [];

    /// <summary>Routes by peer, flags and what identifies them; the value is the next hop and attributes.</summary>
    internal Dictionary<string, string> Routes { get; } = [];
    internal SimConnection? Connection { get; private set; }
    internal int Connections { get; private set; }
    internal bool Ended { get; private set; }

    internal void Poll() => _transport.Poll(TimeSpan.Zero, this);

    internal IEnumerable<StationMessage> Of(BmpMessageType type) => Messages.Where(m => m.Type == type);

    public void OnAccepted(IListener listener, IConnection connection)
    {
        Connection = (SimConnection)connection;
        connection.Owner = this;
        Connections++;
        Ended = false;
        _stream.Clear();
        Messages.Clear();
        Routes.Clear();
    }

    public void OnConnected(IConnection connection, string? error)
    {
    }

    public void OnWritable(IConnection connection)
    {
    }

    public void OnReadable(IConnection connection)
    {
        int n = connection.Read(_buffer);
        if (n < 0)
        {
            Ended = true;
            return;
        }
        _stream.AddRange(_buffer.AsSpan(0, n));
        byte[] all = [.. _stream];
        int at = 0;
        for (; all.Length - at >= 6 && Length(all, at) <= all.Length - at; at += Length(all, at)) Take(all.AsSpan(at, Length(all, at)));
        _stream.RemoveRange(0, at);
    }

    private static int Length(byte[] bytes, int at) => (int)BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 1));

    private void Take(ReadOnlySpan<byte> message)
    {
        Assert.Equal(3, message[0]);
        BmpMessageType type = (BmpMessageType)message[5];
        if (type is BmpMessageType.InitiationMessage or BmpMessageType.TerminationMessage)
        {
            Messages.Add(new StationMessage(type, 0, 0, default, 0, message[6..].ToArray()));
            return;
        }
        ReadOnlySpan<byte> address = message.Slice(16, 16);
        InetAddress peer = (message[7] & 0x80) != 0 ? InetAddress.FromBytes(address) : InetAddress.FromBytes(address[12..]);
        StationMessage m = new(type, message[6], message[7], peer, BinaryPrimitives.ReadUInt32BigEndian(message[32..]), message[48..].ToArray());
        Messages.Add(m);
        if (type == BmpMessageType.RouteMonitoring) Apply(m);
        if (type != BmpMessageType.PeerDownNotification) return;
        foreach (string gone in Routes.Keys.Where(k => k.StartsWith($"{m.PeerType} {m.Peer} ", StringComparison.Ordinal)).ToArray()) Routes.Remove(gone);
    }

    private void Apply(StationMessage m)
    {
        UpdateMessage u = UpdateMessage.Read(m.Body.AsSpan(MessageHeader.Length), new UpdateContext(true, Internal: true), new byte[UpdateMessage.ScratchSize]);
        Assert.Equal(UpdateOutcome.Ok, u.Outcome);
        Each(m, 0, u.Withdrawn, true, null);
        if (u.UnreachFamily >= 0) Each(m, u.UnreachFamily, u.Unreach, true, null);
        Each(m, 0, u.Announced, false, Convert.ToHexStringLower(u.NextHop) + " " + Convert.ToHexStringLower(u.Attributes));
        if (u.ReachFamily >= 0) Each(m, u.ReachFamily, u.Reach, false, Convert.ToHexStringLower(u.ReachNextHop) + " " + Convert.ToHexStringLower(u.Attributes));
    }

    private void Each(StationMessage m, int family, ReadOnlySpan<byte> nlri, bool withdraw, string? value)
    {
        byte[] key = new byte[NlriCodec.MaxKey], payload = new byte[NlriCodec.MaxPayload];
        SpanReader r = new(nlri);
        while (!r.AtEnd)
        {
            Assert.Equal(NlriOutcome.Ok, NlriCodec.Read(ref r, family, false, withdraw, key, payload, out NlriItem item));
            string name = $"{m.PeerType} {m.Peer} {m.Flags:x2} {new Nlri(KnownFamilies.Of(family), key.AsSpan(0, item.KeyLength).ToArray())}";
            if (withdraw) Routes.Remove(name);
            else Routes[name] = value!;
        }
    }
}
