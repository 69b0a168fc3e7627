using Margay.Bgp;
using Margay.Bgp.Bfd;
using Margay.Bgp.Discovery;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Fuzz;

/// <summary>The decoders of Margay.Bgp. Each promises: no exception whatever the bytes, and what was accepted can be written and read again.</summary>
internal static class BgpTargets
{
    internal static IEnumerable<FuzzTarget> All =>
    [
        new("bgp-header", Header),
        new("bgp-open", Open),
        new("bgp-notification", Notification),
        new("bgp-route-refresh", b => RouteRefreshMessage.Read(b)),
        new("bgp-update-internal", b => Update(b, new UpdateContext(true, true))),
        new("bgp-update-external", b => Update(b, new UpdateContext(true, false))),
        new("bgp-update-two-octet", b => Update(b, new UpdateContext(false, false))),
        .. Enumerable.Range(0, KnownFamilies.Count).Select(f => new FuzzTarget($"bgp-nlri-{KnownFamilies.Of(f)}", b => Nlri(b, f))),
        new("bgp-inbound", Inbound),
        new("bgp-bfd", Bfd),
        new("bgp-router-message", Router),
    ];

    private static void Bfd(byte[] bytes)
    {
        if (BfdPacket.TryRead(bytes, out BfdPacket packet) != BfdFault.None) return;
        byte[] again = new byte[BfdPacket.Length];
        packet.Write(again);
        if (BfdPacket.TryRead(again, out BfdPacket second) != BfdFault.None || second != packet) throw new InvalidOperationException("changed on the way");
        // Whatever it says, the session that takes it still knows when it is to act next, and does not send more than it may.
        Silent output = new();
        BfdSession session = new(1, BfdSpec.Default, output, new Random(1));
        session.Start(TimeSpan.Zero);
        TimeSpan now = TimeSpan.FromSeconds(1);
        for (int i = 0; i < 8; i++)
        {
            session.OnPacket(packet, now);
            if (session.Due == TimeSpan.MaxValue && session.TransmitInterval != TimeSpan.Zero && !packet.Demand) throw new InvalidOperationException("the session sleeps for ever");
            now = session.Due < now + TimeSpan.FromHours(1) ? session.Due : now + TimeSpan.FromHours(1);
            session.OnTimer(now);
        }
        if (output.Sent > 40) throw new InvalidOperationException("a flood");
    }

    private static void Router(byte[] bytes)
    {
        if (!RouterMessage.TryRead(bytes, out RouterMessage message)) return;
        byte[] again = new byte[RouterMessage.MaxLength];
        int length = message.Write(again);
        if (!RouterMessage.TryRead(again.AsSpan(0, length), out RouterMessage second) || second != message) throw new InvalidOperationException("changed on the way");
    }

    private sealed class Silent : IBfdOutput
    {
        internal int Sent { get; private set; }

        public void Send(in BfdPacket packet) => Sent++;

        public void OnStateChanged(BfdState was)
        {
        }
    }

    private static void Header(byte[] bytes)
    {
        if (bytes.Length < MessageHeader.Length) return;
        if (MessageHeader.Check(bytes.AsSpan(0, MessageHeader.Length), MessageHeader.MaxMessage, out int length, out _) is null && length is < 19 or > 4096)
            throw new InvalidOperationException("accepted an impossible length");
    }

    private static void Open(byte[] bytes)
    {
        if (OpenMessage.TryRead(bytes, out OpenMessage open) is not null) return;
        open.Capabilities.ToWords();
        byte[] again = open.ToMessage();
        if (OpenMessage.TryRead(again.AsSpan(MessageHeader.Length), out OpenMessage second) is { } fault) throw new InvalidOperationException($"our own OPEN is refused: {fault}");
        if (second.Asn != open.Asn && open.Capabilities.FourOctetAs is not null) throw new InvalidOperationException("the AS changed");
    }

    private static void Notification(byte[] bytes)
    {
        if (bytes.Length >= 2) _ = NotificationMessage.Read(bytes).ToString();
    }

