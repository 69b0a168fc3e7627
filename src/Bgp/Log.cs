using Microsoft.Extensions.Logging;

namespace Margay.Bgp;

/// <summary>What the speaker logs, numbered. The peer's name is a field of every line about a peer.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "peer {Peer} (AS {Asn}) is Established")]
    internal static partial void PeerUp(ILogger logger, string peer, uint asn);

    [LoggerMessage(2, LogLevel.Warning, "peer {Peer} is down: {Reason}")]
    internal static partial void PeerDown(ILogger logger, string peer, string reason);

    [LoggerMessage(3, LogLevel.Information, "peer {Peer}: session did not come up: {Reason}")]
    internal static partial void SessionFailed(ILogger logger, string peer, string reason);

    [LoggerMessage(4, LogLevel.Warning, "peer {Peer}: UPDATE with a fault, taken as {Outcome}: {Fault}")]
    internal static partial void UpdateFault(ILogger logger, string peer, string outcome, string fault);

    [LoggerMessage(5, LogLevel.Debug, "connection from {Address} refused: {Reason}")]
    internal static partial void ConnectionRefused(ILogger logger, string address, string reason);

    [LoggerMessage(6, LogLevel.Warning, "peer {Peer}: {Count} routes exceed the limit of {Limit}")]
    internal static partial void PrefixLimit(ILogger logger, string peer, int count, int limit);

    [LoggerMessage(7, LogLevel.Information, "peer {Peer} restarts: keeping its routes for {Seconds} s")]
    internal static partial void GracefulRestart(ILogger logger, string peer, double seconds);

    [LoggerMessage(11, LogLevel.Warning, "peer {Peer}: {Count} routes come near the limit of {Limit}")]
    internal static partial void PrefixLimitNear(ILogger logger, string peer, int count, int limit);

    [LoggerMessage(9, LogLevel.Information, "monitoring station {Address} port {Port}: connected")]
    internal static partial void StationUp(ILogger logger, string address, ushort port);

    [LoggerMessage(10, LogLevel.Warning, "monitoring station {Address} port {Port}: lost, will connect again: {Reason}")]
    internal static partial void StationDown(ILogger logger, string address, ushort port, string reason);

    [LoggerMessage(12, LogLevel.Information, "peer {Peer}: BFD is Up")]
    internal static partial void BfdUp(ILogger logger, string peer);

    [LoggerMessage(13, LogLevel.Warning, "peer {Peer}: {Reason}")]
    internal static partial void BfdDown(ILogger logger, string peer, string reason);

    [LoggerMessage(14, LogLevel.Information, "peer {Peer}: BFD is switched off on its side; the session stays")]
    internal static partial void BfdAdminDown(ILogger logger, string peer);

    [LoggerMessage(15, LogLevel.Information, "peer {Peer}: the neighbour on {Interface} is {Address}")]
    internal static partial void NeighbourFound(ILogger logger, string peer, string @interface, string address);

    [LoggerMessage(16, LogLevel.Warning, "peer {Peer}: a second router, {Address}, is on {Interface}; an unnumbered peer needs a link with one neighbour, and the first is kept")]
    internal static partial void TwoRouters(ILogger logger, string peer, string @interface, string address);

    [LoggerMessage(17, LogLevel.Warning, "peer {Peer} says what it may not, and is not believed (more of the kind is counted only): {Reason}")]
    internal static partial void Distrusted(ILogger logger, string peer, string reason);

    [LoggerMessage(8, LogLevel.Critical, "bug in the speaker's loop; the event is lost")]
    internal static partial void Bug(ILogger logger, Exception exception);
}
