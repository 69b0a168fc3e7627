using Microsoft.Extensions.Logging;

namespace Margay.Agent;

/// <summary>What the agent says, numbered. 1–19 life, 20–39 server, 40–69 attachments, 70–89 BGP, 90–99 dropped packets.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "margay-agent {Version} for node {Node}, attach socket {Socket}")]
    public static partial void Starting(ILogger logger, string version, string node, string socket);

    [LoggerMessage(2, LogLevel.Information, "ready after {Milliseconds} ms: {Attachments} attachments from the journal, view of revision {Revision} from disk")]
    public static partial void Ready(ILogger logger, double milliseconds, int attachments, long revision);

    [LoggerMessage(3, LogLevel.Information, "stopping; routes, policy and interfaces stay")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(4, LogLevel.Error, "a bug: {Loop} goes on without this event")]
    public static partial void Bug(ILogger logger, string loop, Exception exception);

    [LoggerMessage(5, LogLevel.Error, "{What}")]
    public static partial void StateDamaged(ILogger logger, string what);

    [LoggerMessage(6, LogLevel.Error, "the state directory cannot be written; what changes now is lost at the next restart: {Reason}")]
    public static partial void StateNotWritten(ILogger logger, string reason);

    [LoggerMessage(7, LogLevel.Information, "reflector ready after {Milliseconds} ms: view of revision {Revision} from disk")]
    public static partial void ReflectorReady(ILogger logger, double milliseconds, long revision);

    [LoggerMessage(8, LogLevel.Information, "back after a restart, last alive {Seconds} s ago; {Forwarding}; peers are told so")]
    public static partial void Restarting(ILogger logger, int seconds, string forwarding);

    [LoggerMessage(20, LogLevel.Information, "connected to {Server}: view at revision {Revision}, {Endpoints} endpoints")]
    public static partial void Connected(ILogger logger, string server, long revision, int endpoints);

    [LoggerMessage(21, LogLevel.Warning, "no view from {Server}: {Reason}; what is known stays in force, next attempt follows")]
    public static partial void Disconnected(ILogger logger, string server, string reason);

    [LoggerMessage(22, LogLevel.Information, "Node {Node} {What}")]
    public static partial void NodeRegistered(ILogger logger, string node, string what);

    [LoggerMessage(23, LogLevel.Warning, "Node {Node} is not registered: {Reason}")]
    public static partial void NodeNotRegistered(ILogger logger, string node, string reason);

    [LoggerMessage(24, LogLevel.Information, "block {Block} of pool {Pool} claimed")]
    public static partial void BlockClaimed(ILogger logger, string block, string pool);

    [LoggerMessage(25, LogLevel.Warning, "no {Family} block: {Reason}")]
    public static partial void BlockRefused(ILogger logger, string family, string reason);

    [LoggerMessage(40, LogLevel.Warning, "{What}")]
    public static partial void AttachWarning(ILogger logger, string what);

    [LoggerMessage(41, LogLevel.Information, "attached {Container}/{Interface} as {Endpoint} in {Milliseconds} ms")]
    public static partial void Attached(ILogger logger, string container, string @interface, string endpoint, double milliseconds);

    [LoggerMessage(42, LogLevel.Warning, "attach of {Container}/{Interface} refused: {Code}: {Message}")]
    public static partial void AttachRefused(ILogger logger, string container, string @interface, string code, string message);

    [LoggerMessage(43, LogLevel.Information, "detached {Container}/{Interface}")]
    public static partial void Detached(ILogger logger, string container, string @interface);

    [LoggerMessage(44, LogLevel.Warning, "attach socket: {Reason}")]
    public static partial void SocketClient(ILogger logger, string reason);

    [LoggerMessage(45, LogLevel.Warning, "endpoint {Endpoint}: the kernel refuses it: {Reason}")]
    public static partial void EndpointFailed(ILogger logger, string endpoint, string reason);

    [LoggerMessage(46, LogLevel.Warning, "network {Network}: make its namespace: {Reason}")]
    public static partial void NetworkNotOpened(ILogger logger, string network, string reason);

    [LoggerMessage(70, LogLevel.Information, "BGP: AS {As}, router id {RouterId}, {Peers} peers")]
    public static partial void BgpConfigured(ILogger logger, uint @as, string routerId, int peers);

    [LoggerMessage(71, LogLevel.Warning, "BGP: {Fault}")]
    public static partial void BgpFault(ILogger logger, string fault);

    [LoggerMessage(90, LogLevel.Information, "dropped: {Direction} of {Endpoint}: {Protocol} {Source} to {Destination} by {By} ({Unsaid} before it not said)")]
    public static partial void Dropped(ILogger logger, string direction, string endpoint, string protocol, string source, string destination, string by, int unsaid);

    [LoggerMessage(91, LogLevel.Warning, "{Fault}")]
    public static partial void DropsNotRead(ILogger logger, string fault);
}
