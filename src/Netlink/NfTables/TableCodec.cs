using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>NFT_MSG_*TABLE.</summary>
internal static class TableCodec
{
    internal static void WriteNew(ref MessageBuffer buffer, NftTable table, int flags)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(NFT_MSG_NEWTABLE), flags);
        m.Header(NfTablesMessage.Header(table.Family));
        m.String(NFTA_TABLE_NAME, table.Name);
        m.UInt32BigEndian(NFTA_TABLE_FLAGS, (uint)table.Flags);
        UserData.WriteComment(ref m, NFTA_TABLE_USERDATA, table.Comment);
        m.End();
    }

    /// <summary>Delete or destroy; without a name, all tables of the family.</summary>
    internal static void WriteDelete(ref MessageBuffer buffer, int message, NftFamily family, string? name)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(message), 0);
        m.Header(NfTablesMessage.Header(family));
        if (name is not null) m.String(NFTA_TABLE_NAME, name);
        m.End();
    }

    internal static void WriteGet(ref MessageBuffer buffer, NftFamily family)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(NFT_MSG_GETTABLE), NLM_F_DUMP);
        m.Header(NfTablesMessage.Header(family));
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out NftTable table)
    {
        table = null!;
        if (!message.TryRead(out NfGenMsg header, out AttributeReader attributes)) return false;
        NftTable read = new((NftFamily)header.Family, "");
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            read = a.Type switch
            {
                NFTA_TABLE_NAME => read with { Name = a.String },
                NFTA_TABLE_FLAGS => read with { Flags = (NftTableFlags)a.UInt32BigEndian },
                NFTA_TABLE_USE => read with { UseCount = a.UInt32BigEndian },
                NFTA_TABLE_HANDLE => read with { Handle = a.UInt64BigEndian },
                NFTA_TABLE_OWNER => read with { Owner = a.UInt32BigEndian },
                NFTA_TABLE_USERDATA => read with { Comment = UserData.ReadComment(a) },
                _ => read,
            };
        }
        table = read;
        return !attributes.Failed;
    }
}
