using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Margay.Bgp.Bmp;
using Margay.Bgp.Rib;
using Margay.Bgp.Transport;
using Margay.Core.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Bgp;

/// <summary>What is fixed for the life of a <see cref="Speaker"/>. Everything that may change is in <see cref="SpeakerConfig"/>.</summary>
public sealed record SpeakerOptions
{
    /// <summary>Time of all timers. Simulations pass a clock of their own.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Seed of the jitter; the same seed and inputs give the same run.</summary>
    public int Seed { get; init; } = Environment.ProcessId;

    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>
    /// The speaker comes back after a restart (RFC 4724 §4.1): peers are told so by the R bit, and nothing is sent to them before they have sent their routes again
    /// or <see cref="DeferralLimit"/> is over.
    /// </summary>
    public bool Restarting { get; init; }

    /// <summary>
    /// What was forwarded before is not forwarded any more, or nobody knows: the F bits are clear in the first session with each peer, which lets go of what it
    /// kept. Later sessions come after a break that forwarding outlived.
    /// </summary>
    public bool ForwardingLost { get; init; }

    /// <summary>The longest time that a restarted speaker sends nothing (Selection_Deferral_Timer, RFC 4724 §4.1); null is <see cref="ConvergenceDeadline"/>.</summary>
    public TimeSpan? DeferralLimit { get; init; }

    /// <summary>The longest time that <see cref="RouteChangeBatch.Converged"/> waits for peers.</summary>
    public TimeSpan ConvergenceDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Distance of a next hop for RFC 4271 §9.1.2.2 (e), on the loop; null: all next hops are equally far.</summary>
    public Func<InetAddress, uint>? NextHopMetric { get; init; }

    /// <summary>Best paths go here; null for a reflector that forwards no packets.</summary>
    public IRouteSink? Sink { get; init; }

    /// <summary>How the speaker reaches its peers; null is TCP of the kernel, in the network namespace of the thread that calls <see cref="Speaker.Start"/>.</summary>
    public ITransport? Transport { get; init; }

    /// <summary>How BFD packets reach peers; null is UDP of the kernel, in the same network namespace.</summary>
    public IBfdTransport? BfdTransport { get; init; }

    /// <summary>Instruments <c>bgp.*</c> are made on this meter; null makes none.</summary>
    public Meter? Meter { get; init; }

    /// <summary>Bytes of encoded updates kept for the slowest member of an update group; a member farther behind is served from the RIB, coalesced per prefix.</summary>
    public int UpdateLogLimit { get; init; } = 32 << 20;

    /// <summary>Bytes taken from a socket at a time. Simulations of many speakers take less.</summary>
    internal int ReceiveBufferSize { get; init; } = 256 << 10;
}

/// <summary>
/// The whole desired state of a speaker: identity, listeners and peers. <see cref="Speaker.ApplyAsync"/> compares it with
/// what runs and changes only the difference.
/// </summary>
public sealed record SpeakerConfig
{
    /// <summary>1–4294967295. A change resets the sessions that use it.</summary>
    public required uint LocalAs { get; init; }

    /// <summary>IPv4, not 0.0.0.0 (RFC 6286). A change resets all sessions.</summary>
    public required InetAddress RouterId { get; init; }

    /// <summary>Cluster id as a route reflector (RFC 4456 §7); null is the router id.</summary>
    public InetAddress? ClusterId { get; init; }

    /// <summary>Where to accept connections; none for a speaker that only connects.</summary>
    public ImmutableArray<ListenEndpoint> Listen { get; init; } = [];

    public ImmutableArray<PeerSpec> Peers { get; init; } = [];

    /// <summary>Stations that are told of peers and routes (BMP, RFC 7854).</summary>
    public ImmutableArray<BmpStationSpec> BmpStations { get; init; } = [];

    /// <summary>What the speaker calls itself towards stations (sysName); empty is the router id.</summary>
    public string SystemName { get; init; } = "";

    /// <summary>Equal paths given to the sink together: 1 is no multipath.</summary>
    public int MaxPaths { get; init; } = 1;

    /// <summary>Compare MED between different neighbouring ASes too (not what RFC 4271 says, yet common).</summary>
    public bool AlwaysCompareMed { get; init; }
}

/// <param name="Address"><see cref="InetAddress.AnyV6"/> does not include IPv4.</param>
/// <param name="Port">1–65535; 179 by registry. 0 lets the kernel choose (tests).</param>
/// <param name="Interface">Accept on this interface only.</param>
public sealed record ListenEndpoint(InetAddress Address, ushort Port = 179, string? Interface = null);
