using Margay.Bgp.Wire;

namespace Margay.Interop.Peers;

/// <summary>A session with our speaker as the daemon's side has it, in words that all kinds share. Each kind renders it, and ignores what only the other side decides.</summary>
internal sealed record PeerSetup
{
    /// <summary>What a daemon announces unless told otherwise.</summary>
    internal const string Prefix4 = "192.0.2.0/24", Prefix6 = "2001:db8:b::/48";

    /// <summary>Its own addresses; the IPv4 one is the router id.</summary>
    internal string Address { get; init; } = "10.9.0.2";
    internal string Address6 { get; init; } = "fd09::2";

    /// <summary>Our speaker's.</summary>
    internal string Neighbour { get; init; } = "10.9.0.1";

    internal uint Asn { get; init; } = 65002;
    internal uint NeighbourAsn { get; init; } = 65001;
    internal FamilySet Families { get; init; } = FamilySet.Unicast;

    /// <summary>Announced with the communities AS:77 and AS:1:2 (where the kind can).</summary>
    internal IReadOnlyList<string> Prefixes { get; init; } = [Prefix4, Prefix6];

    internal string? Password { get; init; }

    /// <summary>GTSM, one hop.</summary>
    internal bool TtlSecurity { get; init; }
    internal bool Passive { get; init; }

    /// <summary>No four-octet AS numbers (RFC 6793).</summary>
    internal bool TwoOctetAs { get; init; }
    internal bool AddPath { get; init; }
    internal bool ExtendedNextHop { get; init; }
    internal bool ExtendedMessages { get; init; }
    internal bool EnhancedRefresh { get; init; }

    /// <summary>Seconds; 0: no graceful restart.</summary>
    internal int RestartTime { get; init; }

    /// <summary>Seconds; 0: no long-lived graceful restart.</summary>
    internal int LongLivedTime { get; init; }

    /// <summary>Seconds.</summary>
    internal int HoldTime { get; init; } = 90;

    /// <summary>More than this many prefixes from us end the session; 0 is no limit.</summary>
    internal int PrefixLimit { get; init; }

    /// <summary>What it learns goes into the kernel of its namespace (BIRD and FRR).</summary>
    internal bool KernelRoutes { get; init; }

    /// <summary>It comes back from a crash and says so (GoBGP has to be told).</summary>
    internal bool Restarting { get; init; }

    /// <summary>More for the neighbour's block, in the daemon's own words.</summary>
    internal string More { get; init; } = "";

    /// <summary>More for the file as a whole, in the daemon's own words.</summary>
    internal string MoreGlobal { get; init; } = "";

    internal bool OverIPv6 => Neighbour.Contains(':', StringComparison.Ordinal);
    internal string LocalAddress => OverIPv6 ? Address6 : Address;
    internal bool Has(FamilySet family) => (Families & family) != 0;
    internal IEnumerable<string> Of(FamilySet family) => Prefixes.Where(p => Has(family) && p.Contains(':', StringComparison.Ordinal) == (family == FamilySet.IPv6Unicast));
}
