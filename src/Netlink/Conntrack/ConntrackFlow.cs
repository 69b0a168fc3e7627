using Margay.Core.Net;

namespace Margay.Netlink.Conntrack;

/// <summary>One tracked connection.</summary>
public sealed record ConntrackFlow
{
    /// <summary>As the first packet went.</summary>
    public required ConntrackTuple Original { get; init; }

    /// <summary>As answers come: the reverse, after address translation.</summary>
    public ConntrackTuple Reply { get; init; }

    public ushort Zone { get; init; }
    public uint Mark { get; init; }
    public ConntrackStatus Status { get; init; }

    /// <summary>Until the kernel forgets it.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Tells a connection from a later one with the same tuple.</summary>
    public uint Id { get; init; }
}

/// <summary>Addresses, protocol and ports in one direction. For ICMP the id stands as source port, type and code as high and low byte of the destination port.</summary>
public readonly record struct ConntrackTuple(InetAddress Source, InetAddress Destination, byte Protocol, ushort SourcePort = 0, ushort DestinationPort = 0);

/// <summary>IPS_* (linux/netfilter/nf_conntrack_common.h).</summary>
[Flags]
public enum ConntrackStatus : uint
{
    None = 0,
    Expected = 1,
    SeenReply = 2,
    Assured = 4,
    Confirmed = 8,
    SourceNat = 16,
    DestinationNat = 32,
    SequenceAdjust = 64,
    SourceNatDone = 128,
    DestinationNatDone = 256,
    Dying = 512,
    FixedTimeout = 1024,
    Offload = 1 << 14,
}
