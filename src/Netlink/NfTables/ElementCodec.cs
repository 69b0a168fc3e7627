using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>
/// NFT_MSG_*SETELEM. The kernel knows ranges in two forms: in a set of concatenations an element has both ends in itself; in any other the tree holds
/// two elements, the first key, and the first key after the range with a flag.
/// </summary>
internal static class ElementCodec
{
    // Below the 64 KiB that the list may have, by more than the largest element.
    private const int MaxListLength = 60_000;

    /// <summary>Writes as many messages as the elements need; none when there are no elements. Returns how many.</summary>
    internal static int Write(ref MessageBuffer buffer, int message, int flags, NftSet set, IEnumerable<NftElement> elements)
    {
        int messages = 0;
        using IEnumerator<NftElement> all = elements.GetEnumerator();
        bool more = all.MoveNext();
        while (more)
        {
            MessageWriter m = Begin(ref buffer, message, flags, set.Family, set.Table, set.Name);
            if (set.Id != 0) m.UInt32BigEndian(NFTA_SET_ELEM_LIST_SET_ID, set.Id);
            int list = m.BeginNested(NFTA_SET_ELEM_LIST_ELEMENTS);
            do
            {
                WriteElement(ref m, set, all.Current);
                more = all.MoveNext();
            }
            while (more && m.Position - list < MaxListLength);
            m.EndNested(list);
            m.End();
            messages++;
        }
        return messages;
    }

    /// <summary>Deleting without naming elements empties the set.</summary>
    internal static void WriteFlush(ref MessageBuffer buffer, NftFamily family, string table, string set) =>
        Begin(ref buffer, NFT_MSG_DELSETELEM, 0, family, table, set).End();

    internal static void WriteGet(ref MessageBuffer buffer, NftSet set) =>
        Begin(ref buffer, NFT_MSG_GETSETELEM, NLM_F_DUMP, set.Family, set.Table, set.Name).End();

