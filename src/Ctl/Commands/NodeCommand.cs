using System.CommandLine;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay node</c></summary>
internal static class NodeCommand
{
    public static Command Build(Terminal terminal, Connection connection)
    {
        var status = new Command("status", "Show the nodes, and the agent on this host when there is one.");
        status.SetAction(async (parsed, cancel) =>
        {
            using MargayClient client = connection.Connect(parsed);
            int outcome = await WriteNodesAsync(terminal, client, cancel);
            string socket = connection.AgentSocket(parsed);
            return File.Exists(socket) ? Math.Max(outcome, WriteAgent(terminal, connection.Agent(parsed), socket)) : outcome;
        });
        return new Command("node", "Ask about nodes.") { status };
    }

    private static async Task<int> WriteNodesAsync(Terminal terminal, MargayClient client, CancellationToken cancel)
    {
        ApiResult<ResourcePage<Node>> nodes = await client.ListAsync<Node>(cancel: cancel);
        if (!nodes.TryGet(out ResourcePage<Node> page, out ApiError error)) return terminal.Fail(error.Message);
        ApiResult<ResourcePage<IPAMBlock>> blocks = await client.ListAsync<IPAMBlock>(cancel: cancel);
        ApiResult<ResourcePage<WorkloadEndpoint>> endpoints = await client.ListAsync<WorkloadEndpoint>(cancel: cancel);
        if ((blocks.Error ?? endpoints.Error) is { } failed) return terminal.Fail(failed.Message);
        var table = new Table("NODE", "IPV4", "IPV6", "AS", "BLOCKS", "ENDPOINTS", "UP", "AGENT", "CONDITIONS");
        foreach (Node node in page.Items.OrderBy(n => n.Name, StringComparer.Ordinal))
        {
            WorkloadEndpoint[] own = [.. endpoints.Value.Items.Where(e => e.Spec.Node == node.Name)];
            table.Add(
                node.Name, node.Spec.Bgp?.Ipv4Address ?? "-", node.Spec.Bgp?.Ipv6Address ?? "-", node.Spec.Bgp?.AsNumber?.ToString() ?? "-",
                Count(blocks.Value.Items.Count(b => b.Spec.Affinity == $"host:{node.Name}")), Count(own.Length), Count(own.Count(e => e.Status?.State == "Up")),
                node.Status?.AgentVersion ?? "-", Conditions(node.Status?.Conditions));
        }

        table.WriteTo(terminal.Out);
        return ExitStatus.Done;
    }

    private static int WriteAgent(Terminal terminal, AgentClient agent, string socket)
    {
        AgentReply reply = agent.Query("status");
        terminal.Out.WriteLine();
        terminal.Out.WriteLine($"Agent on this host ({socket}):");
        if (reply.Error is { } error) return terminal.Fail(error.Message);
        return reply.Query is { } answer ? AgentQuery.Print(terminal, answer, "table") : terminal.Fail("the agent did not answer");
    }

    private static string Conditions(IReadOnlyList<Condition>? conditions) => conditions is not { Count: > 0 } ? "-" :
        string.Join(',', conditions.Select(c => c.Status == "True" ? c.Type : c.Status == "False" ? $"not {c.Type}" : $"{c.Type}?"));

    private static string Count(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
