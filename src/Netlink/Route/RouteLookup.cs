using Margay.Core.Net;

namespace Margay.Netlink.Route;

/// <summary>What a packet brings to a route lookup besides its destination.</summary>
public sealed record RouteLookup
{
    public static RouteLookup Default { get; } = new();

    public InetAddress? Source { get; init; }

    /// <summary>The link a forwarded packet came in by; 0 for what this host sends.</summary>
    public int IncomingLinkIndex { get; init; }

    public int OutgoingLinkIndex { get; init; }
    public uint Mark { get; init; }
}
