namespace Margay.ApiServer;

/// <summary>Everything that the server logs. Numbers are stable: alerts may name them.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "margay-server {Version} serves {DataDirectory} at revision {Revision} ({Objects} objects)")]
    public static partial void Started(ILogger log, string version, string dataDirectory, long revision, int objects);

    [LoggerMessage(2, LogLevel.Information, "listening on {Url}")]
    public static partial void Listening(ILogger log, string url);

    [LoggerMessage(3, LogLevel.Warning, "no authentication: everyone who reaches {Url} may read and change everything")]
    public static partial void Open(ILogger log, string url);

    [LoggerMessage(4, LogLevel.Information, "stopping")]
    public static partial void Stopping(ILogger log);

    [LoggerMessage(5, LogLevel.Error, "a request failed by an internal error: {Method} {Path}")]
    public static partial void RequestBug(ILogger log, Exception bug, string method, string path);

    [LoggerMessage(6, LogLevel.Critical, "the calculation graph failed; it is built anew from the store at the next change")]
    public static partial void GraphBug(ILogger log, Exception bug);

    [LoggerMessage(20, LogLevel.Information, "route reflectors for {Nodes} nodes: {Reflectors}; the mesh is {Mesh}")]
    public static partial void Reflectors(ILogger log, int nodes, string reflectors, string mesh);

    [LoggerMessage(21, LogLevel.Information, "{Nodes} nodes peer with each other; there are no elected route reflectors")]
    public static partial void MeshAgain(ILogger log, int nodes);

    [LoggerMessage(22, LogLevel.Warning, "the mesh has {Nodes} nodes: {Remedy}")]
    public static partial void MeshTooLarge(ILogger log, int nodes, string remedy);

    [LoggerMessage(23, LogLevel.Warning, "the state of the route reflectors cannot be written, the next attempt follows: {Reason}")]
    public static partial void ElectionNotWritten(ILogger log, string reason);

    [LoggerMessage(24, LogLevel.Error, "a bug: the election of route reflectors goes on with its next step")]
    public static partial void ElectionBug(ILogger log, Exception bug);

    [LoggerMessage(25, LogLevel.Warning, "the state of the virtual network {Network} cannot be written, the next attempt follows: {Reason}")]
    public static partial void NetworkStatusNotWritten(ILogger log, string network, string reason);

    [LoggerMessage(26, LogLevel.Error, "a bug: the states of virtual networks are counted anew")]
    public static partial void NetworkStatusBug(ILogger log, Exception bug);

    [LoggerMessage(7, LogLevel.Information, "refused without a valid token: {Method} {Path} from {Remote}")]
    public static partial void Unauthorized(ILogger log, string method, string path, string remote);
}
