using Margay.Core.Net;
using static Margay.Netlink.Constants.LinuxFibRules;

namespace Margay.Netlink.Route;

/// <summary>A rule of policy routing, as asked for and as read back: which packets look up which table. Lower priority first.</summary>
public sealed record Rule
{
    public bool IPv6 { get; init; }

    /// <summary>0 to let the kernel choose one below the others.</summary>
    public uint Priority { get; init; }

    public RuleAction Action { get; init; } = RuleAction.ToTable;
    public uint Table { get; init; } = RouteTable.Main;

    /// <summary>For <see cref="RuleAction.Goto"/>: the priority to go on with.</summary>
    public uint Target { get; init; }

    public IpPrefix? Source { get; init; }
    public IpPrefix? Destination { get; init; }
    public string? IncomingLink { get; init; }
    public string? OutgoingLink { get; init; }
    public uint Mark { get; init; }

    /// <summary>All bits when a mark is given and no mask.</summary>
    public uint MarkMask { get; init; }

    /// <summary>Key of the tunnel a packet came from (VNI), 0 for any.</summary>
    public ulong TunnelId { get; init; }

    public byte IpProtocol { get; init; }
    public PortRange? SourcePorts { get; init; }
    public PortRange? DestinationPorts { get; init; }

    /// <summary>Matches what does not match.</summary>
    public bool Invert { get; init; }

    /// <summary>Routes found with at most this prefix length do not count.</summary>
    public int? SuppressPrefixLength { get; init; }

    public RouteProtocol Protocol { get; init; } = RouteProtocol.Static;
}

/// <summary>Both ends included.</summary>
public readonly record struct PortRange(ushort First, ushort Last);

/// <summary>FR_ACT_*.</summary>
public enum RuleAction : byte
{
    Unspecified = 0,
    ToTable = FR_ACT_TO_TBL,
    Goto = FR_ACT_GOTO,
    Nop = FR_ACT_NOP,
    Blackhole = FR_ACT_BLACKHOLE,
    Unreachable = FR_ACT_UNREACHABLE,
    Prohibit = FR_ACT_PROHIBIT,
}
