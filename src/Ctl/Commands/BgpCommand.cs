using System.CommandLine;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay bgp</c>: what the speaker on this host does.</summary>
internal static class BgpCommand
{
    public static Command Build(Terminal terminal, Connection connection)
    {
        var prefix = new Argument<string?>("PREFIX") { Description = "only routes of this prefix", Arity = ArgumentArity.ZeroOrOne };
        var explained = new Argument<string?>("PREFIX") { Description = "the prefix, such as 10.65.0.64/26", Arity = ArgumentArity.ExactlyOne };
        var file = new Argument<string?>("FILE") { Description = "file on this host, replaced when the dump is whole", Arity = ArgumentArity.ExactlyOne };
        return new Command("bgp", "Ask the BGP speaker on this host.")
        {
            AgentQuery.Build(terminal, connection, "peers", "Show sessions and their states.", "bgp-peers"),
            AgentQuery.Build(terminal, connection, "routes", "Show the routes it has chosen.", "bgp-routes", prefix),
            AgentQuery.Build(terminal, connection, "explain", "Show every path to a prefix, why it was chosen or not, whether it is installed and who is told.", "bgp-explain", explained, narrow: 5),
            AgentQuery.Build(terminal, connection, "stations", "Show the monitoring stations (BMP) and what they have been told.", "bgp-stations"),
            AgentQuery.Build(terminal, connection, "dump", "Have the agent write all usable routes into a file (MRT, RFC 6396).", "bgp-dump", file, read: Path.GetFullPath),
        };
    }
}