    private static MessageWriter Begin(ref MessageBuffer buffer, int message, int flags, NftFamily family, string table, string set)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(message), flags);
        m.Header(NfTablesMessage.Header(family));
        m.String(NFTA_SET_ELEM_LIST_TABLE, table);
        m.String(NFTA_SET_ELEM_LIST_SET, set);
        return m;
    }

    private static void WriteElement(ref MessageWriter m, NftSet set, NftElement element)
    {
        bool tree = set.Interval && !set.Key.IsConcatenation && !element.CatchAll;
        int nest = m.BeginNested(NFTA_LIST_ELEM);
        if (element.CatchAll) m.UInt32BigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_CATCHALL);
        else NftData.Write(ref m, NFTA_SET_ELEM_KEY, element.Key);
        if (set.IsConcatenatedInterval && !element.CatchAll) NftData.Write(ref m, NFTA_SET_ELEM_KEY_END, element.KeyEnd ?? element.Key);
        if (element.Data is { } data) NftData.Write(ref m, NFTA_SET_ELEM_DATA, data);
        if (element.Verdict is { } verdict) NftData.Write(ref m, NFTA_SET_ELEM_DATA, verdict);
        if (element.Object is { } name) m.String(NFTA_SET_ELEM_OBJREF, name);
        if (element.Timeout is { } timeout) m.UInt64BigEndian(NFTA_SET_ELEM_TIMEOUT, (ulong)timeout.TotalMilliseconds);
        UserData.WriteComment(ref m, NFTA_SET_ELEM_USERDATA, element.Comment);
        m.EndNested(nest);
        if (tree && (element.KeyEnd ?? element.Key).Next() is { } after)
        {
            int end = m.BeginNested(NFTA_LIST_ELEM);
            NftData.Write(ref m, NFTA_SET_ELEM_KEY, after);
            m.UInt32BigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
            m.EndNested(end);
        }
    }

    /// <summary>Adds the elements of one message, as the kernel has them. <see cref="Fold"/> joins the two halves of ranges.</summary>
    internal static bool TryRead(NetlinkMessage message, List<(NftElement Element, bool IntervalEnd)> into)
    {
        if (!message.TryRead(out NfGenMsg _, out AttributeReader attributes)) return false;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type != NFTA_SET_ELEM_LIST_ELEMENTS) continue;
            AttributeReader list = a.Nested;
            while (list.TryRead(out NetlinkAttribute element)) into.Add(ReadElement(element.Nested));
            if (list.Failed) return false;
        }
        return !attributes.Failed;
    }

    internal static NftElementsEvent? TryReadEvent(NetlinkMessage message, bool removed)
    {
        List<(NftElement Element, bool IntervalEnd)> raw = [];
        if (!TryRead(message, raw) || !message.TryRead(out NfGenMsg header, out AttributeReader attributes)) return null;
        string table = "", set = "";
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NFTA_SET_ELEM_LIST_TABLE) table = a.String;
            else if (a.Type == NFTA_SET_ELEM_LIST_SET) set = a.String;
        }
        return new NftElementsEvent((NftFamily)header.Family, table, set,
            [.. raw.Where(r => !r.IntervalEnd).Select(r => r.Element)], [.. raw.Where(r => r.IntervalEnd).Select(r => r.Element.Key)], removed);
    }

    private static (NftElement Element, bool IntervalEnd) ReadElement(AttributeReader attributes)
    {
        NftElement element = default;
        uint flags = 0;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_SET_ELEM_KEY: element = element with { Key = NftData.ReadValue(a) }; break;
                case NFTA_SET_ELEM_KEY_END: element = element with { KeyEnd = NftData.ReadValue(a) }; break;
                case NFTA_SET_ELEM_FLAGS: flags = a.UInt32BigEndian; break;
                case NFTA_SET_ELEM_OBJREF: element = element with { Object = a.String }; break;
                case NFTA_SET_ELEM_TIMEOUT: element = element with { Timeout = a.Milliseconds }; break;
                case NFTA_SET_ELEM_EXPIRATION: element = element with { Expires = a.Milliseconds }; break;
                case NFTA_SET_ELEM_USERDATA: element = element with { Comment = UserData.ReadComment(a) }; break;
                case NFTA_SET_ELEM_EXPR when ExpressionReader.Read(a.Nested) is NftCounter c:
                    element = element with { Counter = new NftCounterValue(c.Packets, c.Bytes) };
                    break;
                case NFTA_SET_ELEM_DATA:
                    NftData.Read(a, out NftValue? value, out NftVerdict? verdict);
                    element = element with { Data = value, Verdict = verdict };
                    break;
            }
        }
        if (element.KeyEnd == element.Key) element = element with { KeyEnd = null };
        return (element with { CatchAll = (flags & NFT_SET_ELEM_CATCHALL) != 0 }, (flags & NFT_SET_ELEM_INTERVAL_END) != 0);
    }

    /// <summary>The elements as they were added: in a tree of intervals each start is joined with the end that follows it.</summary>
    internal static List<NftElement> Fold(NftSet set, List<(NftElement Element, bool IntervalEnd)> raw)
    {
        if (!set.Interval || set.Key.IsConcatenation) return raw.ConvertAll(r => r.Element);
        // At the same key the end of one range comes before the start of the next.
        raw.Sort((a, b) => a.Element.Key.CompareTo(b.Element.Key) is var c and not 0 ? c : b.IntervalEnd.CompareTo(a.IntervalEnd));
        List<NftElement> folded = new(raw.Count / 2 + 1);
        for (int i = 0; i < raw.Count; i++)
        {
            (NftElement element, bool isEnd) = raw[i];
            if (isEnd) continue;
            if (element.CatchAll)
            {
                folded.Add(element);
                continue;
            }
            NftValue last = i + 1 < raw.Count && raw[i + 1].Element.Key.Previous() is { } previous ? previous : Highest(element.Key.Length);
            folded.Add(element with { KeyEnd = last == element.Key ? null : last });
        }
        return folded;
    }

    private static NftValue Highest(int length)
    {
        Span<byte> bytes = stackalloc byte[length];
        bytes.Fill(0xff);
        return NftValue.FromBytes(bytes);
    }
}
