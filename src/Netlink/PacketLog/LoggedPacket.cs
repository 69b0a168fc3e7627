using System.Collections.Immutable;

namespace Margay.Netlink.PacketLog;

/// <summary>What a group has to tell: a packet, or that some were lost.</summary>
public abstract record PacketLogEvent;

/// <summary>A packet that a rule logged, as it was at that hook.</summary>
public sealed record LoggedPacket : PacketLogEvent
{
    /// <summary>What the rule put before it; empty without.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>ETH_P_*: 0x0800 IPv4, 0x86dd IPv6, 0x0806 ARP; 0 when not known.</summary>
    public ushort Protocol { get; init; }

    /// <summary>NF_INET_* (0 prerouting … 4 postrouting).</summary>
    public byte Hook { get; init; }

    /// <summary>Index of the link that it came in by; 0 for none.</summary>
    public int InputLink { get; init; }

    /// <summary>Index of the link that it would leave by; 0 for none, or not known yet.</summary>
    public int OutputLink { get; init; }

    public uint Mark { get; init; }

    /// <summary>The packet from its network header on, as much of it as the reader asked for.</summary>
    public ImmutableArray<byte> Payload { get; init; } = [];

    public bool Equals(LoggedPacket? other) => other is not null && Prefix == other.Prefix && Protocol == other.Protocol && Hook == other.Hook && InputLink == other.InputLink
        && OutputLink == other.OutputLink && Mark == other.Mark && Payload.AsSpan().SequenceEqual(other.Payload.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Prefix, Protocol, Hook, InputLink, OutputLink, Mark, Payload.Length);
}

/// <summary>Packets came faster than they were read: some are missing here.</summary>
public sealed record PacketLogOverrun : PacketLogEvent;
