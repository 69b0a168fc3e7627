using Margay.Core.Net;

namespace Margay.Netlink.Route;

/// <summary>
/// A nexthop object (Linux 5.3): one gateway, a blackhole or a group of others, that routes name by its id. Replacing one changes all
/// its routes at once. A route over an object costs the kernel less than one that names its gateway, when many gateways share a link.
/// </summary>
public sealed record Nexthop
{
    /// <summary>1 and up, chosen by the user, unique in the namespace over all families.</summary>
    public required uint Id { get; init; }

    public RouteProtocol Protocol { get; init; } = RouteProtocol.Static;

    /// <summary>Index of the link; required unless this is a group or a blackhole.</summary>
    public int LinkIndex { get; init; }

    /// <summary>Null: the destination itself is on the link.</summary>
    public InetAddress? Gateway { get; init; }

    /// <summary>For a nexthop without gateway: which family of routes may use it. With a gateway, the gateway's.</summary>
    public bool IPv6 { get; init; }

    public bool OnLink { get; init; }
    public bool Blackhole { get; init; }

    /// <summary>A group of other objects with weights; then no link, gateway or blackhole.</summary>
    public IReadOnlyList<NexthopMember> Group { get; init; } = [];

    /// <summary>To be used by forwarding database entries in place of routes.</summary>
    public bool Fdb { get; init; }

    /// <summary>Read back only: dead, link down, offloaded.</summary>
    public RouteHopFlags HopFlags { get; init; }

    public bool Equals(Nexthop? other) => other is not null
        && Id == other.Id && Protocol == other.Protocol && LinkIndex == other.LinkIndex && Gateway == other.Gateway
        && (IPv6 || Gateway is { IsIPv6: true }) == (other.IPv6 || other.Gateway is { IsIPv6: true })
        && OnLink == other.OnLink && Blackhole == other.Blackhole && Fdb == other.Fdb && Group.SequenceEqual(other.Group);

    public override int GetHashCode() => HashCode.Combine(Id, Gateway, LinkIndex);
}

/// <param name="Weight">1 to 256.</param>
public readonly record struct NexthopMember(uint Id, int Weight = 1);
