using System.Globalization;

namespace Margay.Bgp.Wire;

/// <summary>A community (RFC 1997), written <c>asn:value</c>.</summary>
public readonly record struct Community(uint Value)
{
    /// <summary>Not to be advertised beyond the local AS or confederation (RFC 1997).</summary>
    public static Community NoExport => new(0xffffff01);

    /// <summary>Not to be advertised to any peer (RFC 1997).</summary>
    public static Community NoAdvertise => new(0xffffff02);

    public static Community NoExportSubconfed => new(0xffffff03);

    /// <summary>Stale by long-lived graceful restart (RFC 9494).</summary>
    public static Community LlgrStale => new(0xffff0006);

    /// <summary>Not to be kept by long-lived graceful restart (RFC 9494).</summary>
    public static Community NoLlgr => new(0xffff0007);

    public Community(ushort asn, ushort value) : this((uint)asn << 16 | value) { }

    public static bool TryParse(string? s, out Community community)
    {
        community = default;
        if (s is null || s.Split(':') is not [string a, string v]) return false;
        if (!Numbers.TryU16(a, out ushort asn) || !Numbers.TryU16(v, out ushort value)) return false;
        community = new Community(asn, value);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 16}:{Value & 0xffff}");
}

/// <summary>A large community (RFC 8092), written <c>asn:data1:data2</c>.</summary>
public readonly record struct LargeCommunity(uint GlobalAdministrator, uint LocalData1, uint LocalData2)
{
    public static bool TryParse(string? s, out LargeCommunity community)
    {
        community = default;
        if (s is null || s.Split(':') is not [string a, string b, string c]) return false;
        if (!Numbers.TryU32(a, out uint x) || !Numbers.TryU32(b, out uint y) || !Numbers.TryU32(c, out uint z)) return false;
        community = new LargeCommunity(x, y, z);
        return true;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{GlobalAdministrator}:{LocalData1}:{LocalData2}");
}

/// <summary>An extended community (RFC 4360): type and subtype in the two upper octets.</summary>
public readonly record struct ExtendedCommunity(ulong Value)
{
    public byte Type => (byte)(Value >> 56);
    public byte Subtype => (byte)(Value >> 48);

    /// <summary>Whether an AS boundary is no obstacle to it (bit 0x40 of the type clear).</summary>
    public bool IsTransitive => (Type & 0x40) == 0;

    /// <summary>Subtype 2 of the AS- and address-specific types (RFC 4360 §4, RFC 5668).</summary>
    public bool IsRouteTarget => Type is 0 or 1 or 2 && Subtype == 2;

    /// <summary>A route target: two-octet form (type 0) if the AS fits, else four-octet (type 2, RFC 5668).</summary>
    public static ExtendedCommunity RouteTarget(uint asn, uint value) => asn <= 0xffff
        ? new(0x0002_0000_0000_0000 | (ulong)asn << 32 | value)
        : new(0x0202_0000_0000_0000 | (ulong)asn << 16 | (ushort)value);

    /// <summary>Tunnel encapsulation (RFC 9012 §4.1); 8 is VXLAN.</summary>
    public static ExtendedCommunity Encapsulation(ushort tunnelType) => new(0x030c_0000_0000_0000 | (ulong)tunnelType);

    /// <summary>Router's MAC (RFC 9135 §8.1).</summary>
    public static ExtendedCommunity RouterMac(Core.Net.MacAddress mac) => new(0x0603_0000_0000_0000 | mac.Value);

    /// <summary>MAC mobility (RFC 7432 §7.7).</summary>
    public static ExtendedCommunity MacMobility(uint sequence, bool sticky) =>
        new(0x0600_0000_0000_0000 | (sticky ? 1UL << 40 : 0) | sequence);

    public override string ToString() => (Type, Subtype) switch
    {
        (0, 2) => string.Create(CultureInfo.InvariantCulture, $"rt:{(ushort)(Value >> 32)}:{(uint)Value}"),
        (1, 2) => string.Create(CultureInfo.InvariantCulture,
            $"rt:{Core.Net.InetAddress.FromIPv4((uint)(Value >> 16))}:{(ushort)Value}"),
        (2, 2) => string.Create(CultureInfo.InvariantCulture, $"rt:{(uint)(Value >> 16)}:{(ushort)Value}"),
        (3, 0x0c) => string.Create(CultureInfo.InvariantCulture, $"encap:{(ushort)Value}"),
        (6, 3) => $"router-mac:{new Core.Net.MacAddress(Value)}",
        (6, 0) => string.Create(CultureInfo.InvariantCulture, $"mac-mobility:{(uint)Value}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"ext:{Value:x16}"),
    };
}

/// <summary>Decimal numbers as communities are written: digits only, no sign, no blanks.</summary>
file static class Numbers
{
    internal static bool TryU16(string s, out ushort v) => ushort.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out v);
    internal static bool TryU32(string s, out uint v) => uint.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out v);
}
