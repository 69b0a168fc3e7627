using System.CommandLine;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay endpoint</c>: the workloads on this host, as its agent sees them.</summary>
internal static class EndpointCommand
{
    public static Command Build(Terminal terminal, Connection connection) => new("endpoint", "Ask about the workloads on this host.")
    {
        AgentQuery.Build(terminal, connection, "list", "Show the endpoints that this host's agent holds.", "endpoints"),
    };
}
