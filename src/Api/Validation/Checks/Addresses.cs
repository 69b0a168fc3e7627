using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>Checks of addresses and prefixes. Each returns what was parsed, or null when it is absent or faulty.</summary>
internal static class Addresses
{
    /// <summary>A prefix without host bits; a bare address stands for itself alone.</summary>
    public static IpPrefix? Prefix(Findings findings, FieldPath at, string? text)
    {
        if (text is null) return null;
        if (IpPrefix.TryParse(text, out IpPrefix prefix)) return prefix;
        findings.Add(at, FaultReason.Invalid, IpPrefix.TryParseWithHostBits(text, out _, out IpPrefix masked)
            ? $"{text} has bits set beyond its length: write {masked}"
            : $"\"{Leaf.Printable(text)}\" is no prefix: write it like 10.0.0.0/8 or fd00::/8");
        return null;
    }

    /// <summary>A prefix that may have host bits.</summary>
    public static IpPrefix? PrefixWithHostBits(Findings findings, FieldPath at, string? text)
    {
        if (text is null) return null;
        if (IpPrefix.TryParseWithHostBits(text, out _, out IpPrefix prefix)) return prefix;
        findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(text)}\" is no prefix: write it like 10.0.0.0/8 or fd00::/8");
        return null;
    }

    public static InetAddress? Address(Findings findings, FieldPath at, string? text, int? family = null)
    {
        if (text is null) return null;
        if (InetAddress.TryParse(text, out InetAddress address) && (family is null || family == (address.IsIPv6 ? 6 : 4))) return address;
        string kind = family switch { 4 => "IPv4 address, such as 192.0.2.1", 6 => "IPv6 address, such as 2001:db8::1", _ => "IP address" };
        findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(text)}\" is no {kind}");
        return null;
    }

    /// <summary>One address: a /32 or /128.</summary>
    public static IpPrefix? Host(Findings findings, FieldPath at, string? text)
    {
        if (Prefix(findings, at, text) is not { } prefix) return null;
        if (prefix.IsHost) return prefix;
        findings.Add(at, FaultReason.Invalid, $"{text} is not one address: write it with /{prefix.Address.BitLength}");
        return null;
    }

    /// <summary>An address with the length of its subnet, such as 192.0.2.10/24.</summary>
    public static InetAddress? WithLength(Findings findings, FieldPath at, string? text, int family)
    {
        if (text is null) return null;
        if (IpPrefix.TryParseWithHostBits(text, out InetAddress address, out _) && family == (address.IsIPv6 ? 6 : 4)) return address;
        findings.Add(at, FaultReason.Invalid, $"\"{Leaf.Printable(text)}\" is no IPv{family} address with the length of its subnet: write it like {(family == 4 ? "192.0.2.10/24" : "2001:db8::10/64")}");
        return null;
    }
}
