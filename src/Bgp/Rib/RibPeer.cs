using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp.Rib;

/// <summary>
/// A source of paths as the RIB knows it: identity, import policy, and the head of its list of paths per family. Made when a session comes
/// up for the first time, kept while paths of it remain. Owned by the speaker's loop.
/// </summary>
internal sealed class RibPeer
{
    internal RibPeer(int index, RouteSource source)
    {
        Index = index;
        Source = source;
        RouterId = source.RouterId.IPv4Value;
        Array.Fill(FirstPath, -1);
    }

    /// <summary>Number in the RIB; 0 is the speaker itself.</summary>
    internal int Index { get; }

    internal RouteSource Source { get; set; }
    internal uint RouterId { get; set; }

    /// <summary>Interface of a link-local session, for next hops.</summary>
    internal string? Interface { get; set; }

    internal bool IsLocal => Index == 0;
    internal bool IsExternal => Source.IsExternal;
    internal IRouteFilter? Import { get; set; }

    /// <summary>External without import policy under RFC 8212: nothing is usable.</summary>
    internal bool DenyImport { get; set; }

    internal int[] FirstPath { get; } = new int[KnownFamilies.Count];
    internal int[] Received { get; } = new int[KnownFamilies.Count];
    /// <summary>Routes that came and could not be used, by <see cref="PathReason"/>; counts up for ever.</summary>
    internal long[] Refused { get; } = new long[(int)PathReason.OwnNextHop + 1];

    /// <summary>Times that import policy did not believe a route, or part of it (<see cref="FilterResult.IsDistrusted"/>); counts up for ever.</summary>
    internal long Distrusted { get; set; }

    /// <summary>The first of them that nobody has been told of.</summary>
    internal string? WhyDistrusted { get; set; }

    internal int[] Accepted { get; } = new int[KnownFamilies.Count];

    internal InetAddress Address => Source.Address;
}
