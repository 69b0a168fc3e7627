using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>NFT_MSG_*OBJ of kind counter.</summary>
internal static class CounterObjectCodec
{
    internal static void WriteNew(ref MessageBuffer buffer, NftCounterObject counter, int flags)
    {
        MessageWriter m = Begin(ref buffer, NFT_MSG_NEWOBJ, flags, counter.Family, counter.Table, counter.Name);
        UserData.WriteComment(ref m, NFTA_OBJ_USERDATA, counter.Comment);
        int data = m.BeginNested(NFTA_OBJ_DATA);
        m.UInt64BigEndian(NFTA_COUNTER_BYTES, counter.Value.Bytes);
        m.UInt64BigEndian(NFTA_COUNTER_PACKETS, counter.Value.Packets);
        m.EndNested(data);
        m.End();
    }

    internal static void WriteDelete(ref MessageBuffer buffer, int message, NftFamily family, string table, string name) =>
        Begin(ref buffer, message, 0, family, table, name).End();

    internal static void WriteGet(ref MessageBuffer buffer, NftFamily family, string? table, bool reset) =>
        Begin(ref buffer, reset ? NFT_MSG_GETOBJ_RESET : NFT_MSG_GETOBJ, NLM_F_DUMP, family, table, null).End();

    private static MessageWriter Begin(ref MessageBuffer buffer, int message, int flags, NftFamily family, string? table, string? name)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(message), flags);
        m.Header(NfTablesMessage.Header(family));
        if (table is not null) m.String(NFTA_OBJ_TABLE, table);
        if (name is not null) m.String(NFTA_OBJ_NAME, name);
        m.UInt32BigEndian(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
        return m;
    }

    internal static bool TryRead(NetlinkMessage message, out NftCounterObject counter)
    {
        counter = null!;
        if (!message.TryRead(out NfGenMsg header, out AttributeReader attributes)) return false;
        uint kind = 0;
        NftCounterObject read = new((NftFamily)header.Family, "", "");
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_OBJ_TABLE: read = read with { Table = a.String }; break;
                case NFTA_OBJ_NAME: read = read with { Name = a.String }; break;
                case NFTA_OBJ_TYPE: kind = a.UInt32BigEndian; break;
                case NFTA_OBJ_HANDLE: read = read with { Handle = a.UInt64BigEndian }; break;
                case NFTA_OBJ_USERDATA: read = read with { Comment = UserData.ReadComment(a) }; break;
                case NFTA_OBJ_DATA:
                    NftCounter value = NftCounter.Read(a.Nested);
                    read = read with { Value = new NftCounterValue(value.Packets, value.Bytes) };
                    break;
            }
        }
        counter = read;
        return !attributes.Failed && kind == NFT_OBJECT_COUNTER;
    }
}
