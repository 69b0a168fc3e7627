using System.Globalization;
using Margay.Core.Net;

namespace Margay.Bgp.Wire;

/// <summary>
/// What identifies a route within its family (RFC 4760 §5): an IP prefix, or the key fields of an EVPN, VPN
/// or route-target NLRI. Fields that a newer route replaces (labels, ESI, gateway) are not part of it.
/// The bytes are the NLRI's own, key fields in wire order.
/// </summary>
public readonly struct Nlri : IEquatable<Nlri>
{
    private readonly byte[]? _key;

    internal Nlri(Family family, byte[] key)
    {
        Family = family;
        _key = key;
    }

    public Family Family { get; }

    /// <summary>The key (layout: <see cref="NlriCodec"/>); for IP unicast: length in bits, then the significant octets.</summary>
    public ReadOnlySpan<byte> Key => _key;

    /// <summary>The unicast route to <paramref name="prefix"/>.</summary>
    public static Nlri Of(IpPrefix prefix)
    {
        Span<byte> address = stackalloc byte[16];
        prefix.Address.WriteBytes(address);
        int octets = (prefix.Length + 7) / 8;
        byte[] key = new byte[1 + octets];
        key[0] = (byte)prefix.Length;
        address[..octets].CopyTo(key.AsSpan(1));
        return new Nlri(prefix.IsIPv6 ? Family.IPv6Unicast : Family.IPv4Unicast, key);
    }

    /// <summary>The prefix of a unicast route; false for other families.</summary>
    public bool TryGetPrefix(out IpPrefix prefix)
    {
        prefix = default;
        if (Family.Safi != Safi.Unicast || _key is null) return false;
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        _key.AsSpan(1).CopyTo(address);
        prefix = new IpPrefix(InetAddress.FromBytes(Family.Afi == Afi.IPv6 ? address : address[..4]), _key[0]);
        return true;
    }

    public static implicit operator Nlri(IpPrefix prefix) => Of(prefix);

    public override string ToString() =>
        TryGetPrefix(out IpPrefix p) ? p.ToString() : NlriText.Format(Family, Key);

    public bool Equals(Nlri other) => Family == other.Family && Key.SequenceEqual(other.Key);
    public override bool Equals(object? obj) => obj is Nlri other && Equals(other);

    public override int GetHashCode()
    {
        HashCode h = default;
        h.Add(Family);
        h.AddBytes(Key);
        return h.ToHashCode();
    }

    public static bool operator ==(Nlri a, Nlri b) => a.Equals(b);
    public static bool operator !=(Nlri a, Nlri b) => !a.Equals(b);
}

/// <summary>NLRI keys as operators write them.</summary>
internal static class NlriText
{
    internal static string Format(Family family, ReadOnlySpan<byte> key)
    {
        if (family == Family.Evpn && key.Length >= 10)
        {
            return string.Create(CultureInfo.InvariantCulture, $"[{key[0]}]:{RouteDistinguisher(key.Slice(2, 8))}:{Convert.ToHexStringLower(key[10..])}");
        }
        if (family.Safi == Safi.MplsVpn && key.Length >= 9)
        {
            Span<byte> address = stackalloc byte[16];
            address.Clear();
            key[9..].CopyTo(address);
            InetAddress a = InetAddress.FromBytes(family.Afi == Afi.IPv6 ? address : address[..4]);
            return string.Create(CultureInfo.InvariantCulture, $"{RouteDistinguisher(key.Slice(1, 8))}:{a}/{key[0] - 64}");
        }
        return Convert.ToHexStringLower(key);
    }

    private static string RouteDistinguisher(ReadOnlySpan<byte> rd)
    {
        Core.Buffers.SpanReader r = new(rd);
        ushort type = r.ReadUInt16BigEndian();
        return type switch
        {
            1 => string.Create(CultureInfo.InvariantCulture, $"{InetAddress.FromIPv4(r.ReadUInt32BigEndian())}:{r.ReadUInt16BigEndian()}"),
            2 => string.Create(CultureInfo.InvariantCulture, $"{r.ReadUInt32BigEndian()}:{r.ReadUInt16BigEndian()}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{r.ReadUInt16BigEndian()}:{r.ReadUInt32BigEndian()}"),
        };
    }
}
