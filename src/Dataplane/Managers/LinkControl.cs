using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// ICMPv6 without which an IPv6 link does not work: neighbour discovery (RFC 4861) and multicast listening (RFC 2710, RFC 3810). Three places let it through, each as much as it
// must: what a workload says to its host, what a host hears and says on its own links, and what does not count in a workload's limits.

/// <summary>Rules that accept an IPv6 link's own traffic.</summary>
internal static class LinkControl
{
    public const byte Icmpv6 = 58, IPv4 = 2, IPv6 = 10;
    public const byte RouterSolicitation = 133, RouterAdvertisement = 134, NeighbourSolicitation = 135, NeighbourAdvertisement = 136, Redirect = 137;
    public const byte MldQuery = 130, MldReport = 131, MldDone = 132, Mld2Report = 143;

    private const string Label = "link control";

    /// <summary>RFC 4861 §7.1.1: a router decrements it, so a packet that has it was sent on this link.</summary>
    private static readonly FilterStatement s_unforwarded = new FilterCompare(FilterField.HopLimit, NftValue.Byte(255));

    /// <summary>ff02::/16 and fe80::/10: no router forwards to them (RFC 4291 §2.5.6, §2.7).</summary>
    private static readonly FilterStatement s_toLinkGroup = Prefix(FilterField.DestinationV6, [0xff, 0x02], 16), s_toLinkLocal = Prefix(FilterField.DestinationV6, [0xfe, 0x80], 10);

    /// <summary>What a workload, which is no router, says to its host; anti-spoofing has looked at it.</summary>
    public static IEnumerable<FilterRule> OfWorkload() =>
        [Accept(MldReport, RouterSolicitation), Accept(NeighbourSolicitation, NeighbourAdvertisement), Accept(Mld2Report, Mld2Report)];

    /// <summary>On a link of the host's own, in both directions; the kernel takes it from the link only (hop limit 255, or link-local).</summary>
    public static IEnumerable<FilterRule> OfHost() => [Accept(MldQuery, NeighbourAdvertisement), Accept(Mld2Report, Mld2Report)];

    /// <summary>
    /// What no limit counts, so that an endpoint that has used up what it may is still reached afterwards. Nothing that is forwarded is among it: what comes from a workload
    /// goes to addresses of the link only, what is sent to one has not lost a hop.
    /// </summary>
    public static IEnumerable<FilterRule> Uncounted(bool fromWorkload)
    {
        foreach (FilterStatement[] discovery in (FilterStatement[][])(fromWorkload ? [[s_unforwarded, s_toLinkGroup], [s_unforwarded, s_toLinkLocal]] : [[s_unforwarded]]))
            yield return Accept(RouterSolicitation, NeighbourAdvertisement, discovery);
        FilterStatement oneHop = new FilterCompare(FilterField.HopLimit, NftValue.Byte(1));
        yield return Accept(MldQuery, MldDone, oneHop, s_toLinkGroup);
        yield return Accept(Mld2Report, Mld2Report, oneHop, s_toLinkGroup);
    }

    /// <summary>fe80::/10.</summary>
    public static FilterStatement LinkLocal(FilterField field, bool negate) => Prefix(field, [0xfe, 0x80], 10, negate);

    private static FilterCompare Prefix(FilterField field, ReadOnlySpan<byte> first, int bits, bool negate = false)
    {
        byte[] prefix = new byte[16], mask = new byte[16];
        first.CopyTo(prefix);
        for (int bit = 0; bit < bits; bit++) mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return new FilterCompare(field, NftValue.FromBytes(prefix), negate, NftValue.FromBytes(mask));
    }

    private static FilterRule Accept(byte firstType, byte lastType, params FilterStatement[] when) => new(
        Label,
        [
            new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(IPv6)), new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(Icmpv6)), .. when,
            firstType == lastType ? new FilterCompare(FilterField.IcmpType, NftValue.Byte(firstType)) : new FilterRange(FilterField.IcmpType, NftValue.Byte(firstType), NftValue.Byte(lastType)),
            FilterVerdict.Accept,
        ]);
}
