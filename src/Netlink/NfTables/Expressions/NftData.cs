using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables.Expressions;

/// <summary>NFTA_DATA_*: a value or a verdict, as immediates, comparisons and map elements carry it.</summary>
internal static class NftData
{
    internal static void Write(ref MessageWriter m, int attribute, NftValue value)
    {
        int nest = m.BeginNested(attribute);
        m.Bytes(NFTA_DATA_VALUE, value.Span);
        m.EndNested(nest);
    }

    internal static void Write(ref MessageWriter m, int attribute, NftVerdict verdict)
    {
        int nest = m.BeginNested(attribute);
        int inner = m.BeginNested(NFTA_DATA_VERDICT);
        m.UInt32BigEndian(NFTA_VERDICT_CODE, (uint)verdict.Code);
        if (verdict.Chain is { } chain) m.String(NFTA_VERDICT_CHAIN, chain);
        m.EndNested(inner);
        m.EndNested(nest);
    }

    internal static void Read(NetlinkAttribute attribute, out NftValue? value, out NftVerdict? verdict)
    {
        value = null;
        verdict = null;
        AttributeReader reader = attribute.Nested;
        while (reader.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NFTA_DATA_VALUE) value = NftValue.FromBytes(a.Value);
            else if (a.Type == NFTA_DATA_VERDICT) verdict = ReadVerdict(a.Nested);
        }
    }

    internal static NftValue ReadValue(NetlinkAttribute attribute)
    {
        Read(attribute, out NftValue? value, out _);
        return value ?? default;
    }

    private static NftVerdict ReadVerdict(AttributeReader reader)
    {
        int code = 0;
        string? chain = null;
        while (reader.TryRead(out NetlinkAttribute a))
        {
            if (a.Type == NFTA_VERDICT_CODE) code = (int)a.UInt32BigEndian;
            else if (a.Type == NFTA_VERDICT_CHAIN) chain = a.String;
        }
        return NftVerdict.FromCode(code, chain);
    }
}
