using System.Buffers.Binary;
using Margay.Bgp.Wire;
using Margay.Core.Buffers;
using Margay.Core.Net;

namespace Margay.Bgp.Rib;

/// <summary>What an update is judged by besides the peer's policy.</summary>
internal sealed record InboundContext
{
    /// <summary>Families agreed with the peer; others are ignored.</summary>
    internal required FamilySet Families { get; init; }

    /// <summary>Families in which the peer's NLRI carry path ids.</summary>
    internal FamilySet AddPath { get; init; }

    /// <summary>Our AS towards the peer, and the speaker's own: either in AS_PATH is a loop.</summary>
    internal required uint LocalAs { get; init; }
    internal required uint SpeakerAs { get; init; }
    internal int AllowOwnAs { get; init; }
    /// <summary>Put in front of AS_PATH of what came; 0 is nothing.</summary>
    internal uint PrependAs { get; init; }
    internal required uint RouterId { get; init; }
    internal uint ClusterId { get; init; }

    /// <summary>Our address in the session: as a next hop it leads back to us.</summary>
    internal InetAddress LocalAddress { get; init; }
}

/// <summary>Brings an UPDATE into the tables: loop checks, import policy, one interning of the attributes for all its prefixes. Owned by the speaker's loop.</summary>
internal sealed class Inbound(RibTable[] tables, PathAttributeTable attributes)
{
    private readonly byte[] _block = new byte[UpdateMessage.ScratchSize + 128];
    private readonly byte[] _key = new byte[NlriCodec.MaxKey];
    private readonly byte[] _payload = new byte[NlriCodec.MaxPayload];

    /// <summary>NLRI that were skipped because malformed or of an unknown type, since the start.</summary>
    internal long Skipped { get; private set; }

    /// <summary>Null, or the NOTIFICATION that ends the session.</summary>
    internal NotificationMessage? Apply(RibPeer peer, InboundContext context, in UpdateMessage update)
    {
        if (!update.Withdrawn.IsEmpty && !Withdraw(peer, context, 0, update.Withdrawn)) return InvalidNetworkField;
        if (update.UnreachFamily >= 0 && context.Families.Has(update.UnreachFamily) && !Withdraw(peer, context, update.UnreachFamily, update.Unreach))
            return OptionalAttributeError;
        bool withdraw = update.Outcome == UpdateOutcome.TreatAsWithdraw;
        if (!update.Announced.IsEmpty && context.Families.Has(0))
        {
            bool read = withdraw ? Withdraw(peer, context, 0, update.Announced) : Announce(peer, context, 0, update.NextHop, update.Attributes, update.Announced);
            if (!read) return InvalidNetworkField;
        }
        if (update.ReachFamily >= 0 && !update.Reach.IsEmpty && context.Families.Has(update.ReachFamily))
        {
            int f = update.ReachFamily;
            bool read = withdraw ? Withdraw(peer, context, f, update.Reach) : Announce(peer, context, f, update.ReachNextHop, update.Attributes, update.Reach);
            if (!read) return OptionalAttributeError;
        }
        return null;
    }

    private static NotificationMessage InvalidNetworkField => NotificationMessage.Update(UpdateSubcode.InvalidNetworkField);
    private static NotificationMessage OptionalAttributeError => NotificationMessage.Update(UpdateSubcode.OptionalAttributeError);

    /// <summary>False if the field cannot be read to its end.</summary>
    private bool Withdraw(RibPeer peer, InboundContext context, int family, ReadOnlySpan<byte> nlri)
    {
        RibTable table = tables[family];
        bool addPath = context.AddPath.Has(family);
        SpanReader r = new(nlri);
        while (!r.AtEnd)
        {
            switch (NlriCodec.Read(ref r, family, addPath, withdraw: true, _key, _payload, out NlriItem item))
            {
                case NlriOutcome.Ok:
                    table.Withdraw(peer, _key, item.PathId);
                    break;
                case NlriOutcome.Skip:
                    Skipped++;
                    break;
                default:
                    return false;
            }
        }
        return true;
    }

    private bool Announce(RibPeer peer, InboundContext context, int family, ReadOnlySpan<byte> nextHop, ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> nlri)
    {
        RibTable table = tables[family];
        bool addPath = context.AddPath.Has(family);
        SpanReader r = new(nlri);
        int id = 0, payloadLength = -1, payloadAt = 3 + nextHop.Length;
        PathReason unusable = PathReason.Best;
        bool complete = true;
        while (!r.AtEnd)
        {
            NlriOutcome outcome = NlriCodec.Read(ref r, family, addPath, withdraw: false, _key, _payload, out NlriItem item);
            if (outcome == NlriOutcome.Skip)
            {
                Skipped++;
                continue;
            }
            if (outcome == NlriOutcome.Broken)
            {
                complete = false;
                break;
            }
            ReadOnlySpan<byte> payload = _payload.AsSpan(0, item.PayloadLength);
            // Routes of one UPDATE nearly always share labels and gateway too.
            if (payloadLength != payload.Length || !_block.AsSpan(payloadAt, payloadLength).SequenceEqual(payload))
            {
                attributes.Release(id);
                payloadLength = payload.Length;
                id = attributes.Intern(Block(nextHop, payload, encoded));
                unusable = WhyUnusable(peer, context, attributes[id]);
            }
            Import(table, peer, context, item, id, unusable);
        }
        attributes.Release(id);
        return complete;
    }