    private static void Update(byte[] bytes, UpdateContext context)
    {
        byte[] scratch = new byte[(3 * bytes.Length) + 64];
        UpdateMessage u = UpdateMessage.Read(bytes, context, scratch);
        if (u.Outcome == UpdateOutcome.SessionReset != u.Error is not null) throw new InvalidOperationException("a reset needs a NOTIFICATION, and nothing else does");
        if (u.Outcome != UpdateOutcome.Ok && u.Fault is null) throw new InvalidOperationException("a fault needs words");
        if (u.Outcome is UpdateOutcome.SessionReset) return;
        // Canonical attributes are valid attributes, and canonical again.
        byte[] again = [0, 0, (byte)(u.Attributes.Length >> 8), (byte)u.Attributes.Length, .. u.Attributes];
        if (u.Attributes.Length > ushort.MaxValue) return;
        byte[] scratch2 = new byte[(3 * again.Length) + 64];
        UpdateMessage v = UpdateMessage.Read(again, new UpdateContext(true, true), scratch2);
        if (v.Outcome > UpdateOutcome.AttributeDiscard || !v.Attributes.SequenceEqual(u.Attributes)) throw new InvalidOperationException($"not canonical: {v.Fault}");
        PathAttributes a = new([0, 0, 0, .. u.Attributes]);
        _ = a.AsPath.ToString() + a.Communities.Length + a.LargeCommunities.Length + a.ExtendedCommunities.Length + a.ClusterList.Length + a.Med + a.LocalPref;
        if (!a.ToBuilder().Build().Equals(a)) throw new InvalidOperationException("the builder changes what it was given");
    }

    private static void Nlri(byte[] bytes, int family)
    {
        byte[] key = new byte[NlriCodec.MaxKey], payload = new byte[NlriCodec.MaxPayload], key2 = new byte[NlriCodec.MaxKey], payload2 = new byte[NlriCodec.MaxPayload];
        byte[] encoded = new byte[NlriCodec.MaxEncoded + 64];
        SpanReader r = new(bytes);
        while (!r.AtEnd)
        {
            int before = r.Remaining;
            NlriOutcome outcome = NlriCodec.Read(ref r, family, addPath: false, withdraw: false, key, payload, out NlriItem item);
            if (outcome == NlriOutcome.Broken) return;
            if (r.Remaining >= before) throw new InvalidOperationException("no progress");
            if (outcome == NlriOutcome.Skip) continue;
            if (item.KeyLength != NlriCodec.KeyLength(family, key)) throw new InvalidOperationException("key length");
            _ = new Nlri(KnownFamilies.Of(family), key[..item.KeyLength]).ToString();
            SpanWriter w = new(encoded);
            if (!NlriCodec.Write(ref w, family, false, 0, key.AsSpan(0, item.KeyLength), payload.AsSpan(0, item.PayloadLength))) throw new InvalidOperationException("does not fit");
            SpanReader again = new(w.Written);
            if (NlriCodec.Read(ref again, family, false, false, key2, payload2, out NlriItem second) != NlriOutcome.Ok) throw new InvalidOperationException("cannot read what was written");
            if (!again.AtEnd || !key.AsSpan().SequenceEqual(key2) || second.PayloadLength != item.PayloadLength
                || !payload.AsSpan(0, item.PayloadLength).SequenceEqual(payload2.AsSpan(0, item.PayloadLength))) throw new InvalidOperationException("changed on the way");
        }
    }

    // Into tables: after withdrawing all, nothing is left.
    private static void Inbound(byte[] bytes)
    {
        PathAttributeTable attributes = new();
        RibTable[] tables = [.. Enumerable.Range(0, KnownFamilies.Count).Select(f => new RibTable(f, attributes))];
        RibPeer peer = new(1, new RouteSource("fuzz", InetAddress.FromIPv4(1), 65001, InetAddress.FromIPv4(1), true, false));
        foreach (RibTable t in tables) t.SetPeer(peer);
        Inbound inbound = new(tables, attributes);
        InboundContext context = new() { Families = (FamilySet)63, LocalAs = 65000, SpeakerAs = 65000, RouterId = 2 };
        byte[] scratch = new byte[(3 * bytes.Length) + 64];
        UpdateMessage u = UpdateMessage.Read(bytes, new UpdateContext(true, false), scratch);
        if (u.Outcome == UpdateOutcome.SessionReset) return;
        inbound.Apply(peer, context, u);
        List<int> changed = [];
        foreach (RibTable t in tables)
        {
            t.TakeChanges(changed);
            t.RemoveAll(peer);
            t.TakeChanges(changed);
            t.Reclaim();
            if (t.PrefixCount != 0 || t.PathCount != 0) throw new InvalidOperationException("something was left");
        }
        if (attributes.Count != 0) throw new InvalidOperationException("attributes leak");
    }
}
