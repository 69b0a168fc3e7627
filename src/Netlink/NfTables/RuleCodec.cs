using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>NFT_MSG_*RULE.</summary>
internal static class RuleCodec
{
    internal static void WriteNew(ref MessageBuffer buffer, NftRule rule, int flags)
    {
        MessageWriter m = Begin(ref buffer, NFT_MSG_NEWRULE, flags, rule.Family, rule.Table, rule.Chain);
        if (rule.Handle != 0) m.UInt64BigEndian(NFTA_RULE_HANDLE, rule.Handle);
        else if (rule.Position != 0) m.UInt64BigEndian(NFTA_RULE_POSITION, rule.Position);
        int list = m.BeginNested(NFTA_RULE_EXPRESSIONS);
        foreach (NftExpression expression in rule.Expressions) expression.Write(ref m, NFTA_LIST_ELEM);
        m.EndNested(list);
        UserData.WriteComment(ref m, NFTA_RULE_USERDATA, rule.Comment);
        m.End();
    }

    /// <summary>One rule by its handle; with handle 0 all of the chain, without chain all of the table.</summary>
    internal static void WriteDelete(ref MessageBuffer buffer, int message, NftFamily family, string table, string? chain, ulong handle)
    {
        MessageWriter m = Begin(ref buffer, message, 0, family, table, chain);
        if (handle != 0) m.UInt64BigEndian(NFTA_RULE_HANDLE, handle);
        m.End();
    }

    internal static void WriteGet(ref MessageBuffer buffer, NftFamily family, string? table, string? chain) =>
        Begin(ref buffer, NFT_MSG_GETRULE, NLM_F_DUMP, family, table, chain).End();

    private static MessageWriter Begin(ref MessageBuffer buffer, int message, int flags, NftFamily family, string? table, string? chain)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(message), flags);
        m.Header(NfTablesMessage.Header(family));
        if (table is not null) m.String(NFTA_RULE_TABLE, table);
        if (chain is not null) m.String(NFTA_RULE_CHAIN, chain);
        return m;
    }

    internal static bool TryRead(NetlinkMessage message, out NftRule rule)
    {
        rule = null!;
        if (!message.TryRead(out NfGenMsg header, out AttributeReader attributes)) return false;
        string table = "", chain = "";
        string? comment = null;
        ulong handle = 0;
        List<NftExpression> expressions = [];
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            switch (a.Type)
            {
                case NFTA_RULE_TABLE: table = a.String; break;
                case NFTA_RULE_CHAIN: chain = a.String; break;
                case NFTA_RULE_HANDLE: handle = a.UInt64BigEndian; break;
                case NFTA_RULE_USERDATA: comment = UserData.ReadComment(a); break;
                case NFTA_RULE_EXPRESSIONS:
                    AttributeReader list = a.Nested;
                    while (list.TryRead(out NetlinkAttribute element)) expressions.Add(ExpressionReader.Read(element.Nested));
                    break;
            }
        }
        rule = new NftRule((NftFamily)header.Family, table, chain, expressions) { Handle = handle, Comment = comment };
        return !attributes.Failed;
    }
}
