using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>NFT_MSG_*GEN.</summary>
internal static class GenerationCodec
{
    internal static void WriteGet(ref MessageBuffer buffer)
    {
        MessageWriter m = buffer.Begin(NfTablesMessage.Type(NFT_MSG_GETGEN), 0);
        m.Header(NfTablesMessage.Header(NftFamily.Unspecified));
        m.End();
    }

    internal static bool TryRead(NetlinkMessage message, out NftGeneration generation)
    {
        generation = default;
        if (NfTablesMessage.Of(message.Type) != NFT_MSG_NEWGEN || !message.TryRead(out NfGenMsg _, out AttributeReader attributes)) return false;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            generation = a.Type switch
            {
                NFTA_GEN_ID => generation with { Id = a.UInt32BigEndian },
                NFTA_GEN_PROC_PID => generation with { ThreadId = (int)a.UInt32BigEndian },
                NFTA_GEN_PROC_NAME => generation with { ProcessName = a.String },
                _ => generation,
            };
        }
        return !attributes.Failed;
    }
}
