using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>From the kernel's name of an expression to its record: the one list of them all.</summary>
internal static class ExpressionReader
{
    /// <summary>Reads one NFTA_LIST_ELEM. What this library does not know becomes <see cref="NftUnknown"/>.</summary>
    internal static NftExpression Read(AttributeReader attributes)
    {
        string name = "";
        ReadOnlySpan<byte> data = default;
        while (attributes.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NFTA_EXPR_NAME) name = a.String;
            else if (a.Type == NFTA_EXPR_DATA) data = a.Value;
        }
        AttributeReader reader = new(data);
        return name switch
        {
            "bitwise" => NftBitwise.Read(reader),
            "byteorder" => NftByteOrder.Read(reader),
            "cmp" => NftCmp.Read(reader),
            "connlimit" => NftConnlimit.Read(reader),
            "counter" => NftCounter.Read(reader),
            "ct" => NftCt.Read(reader),
            "dup" => NftDup.Read(reader),
            "dynset" => NftDynset.Read(reader),
            "exthdr" => NftExthdr.Read(reader),
            "fib" => NftFib.Read(reader),
            "fwd" => NftFwd.Read(reader),
            "hash" => NftHash.Read(reader),
            "immediate" => NftImmediate.Read(reader),
            "limit" => NftLimit.Read(reader),
            "log" => NftLog.Read(reader),
            "lookup" => NftLookup.Read(reader),
            "masq" => NftMasquerade.Read(reader),
            "meta" => NftMeta.Read(reader),
            "nat" => NftNat.Read(reader),
            "notrack" => new NftNotrack(),
            "numgen" => NftNumgen.Read(reader),
            "objref" => NftObjref.Read(reader),
            "payload" => NftPayload.Read(reader),
            "range" => NftRange.Read(reader),
            "redir" => NftRedirect.Read(reader),
            "reject" => NftReject.Read(reader),
            "rt" => NftRt.Read(reader),
            _ => new NftUnknown(name, NftValue.FromBytes(data)),
        };
    }
}