    private ReadOnlySpan<byte> Block(ReadOnlySpan<byte> nextHop, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> encoded)
    {
        SpanWriter w = new(_block);
        w.WriteByte((byte)nextHop.Length);
        w.WriteBytes(nextHop);
        w.WriteUInt16BigEndian((ushort)payload.Length);
        w.WriteBytes(payload);
        w.WriteBytes(encoded);
        return w.Written;
    }

    private void Import(RibTable table, RibPeer peer, InboundContext context, in NlriItem item, int id, PathReason unusable)
    {
        if (context.PrependAs == 0 || unusable != PathReason.Best)
        {
            Filter(table, peer, item, id, id, unusable);
            return;
        }
        int longer = attributes.Intern(attributes[id].ToBuilder().PrependAsPath(context.PrependAs).Build());
        Filter(table, peer, item, id, longer, unusable);
        attributes.Release(longer);
    }

    // From what was received to what the filter makes of it, by way of what it is given.
    private void Filter(RibTable table, RibPeer peer, in NlriItem item, int received, int given, PathReason unusable)
    {
        if (unusable != PathReason.Best || peer.Import is null)
        {
            if (unusable != PathReason.Best) peer.Refused[(int)unusable]++;
            table.Announce(peer, _key, item.PathId, received, given, unusable);
            return;
        }
        Nlri nlri = new(KnownFamilies.Of(table.Family), _key.AsSpan(0, item.KeyLength).ToArray());
        FilterResult result = peer.Import.Apply(new FilterContext(nlri, attributes[given], peer.Source, peer.IsExternal));
        if (result.IsDistrusted)
        {
            peer.Distrusted++;
            peer.WhyDistrusted ??= $"{nlri}: {result.Reason}";
        }
        if (result is { Accepted: true, Attributes: { } changed })
        {
            int imported = attributes.Intern(changed);
            table.Announce(peer, _key, item.PathId, received, imported, PathReason.Best);
            attributes.Release(imported);
            return;
        }
        if (!result.Accepted) peer.Refused[(int)PathReason.ImportFilter]++;
        table.Announce(peer, _key, item.PathId, received, given, result.Accepted ? PathReason.Best : PathReason.ImportFilter);
    }

    internal static PathReason WhyUnusable(RibPeer peer, InboundContext context, PathAttributes a)
    {
        if (peer.DenyImport) return PathReason.NoImportPolicy;
        if (a.AsPathLength > 0 && HasOwnAs(a, context)) return PathReason.AsLoop;
        // RFC 4456 §8.
        if (a.OriginatorId != 0 && a.OriginatorId == context.RouterId) return PathReason.OriginatorLoop;
        if (a.ClusterListLength != 0 && HasCluster(a.Value(AttributeType.ClusterList), context.ClusterId)) return PathReason.ClusterLoop;
        if (!a.NextHopBytes.IsEmpty && a.NextHop == context.LocalAddress) return PathReason.OwnNextHop;
        return PathReason.Best;
    }

    private static bool HasOwnAs(PathAttributes a, InboundContext context)
    {
        AsPath path = a.AsPath;
        int n = path.Count(context.LocalAs);
        if (context.SpeakerAs != context.LocalAs) n += path.Count(context.SpeakerAs);
        return n > context.AllowOwnAs;
    }

    private static bool HasCluster(ReadOnlySpan<byte> list, uint cluster)
    {
        for (; list.Length >= 4; list = list[4..])
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(list) == cluster) return true;
        }
        return false;
    }

    /// <summary>Judges all paths of the peer anew, from what was received: after a change of policy, without asking the peer.</summary>
    internal void Reimport(RibPeer peer, InboundContext context, int family)
    {
        RibTable table = tables[family];
        for (int i = peer.FirstPath[family]; i >= 0; i = table.Path(i).NextOfPeer)
        {
            RibTable.PathEntry path = table.Path(i);
            NlriItem item = new() { PathId = path.PathId, KeyLength = table.CopyKey(path.Prefix, _key) };
            attributes.AddReference(path.Received);
            Import(table, peer, context, item, path.Received, WhyUnusable(peer, context, attributes[path.Received]));
            attributes.Release(path.Received);
            table.Path(i).Stale = path.Stale;
        }
    }
}
