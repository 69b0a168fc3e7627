using Margay.Core.Net;

namespace Margay.Bgp.Filter;

/// <summary>How a route's prefix compares with a given one. Only unicast routes of that one's family can match, whatever the operator.</summary>
/// <param name="MinLength">With <see cref="PrefixOperator.In"/> and <see cref="PrefixOperator.NotIn"/>: the shortest length that counts as inside.</param>
/// <param name="MaxLength">And the longest.</param>
public readonly record struct PrefixMatch(IpPrefix Prefix, PrefixOperator Operator, int MinLength, int MaxLength)
{
    /// <summary>With every length from that of the prefix to a single address.</summary>
    public PrefixMatch(IpPrefix prefix, PrefixOperator op) : this(prefix, op, prefix.Length, prefix.Address.BitLength)
    {
    }

    public bool Matches(IpPrefix route) => route.IsIPv6 == Prefix.IsIPv6 && Operator switch
    {
        PrefixOperator.Equal => route == Prefix,
        PrefixOperator.NotEqual => route != Prefix,
        PrefixOperator.In => IsInside(route),
        _ => !IsInside(route),
    };

    private bool IsInside(IpPrefix route) => route.Length >= MinLength && route.Length <= MaxLength && Prefix.Contains(route);
}

public enum PrefixOperator
{
    Equal,
    NotEqual,

    /// <summary>The prefix itself or one within it, of a length that counts.</summary>
    In,

    /// <summary>Everything that is not <see cref="In"/>.</summary>
    NotIn,
}
