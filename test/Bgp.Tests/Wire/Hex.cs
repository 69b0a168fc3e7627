namespace Margay.Bgp.Tests.Wire;

/// <summary>Bytes as tests write them.</summary>
internal static class Hex
{
    internal static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>One attribute.</summary>
    internal static byte[] Attribute(byte flags, byte type, string value)
    {
        byte[] v = Bytes(value);
        return (flags & 0x10) != 0 || v.Length > 255 ? [(byte)(flags | 0x10), type, (byte)(v.Length >> 8), (byte)v.Length, .. v] : [flags, type, (byte)v.Length, .. v];
    }

    /// <summary>The body of an UPDATE.</summary>
    internal static byte[] Update(string nlri, string withdrawn, params byte[][] attributes)
    {
        byte[] w = Bytes(withdrawn), a = [.. attributes.SelectMany(x => x)];
        return [(byte)(w.Length >> 8), (byte)w.Length, .. w, (byte)(a.Length >> 8), (byte)a.Length, .. a, .. Bytes(nlri)];
    }

    internal static byte[] Origin => Attribute(0x40, 1, "00");
    internal static byte[] Path => Attribute(0x40, 2, "0202 0000fde9 0000fdea");
    internal static byte[] NextHop => Attribute(0x40, 3, "0a000001");
}
