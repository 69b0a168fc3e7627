using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Ipam;

/// <summary>The subnets of a virtual network as pools, so that blocks of them are planned like any others.</summary>
public static class NetworkPools
{
    /// <summary>The ranges of all subnets that are kept for requests by name.</summary>
    public static IEnumerable<AddressRange> ReservedIn(VirtualNetwork network)
    {
        foreach (string text in (network.Spec.Subnets ?? []).SelectMany(s => s.Reserved ?? []))
            if (AddressRange.TryParse(text, out AddressRange range)) yield return range;
    }

    /// <summary>One for each subnet, called <c>NETWORK/PREFIX</c>.</summary>
    public static IEnumerable<IPPool> Of(VirtualNetwork network)
    {
        foreach (NetworkSubnet subnet in network.Spec.Subnets ?? [])
        {
            if (!IpPrefix.TryParse(subnet.Cidr, out IpPrefix cidr)) continue;
            yield return new IPPool
            {
                Metadata = new ObjectMeta { Name = $"{network.FullName}/{cidr}" },
                Spec = new IPPoolSpec { Cidr = cidr.ToString(), BlockSize = subnet.BlockSize ?? Math.Max(cidr.Length, BlockPlanner.DefaultBlockSize(cidr.IsIPv6)) },
            };
        }
    }
}
