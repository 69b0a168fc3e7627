using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>Looks into the messages of a batch that is already bytes: to ask for echoes, and to say in words what failed.</summary>
internal static class BatchMessages
{
    /// <summary>Asks for the rules to be reported back with their handles.</summary>
    internal static void RequestEcho(Span<byte> messages)
    {
        while (messages.Length >= NetlinkHeader.Size)
        {
            ref NetlinkHeader header = ref MemoryMarshal.AsRef<NetlinkHeader>(messages);
            if (NfTablesMessage.Of(header.Type) == NFT_MSG_NEWRULE) header.Flags |= NLM_F_ECHO;
            messages = messages[NetlinkHeader.Align((int)header.Length)..];
        }
    }

    /// <summary>As in <c>add rule inet margay forward</c>.</summary>
    internal static string Describe(ReadOnlySpan<byte> messages, int index)
    {
        for (int i = 0; NetlinkMessage.TryTake(ref messages, out NetlinkMessage message); i++)
            if (i == index) return Describe(message);
        return string.Create(CultureInfo.InvariantCulture, $"message {index}");
    }

    private static string Describe(NetlinkMessage message)
    {
        (string verb, string noun) = Words(NfTablesMessage.Of(message.Type), message.Flags);
        if (!message.TryRead(out NfGenMsg header, out AttributeReader attributes)) return $"{verb} {noun}";
        StringBuilder text = new($"{verb} {noun} {FamilyName((NftFamily)header.Family)}");
        // In every kind of message the first two attributes are the table and the name (or chain), and both are text.
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == 1 || (a.Type == (noun is "chain" ? NFTA_CHAIN_NAME : 2) && noun != "table")) text.Append(CultureInfo.InvariantCulture, $" {a.String}");
            if (noun == "rule" && a.Type == NFTA_RULE_HANDLE) text.Append(CultureInfo.InvariantCulture, $" handle {a.UInt64BigEndian}");
        }
        return text.ToString();
    }

    private static (string Verb, string Noun) Words(int message, int flags)
    {
        string add = (flags & NLM_F_EXCL) != 0 ? "create" : "add";
        return message switch
        {
            NFT_MSG_NEWTABLE => (add, "table"),
            NFT_MSG_DELTABLE => ("delete", "table"),
            NFT_MSG_DESTROYTABLE => ("destroy", "table"),
            NFT_MSG_NEWCHAIN => (add, "chain"),
            NFT_MSG_DELCHAIN => ("delete", "chain"),
            NFT_MSG_DESTROYCHAIN => ("destroy", "chain"),
            NFT_MSG_NEWRULE => ((flags & NLM_F_REPLACE) != 0 ? "replace" : (flags & NLM_F_APPEND) != 0 ? "add" : "insert", "rule"),
            NFT_MSG_DELRULE => ("delete", "rule"),
            NFT_MSG_DESTROYRULE => ("destroy", "rule"),
            NFT_MSG_NEWSET => (add, "set"),
            NFT_MSG_DELSET => ("delete", "set"),
            NFT_MSG_DESTROYSET => ("destroy", "set"),
            NFT_MSG_NEWSETELEM => (add, "elements of"),
            NFT_MSG_DELSETELEM => ("delete", "elements of"),
            NFT_MSG_DESTROYSETELEM => ("destroy", "elements of"),
            NFT_MSG_NEWOBJ => (add, "counter"),
            NFT_MSG_DELOBJ => ("delete", "counter"),
            NFT_MSG_DESTROYOBJ => ("destroy", "counter"),
            _ => ("message", string.Create(CultureInfo.InvariantCulture, $"{message}")),
        };
    }

    private static string FamilyName(NftFamily family) => family switch
    {
        NftFamily.Inet => "inet",
        NftFamily.Ip => "ip",
        NftFamily.Ip6 => "ip6",
        NftFamily.Arp => "arp",
        NftFamily.Netdev => "netdev",
        NftFamily.Bridge => "bridge",
        _ => "",
    };
}
