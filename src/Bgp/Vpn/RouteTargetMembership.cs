using System.Buffers.Binary;
using Margay.Bgp.Wire;

namespace Margay.Bgp.Vpn;

/// <summary>Subscriptions to route targets (RFC 4684 §4), to be announced as own routes of <see cref="Family.RouteTarget"/>.</summary>
public static class RouteTargetMembership
{
    /// <summary>Everything.</summary>
    public static Nlri All => new(Family.RouteTarget, [0]);

    /// <param name="originAs">Our AS.</param>
    public static Nlri Of(uint originAs, ExtendedCommunity target)
    {
        byte[] key = new byte[13];
        key[0] = 96;
        BinaryPrimitives.WriteUInt32BigEndian(key.AsSpan(1), originAs);
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(5), target.Value);
        return new Nlri(Family.RouteTarget, key);
    }
}
