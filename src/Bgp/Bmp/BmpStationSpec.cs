using Margay.Core.Net;

namespace Margay.Bgp.Bmp;

/// <summary>A monitoring station (RFC 7854), as asked for: the speaker connects to it and tells it of its peers and their routes.</summary>
/// <param name="Address">Where the station listens.</param>
/// <param name="Port">1–65535; the RFC names none.</param>
public sealed record BmpStationSpec(InetAddress Address, ushort Port)
{
    /// <summary>Routes as received from the peers (Adj-RIB-In before the import filter).</summary>
    public bool PrePolicy { get; init; } = true;

    /// <summary>Routes that passed loop checks and import filter, as the filter left them (Adj-RIB-In, L flag).</summary>
    public bool PostPolicy { get; init; } = true;

    /// <summary>Best routes (RFC 9069).</summary>
    public bool LocRib { get; init; } = true;

    /// <summary>Between two Stats Reports; zero: none.</summary>
    public TimeSpan StatsInterval { get; init; } = TimeSpan.FromMinutes(1);
}
