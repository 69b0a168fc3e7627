namespace Margay.Bgp.Wire;

/// <summary>An address family as negotiated between peers: AFI and SAFI (RFC 4760).</summary>
public readonly record struct Family(Afi Afi, Safi Safi)
{
    public static Family IPv4Unicast => new(Afi.IPv4, Safi.Unicast);
    public static Family IPv6Unicast => new(Afi.IPv6, Safi.Unicast);

    /// <summary>RFC 7432.</summary>
    public static Family Evpn => new(Afi.L2Vpn, Safi.Evpn);

    /// <summary>RFC 4364.</summary>
    public static Family VpnIPv4 => new(Afi.IPv4, Safi.MplsVpn);

    /// <summary>RFC 4659.</summary>
    public static Family VpnIPv6 => new(Afi.IPv6, Safi.MplsVpn);

    /// <summary>Route target membership, RFC 4684.</summary>
    public static Family RouteTarget => new(Afi.IPv4, Safi.RouteTarget);

    public override string ToString() => (Afi, Safi) switch
    {
        (Afi.IPv4, Safi.Unicast) => "ipv4-unicast",
        (Afi.IPv6, Safi.Unicast) => "ipv6-unicast",
        (Afi.L2Vpn, Safi.Evpn) => "l2vpn-evpn",
        (Afi.IPv4, Safi.MplsVpn) => "vpn-ipv4",
        (Afi.IPv6, Safi.MplsVpn) => "vpn-ipv6",
        (Afi.IPv4, Safi.RouteTarget) => "route-target",
        _ => $"afi-{(ushort)Afi}-safi-{(byte)Safi}",
    };
}

/// <summary>A set of the families that the speaker knows.</summary>
[Flags]
public enum FamilySet : byte
{
    None = 0,
    IPv4Unicast = 1,
    IPv6Unicast = 2,
    Evpn = 4,
    VpnIPv4 = 8,
    VpnIPv6 = 16,
    RouteTarget = 32,
    Unicast = IPv4Unicast | IPv6Unicast,
}

/// <summary>The known families in a fixed order: the index of tables and of <see cref="FamilySet"/> bits.</summary>
internal static class KnownFamilies
{
    internal const int Count = 6;

    private static readonly Family[] s_all =
        [Family.IPv4Unicast, Family.IPv6Unicast, Family.Evpn, Family.VpnIPv4, Family.VpnIPv6, Family.RouteTarget];

    internal static Family Of(int index) => s_all[index];

    /// <summary>-1 for a family that the speaker does not know.</summary>
    internal static int IndexOf(Family family) => Array.IndexOf(s_all, family);

    internal static int IndexOf(ushort afi, byte safi) => (afi, safi) switch
    {
        (1, 1) => 0,
        (2, 1) => 1,
        (25, 70) => 2,
        (1, 128) => 3,
        (2, 128) => 4,
        (1, 132) => 5,
        _ => -1,
    };

    internal static FamilySet Bit(int index) => (FamilySet)(1 << index);

    internal static bool Has(this FamilySet set, int index) => ((int)set & (1 << index)) != 0;
}
