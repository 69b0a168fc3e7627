namespace Margay.Api.Resources;

/// <summary>Which routes peers are told and believed, and how they are changed on the way (Calico <c>BGPFilter</c>). BGPPeers name it.</summary>
public sealed record BGPFilter : Resource
{
    public BGPFilterSpec Spec { get; init => field = value ?? new(); } = new();
}

/// <summary>Rules by direction and family. The first that matches decides; when none does, the next filter of the peer, and after the last the default.</summary>
public sealed record BGPFilterSpec
{
    public IReadOnlyList<BGPFilterRule>? ExportV4 { get; init; }
    public IReadOnlyList<BGPFilterRule>? ImportV4 { get; init; }
    public IReadOnlyList<BGPFilterRule>? ExportV6 { get; init; }
    public IReadOnlyList<BGPFilterRule>? ImportV6 { get; init; }
}

/// <summary>All conditions that are given must hold; a rule without any matches every route.</summary>
public sealed record BGPFilterRule
{
    /// <summary>Compared with the route's prefix as <see cref="MatchOperator"/> says; neither is given without the other.</summary>
    public string? Cidr { get; init; }

    /// <summary>Equal, NotEqual, In (the prefix itself or one within it) or NotIn.</summary>
    public string? MatchOperator { get; init; }

    /// <summary>With In and NotIn: lengths that count as inside. By default from that of the CIDR to a single address.</summary>
    public PrefixLengthRange? PrefixLength { get; init; }

    /// <summary>RemotePeers: only routes learned from BGP peers. Export rules only.</summary>
    public string? Source { get; init; }

    /// <summary>Only routes learned over a session bound to such an interface; * stands for any run of characters.</summary>
    public string? Interface { get; init; }

    /// <summary>eBGP or iBGP: the kind of session that the filter is used on.</summary>
    public string? PeerType { get; init; }

    public CommunityMatch? Communities { get; init; }

    /// <summary>AS_PATH begins with these numbers.</summary>
    public IReadOnlyList<AsNumber>? AsPathPrefix { get; init; }

    /// <summary>1 to 2147483646, the lower the better; travels as LOCAL_PREF 2147483647 - priority.</summary>
    public int? Priority { get; init; }

    /// <summary>Accept or Reject; both end the evaluation.</summary>
    public string? Action { get; init; }

    /// <summary>Done in order to an accepted route.</summary>
    public IReadOnlyList<BGPFilterOperation>? Operations { get; init; }
}

public sealed record PrefixLengthRange
{
    public int? Min { get; init; }
    public int? Max { get; init; }
}

public sealed record CommunityMatch
{
    /// <summary>Exactly one, aa:nn (RFC 1997) or aa:nn:mm (RFC 8092).</summary>
    public IReadOnlyList<string>? Values { get; init; }
}

/// <summary>One change of a route: exactly one member is given.</summary>
public sealed record BGPFilterOperation
{
    public AddCommunityOperation? AddCommunity { get; init; }
    public PrependASPathOperation? PrependASPath { get; init; }
    public SetPriorityOperation? SetPriority { get; init; }
}

public sealed record AddCommunityOperation
{
    public string? Value { get; init; }
}

public sealed record PrependASPathOperation
{
    /// <summary>1 to 10 numbers; AS_PATH begins with them in this order afterwards.</summary>
    public IReadOnlyList<AsNumber>? Prefix { get; init; }
}

public sealed record SetPriorityOperation
{
    public int? Value { get; init; }
}
