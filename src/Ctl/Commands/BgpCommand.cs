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
        return new Command("bgp", "Ask the BGP speaker on this host.")
        {
            AgentQuery.Build(terminal, connection, "peers", "Show sessions and their states.", "bgp-peers"),
            AgentQuery.Build(terminal, connection, "routes", "Show the routes it has chosen.", "bgp-routes", prefix),
            AgentQuery.Build(terminal, connection, "explain", "Show every path to a prefix, and why it was chosen or not.", "bgp-explain", explained),
        };
    }
}
