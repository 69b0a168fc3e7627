using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>NFT_MSG_*SET.</summary>
internal static class SetCodec
{
    internal static void WriteNew(ref MessageBuffer buffer, NftSet set, int flags)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(NFT_MSG_NEWSET), flags);
        m.Header(NfTablesMessage.Header(set.Family));
        m.String(NFTA_SET_TABLE, set.Table);
        m.String(NFTA_SET_NAME, set.Name);
        m.UInt32BigEndian(NFTA_SET_FLAGS, set.Flags);
        m.UInt32BigEndian(NFTA_SET_KEY_TYPE, set.Key.Number);
        m.UInt32BigEndian(NFTA_SET_KEY_LEN, (uint)set.Key.Length);
        if (set.Data is { } data)
        {
            bool verdict = data == NftDataType.Verdict;
            m.UInt32BigEndian(NFTA_SET_DATA_TYPE, verdict ? NFT_DATA_VERDICT : data.Number);
            m.UInt32BigEndian(NFTA_SET_DATA_LEN, verdict ? 0 : (uint)data.Length);
        }
        if (set.Object is { } kind) m.UInt32BigEndian(NFTA_SET_OBJ_TYPE, (uint)kind);
        m.UInt32BigEndian(NFTA_SET_ID, set.Id);
        if (set.PreferMemory) m.UInt32BigEndian(NFTA_SET_POLICY, NFT_SET_POL_MEMORY);
        WriteDescription(ref m, set);
        if (set.Timeout is { } timeout) m.UInt64BigEndian(NFTA_SET_TIMEOUT, (ulong)timeout.TotalMilliseconds);
        if (set.GarbageCollectionInterval is { } gc) m.UInt32BigEndian(NFTA_SET_GC_INTERVAL, (uint)gc.TotalMilliseconds);
        UserData.WriteSet(ref m, NFTA_SET_USERDATA, set);
        if (set.Counters) new NftCounter().WriteTemplate(ref m, NFTA_SET_EXPR);
        m.End();
    }

    private static void WriteDescription(ref MessageWriter m, NftSet set)
    {
        if (set.Size == 0 && !set.IsConcatenatedInterval) return;
        int description = m.BeginNested(NFTA_SET_DESC);
        if (set.Size != 0) m.UInt32BigEndian(NFTA_SET_DESC_SIZE, set.Size);
        if (set.IsConcatenatedInterval)
        {
            int fields = m.BeginNested(NFTA_SET_DESC_CONCAT);
            foreach (NftDataType field in set.Key.Fields)
            {
                int element = m.BeginNested(NFTA_LIST_ELEM);
                m.UInt32BigEndian(NFTA_SET_FIELD_LEN, (uint)field.Length);
                m.EndNested(element);
            }
            m.EndNested(fields);
        }
        m.EndNested(description);
    }

    internal static void WriteDelete(ref MessageBuffer buffer, int message, NftFamily family, string table, string name)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(message), 0);
        m.Header(NfTablesMessage.Header(family));
        m.String(NFTA_SET_TABLE, table);
        m.String(NFTA_SET_NAME, name);
        m.End();
    }

    internal static void WriteGet(ref MessageBuffer buffer, NftFamily family, string? table)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(NFT_MSG_GETSET), NLM_F_DUMP);
        m.Header(NfTablesMessage.Header(family));
        if (table is not null) m.String(NFTA_SET_TABLE, table);
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out NftSet set)
    {
        set = null!;
        if (!message.TryRead(out NfGenMsg header, out AttributeReader attributes)) return false;
        uint flags = 0, keyType = 0, keyLength = 0, dataType = 0, dataLength = 0, objectType = 0;
        NftSet read = new((NftFamily)header.Family, "", "", NftDataType.Mark);
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_SET_FLAGS: flags = a.UInt32BigEndian; break;
                case NFTA_SET_KEY_TYPE: keyType = a.UInt32BigEndian; break;
                case NFTA_SET_KEY_LEN: keyLength = a.UInt32BigEndian; break;
                case NFTA_SET_DATA_TYPE: dataType = a.UInt32BigEndian; break;
                case NFTA_SET_DATA_LEN: dataLength = a.UInt32BigEndian; break;
                case NFTA_SET_OBJ_TYPE: objectType = a.UInt32BigEndian; break;
                case NFTA_SET_TABLE: read = read with { Table = a.String }; break;
                case NFTA_SET_NAME: read = read with { Name = a.String }; break;
                case NFTA_SET_POLICY: read = read with { PreferMemory = a.UInt32BigEndian == NFT_SET_POL_MEMORY }; break;
                case NFTA_SET_DESC: read = read with { Size = ReadSize(a.Nested) }; break;
                case NFTA_SET_TIMEOUT: read = read with { Timeout = a.Milliseconds }; break;
                case NFTA_SET_GC_INTERVAL: read = read with { GarbageCollectionInterval = TimeSpan.FromMilliseconds(a.UInt32BigEndian) }; break;
                case NFTA_SET_HANDLE: read = read with { Handle = a.UInt64BigEndian }; break;
                case NFTA_SET_USERDATA: read = read with { Comment = UserData.ReadComment(a, UserData.SetComment) }; break;
                case NFTA_SET_EXPR: read = read with { Counters = ExpressionReader.Read(a.Nested) is NftCounter }; break;
            }
        }
        set = read with
        {
            Key = NftDataType.FromNumber(keyType, (int)keyLength),
            Data = (flags & NFT_SET_MAP) == 0 ? null : dataType == NFT_DATA_VERDICT ? NftDataType.Verdict : NftDataType.FromNumber(dataType, (int)dataLength),
            Object = (flags & NFT_SET_OBJECT) != 0 ? (NftObjectKind)objectType : null,
            Anonymous = (flags & NFT_SET_ANONYMOUS) != 0,
            Constant = (flags & NFT_SET_CONSTANT) != 0,
            Interval = (flags & NFT_SET_INTERVAL) != 0,
            HasTimeout = (flags & NFT_SET_TIMEOUT) != 0,
            Dynamic = (flags & NFT_SET_EVAL) != 0,
        };
        return !attributes.Failed;
    }

    private static uint ReadSize(AttributeReader attributes)
    {
        uint size = 0;
        while (attributes.TryRead(out NetlinkAttribute a))
            if (a.Type == NFTA_SET_DESC_SIZE) size = a.UInt32BigEndian;
        return size;
    }
}
