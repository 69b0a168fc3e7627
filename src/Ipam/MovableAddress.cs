using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Ipam;

/// <summary>
/// An address that a workload takes along to whatever host it runs on. It is a block by itself, given by the server to one node after the other; so that no node gives it away out of a block of its own, it has to lie
/// where nodes have none: in a reserved range that covers whole blocks.
/// </summary>
public static class MovableAddress
{
    /// <summary>The pool that it is of, or why it cannot move, with the remedy.</summary>
    /// <param name="pools">Of the network.</param>
    /// <param name="reserved">Ranges of the network.</param>
    public static string? Refuse(InetAddress address, NetworkName network, IEnumerable<IPPool> pools, IEnumerable<AddressRange> reserved, out IPPool? pool)
    {
        pool = null;
        foreach (IPPool candidate in pools)
        {
            if (!IpPrefix.TryParse(candidate.Spec.Cidr, out IpPrefix cidr) || !cidr.Contains(address)) continue;
            pool = candidate;
            IpPrefix block = new(address, candidate.Spec.BlockSize ?? BlockPlanner.DefaultBlockSize(cidr.IsIPv6));
            return AddressRange.Merge(reserved.Where(r => r.IsIPv6 == cidr.IsIPv6)).Any(r => r.Contains(block))
                ? null
                : $"{address} is in no block of this node, and {block} is not reserved: an address that any node may be asked for lies in a reserved range of its subnet (spec.subnets[].reserved of network {network}) that covers whole blocks";
        }
        return $"{address} is in no subnet of network {network}";
    }
}
