using System.CommandLine;
using Margay.Ctl.Commands;

namespace Margay.Ctl;

// The program margay: one file for each verb in Commands/.
//
//   args ─► CommandLine (verbs listed here, once) ─► a verb's action ─┬─► MargayClient ─► margay-server   get, apply, delete, ipam, node …
//                                                                    ├─► AgentClient ─► agent's socket   bgp, endpoint, node status
//                                                                    └─► nothing                         validate, selector, version
//
// Verbs write through Terminal, so that tests run them in process. Exit status: 0 done, 1 something failed, 2 wrong usage.

/// <summary>Wires the verbs together.</summary>
public static class CommandLine
{
    public static RootCommand Build(Terminal terminal)
    {
        var root = new RootCommand("Margay: a routed virtual network for Linux hosts. This is the operator's tool.");
        root.Subcommands.Add(VersionCommand.Build(terminal));
        root.Subcommands.Add(LabCommand.Build(terminal));
        return root;
    }

    public static async Task<int> RunAsync(string[] args) => await Build(Terminal.OfProcess()).Parse(args).InvokeAsync();
}
