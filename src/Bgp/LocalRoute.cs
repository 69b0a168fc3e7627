using System.Collections.Immutable;
using Margay.Bgp.Wire;
using Margay.Core.Net;

namespace Margay.Bgp;

/// <summary>A route that the speaker itself originates. It wins over every route learned for the same prefix.</summary>
public sealed record LocalRoute
{
    public static LocalRoute Default { get; } = new();

    /// <summary>Null: ourselves, i.e. each peer is told the local address of its session.</summary>
    public InetAddress? NextHop { get; init; }

    public Origin Origin { get; init; } = Origin.Igp;

    /// <summary>Usually empty.</summary>
    public AsPath AsPath { get; init; }

    public uint? Med { get; init; }

    /// <summary>Sent to internal peers; null is 100.</summary>
    public uint? LocalPref { get; init; }

    public ImmutableArray<Community> Communities { get; init; } = [];
    public ImmutableArray<ExtendedCommunity> ExtendedCommunities { get; init; } = [];
    public ImmutableArray<LargeCommunity> LargeCommunities { get; init; } = [];

    /// <summary>The route is an aggregate that hides parts of the path (RFC 4271 §5.1.6).</summary>
    public bool AtomicAggregate { get; init; }

    /// <summary>The fields of the NLRI that are not part of its key: labels, ESI and gateway. Made by the family's builder.</summary>
    public ReadOnlyMemory<byte> NlriPayload { get; init; }
}

/// <summary>One change to the speaker's own routes: an announcement, or a withdrawal if <paramref name="Route"/> is null.</summary>
public readonly record struct LocalRouteChange(Nlri Nlri, LocalRoute? Route);
