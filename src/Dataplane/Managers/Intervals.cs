using Margay.Core.Net;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

/// <summary>Prefixes as ranges for an interval set, which refuses overlaps.</summary>
internal static class Intervals
{
    /// <summary>Of prefixes of one family, sorted: those that lie within another are left out.</summary>
    public static IEnumerable<FilterElementKey> Of(IEnumerable<IpPrefix> sorted)
    {
        IpPrefix? last = null;
        foreach (IpPrefix prefix in sorted)
        {
            if (last is { } covering && covering.Contains(prefix)) continue;
            last = prefix;
            yield return Range(prefix);
        }
    }

    public static FilterElementKey Range(IpPrefix prefix) =>
        prefix.IsHost ? NftValue.From(prefix.Address) : new FilterElementKey(NftValue.From(prefix.Address), NftValue.From(prefix.Last));
}
