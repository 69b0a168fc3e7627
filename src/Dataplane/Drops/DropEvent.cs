using Margay.Core.Net;

namespace Margay.Dataplane.Drops;

/// <summary>What a <see cref="DropReader"/> tells.</summary>
public abstract record DropEvent(NetworkName Network);

/// <summary>A packet that was dropped, one of those that the rules' rate let through.</summary>
/// <param name="InputInterface">The host-side interface that it came in by; null when it is not known any more.</param>
/// <param name="OutputInterface">The one that it would have left by; null for a packet to this host, or when it was dropped before it was routed.</param>
public sealed record DroppedPacket(NetworkName Network, DropSite Site, PacketHeaders Headers, string? InputInterface, string? OutputInterface) : DropEvent(Network);

/// <summary>More were dropped than are told of: the reader keeps to its pace, and the kernel's buffer was full.</summary>
public sealed record DropsLost(NetworkName Network) : DropEvent(Network);

/// <summary>The reader has ended: the kernel refuses to go on. Nothing more of this network is told.</summary>
public sealed record DropReaderFailed(NetworkName Network, string Reason) : DropEvent(Network);
