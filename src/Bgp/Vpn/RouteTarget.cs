using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Vpn;

/// <summary>Route targets as operators write them (RFC 4360 §4, RFC 5668): ASN:NUMBER or ADDRESS:NUMBER.</summary>
public static class RouteTarget
{
    public static bool TryParse([NotNullWhen(true)] string? text, out ExtendedCommunity target)
    {
        target = default;
        int colon = text?.LastIndexOf(':') ?? -1;
        if (colon < 0 || !TryNumber(text.AsSpan(colon + 1), out uint number)) return false;
        ReadOnlySpan<char> administrator = text.AsSpan(0, colon);
        if (TryNumber(administrator, out uint asn))
        {
            if (asn > ushort.MaxValue && number > ushort.MaxValue) return false;
            target = ExtendedCommunity.RouteTarget(asn, number);
            return true;
        }
        if (!InetAddress.TryParse(administrator, null, out InetAddress address) || !address.IsIPv4 || number > ushort.MaxValue) return false;
        target = new ExtendedCommunity(0x0102_0000_0000_0000 | (ulong)address.IPv4Value << 16 | number);
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out uint number) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
