using Margay.Api.Resources;

namespace Margay.Api.NodeSync;

/// <summary>A rule whose names, selectors and services have become numbers and sets. All that is given must hold; members of one list are alternatives.</summary>
public sealed record RuleView
{
    public required RuleAction Action { get; init; }

    /// <summary>Position in the resource's list, from 0: what logs and counters name. Several rules have one index where the resource says in one what takes several here.</summary>
    public int Index { get; init; }

    /// <summary>4, 6 or null for both.</summary>
    public int? IpVersion { get; init; }

    public byte? Protocol { get; init; }
    public byte? NotProtocol { get; init; }
    public IcmpFields? Icmp { get; init; }
    public IcmpFields? NotIcmp { get; init; }
    public SideView? Source { get; init; }
    public SideView? Destination { get; init; }

    /// <summary>True for a rule that cannot match as written (a selector that selects nothing by construction); kept so that indexes stay right.</summary>
    public bool Never { get; init; }

    /// <summary>For people: why it never matches, or what of it is not enforced.</summary>
    public string? Note { get; init; }

    /// <summary>The rule's own annotations, for logs and whoever looks at the kernel.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>One side of a packet: its address and port.</summary>
public sealed record SideView
{
    /// <summary>The address is in one of these prefixes.</summary>
    public IReadOnlyList<string>? Nets { get; init; }

    public IReadOnlyList<string>? NotNets { get; init; }

    /// <summary>The address is in every one of these sets (ids of type Nets).</summary>
    public IReadOnlyList<string>? Sets { get; init; }

    /// <summary>The address is in none of these sets.</summary>
    public IReadOnlyList<string>? NotSets { get; init; }

    /// <summary>The port is in one of these ranges, or (address, protocol, port) in one of <see cref="PortSets"/>.</summary>
    public IReadOnlyList<PortRange>? Ports { get; init; }

    /// <summary>Ids of sets of type IpPorts: named ports, alternatives to <see cref="Ports"/>.</summary>
    public IReadOnlyList<string>? PortSets { get; init; }

    public IReadOnlyList<PortRange>? NotPorts { get; init; }
    public IReadOnlyList<string>? NotPortSets { get; init; }
}
