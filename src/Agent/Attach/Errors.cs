using Margay.Api.Attach;

namespace Margay.Agent.Attach;

/// <summary>The agent's refusals, by their codes.</summary>
internal static class Errors
{
    public static AgentError InvalidRequest(string message) => new() { Code = "InvalidRequest", Message = message };
    public static AgentError NoAddress(string message, bool retry) => new() { Code = "NoAddress", Message = message, Retry = retry };
    public static AgentError ServerUnreachable(string message) => new() { Code = "ServerUnreachable", Message = message, Retry = true };
    public static AgentError NameCollision(string message) => new() { Code = "NameCollision", Message = message };
    public static AgentError NotFound(string message) => new() { Code = "NotFound", Message = message };
    public static AgentError CheckFailed(string message) => new() { Code = "CheckFailed", Message = message };
    public static AgentError Timeout(string message) => new() { Code = "Timeout", Message = message, Retry = true };
    public static AgentError Kernel(string message) => new() { Code = "Kernel", Message = message };
    public static AgentError Internal(string message) => new() { Code = "Internal", Message = message };
}
