using Microsoft.Extensions.Logging;

namespace Margay.Dataplane;

/// <summary>What the dataplane says in the log.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "In sync: the first whole view and all local endpoints are known")]
    public static partial void InSync(ILogger logger);

    [LoggerMessage(2, LogLevel.Warning, "The kernel refused {What}: {Reason}; trying again in {Delay}")]
    public static partial void Refused(ILogger logger, string what, string reason, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Warning, "Another program changed {What}; put right")]
    public static partial void Repaired(ILogger logger, string what);

    [LoggerMessage(4, LogLevel.Error, "A defect was contained; the pass is repeated")]
    public static partial void Defect(ILogger logger, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "Endpoint {Endpoint} is not programmed: {Reason}")]
    public static partial void EndpointFailed(ILogger logger, string endpoint, string reason);

    [LoggerMessage(6, LogLevel.Debug, "Endpoint {Endpoint} is programmed at revision {Revision}")]
    public static partial void EndpointProgrammed(ILogger logger, string endpoint, long revision);

    [LoggerMessage(7, LogLevel.Information, "No peer said that it is in sync within {HoldTime}: routes found at start that nobody announced are removed")]
    public static partial void RouteHoldOver(ILogger logger, TimeSpan holdTime);

    [LoggerMessage(8, LogLevel.Error, "{What} is set aside: {Reason}. Meanwhile: {Instead}; it is tried again")]
    public static partial void SetAside(ILogger logger, string what, string reason, string instead);
}
