using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Ctl.Networks;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay network</c>: virtual networks, how far each has come, their routes on this host, and what is wrong.</summary>
internal static class NetworkCommand
{
    public static Command Build(Terminal terminal, Connection connection)
    {
        var routesOf = new Argument<string?>("NETWORK") { Description = "only this network, NAMESPACE/NAME", Arity = ArgumentArity.ZeroOrOne };
        return new Command("network", "Ask about virtual networks.")
        {
            BuildList(terminal, connection),
            BuildShow(terminal, connection),
            AgentQuery.Build(terminal, connection, "routes", "Show the routes that networks on this host import, and why some are not used.", "network-routes", routesOf, narrow: 6),
            AgentQuery.Build(terminal, connection, "host", "Show the networks that have a workload on this host.", "networks", narrow: 6),
            BuildLint(terminal, connection),
        };
    }

    private static Command BuildList(Terminal terminal, Connection connection)
    {
        Option<string> output = CommonOptions.Output("table", "wide", "json", "yaml");
        var command = new Command("list", "Show the virtual networks, where their workloads are and how far they have come.") { output };
        command.SetAction(async (parsed, cancel) =>
        {
            if (await ReadAsync(terminal, connection.Connect(parsed), cancel) is not { } report) return ExitStatus.Failed;
            string form = parsed.GetValue(output)!;
            if (form is "json" or "yaml") WriteDocument(terminal, JsonSerializer.SerializeToElement(report.Networks, JsonText.Default.IReadOnlyListNetworkUsage), form);
            else WriteTable(terminal, report.Networks, form == "wide");
            return ExitStatus.Done;
        });
        return command;
    }

    private static Command BuildShow(Terminal terminal, Connection connection)
    {
        var name = new Argument<string>("NETWORK") { Description = "NAMESPACE/NAME" };
        Option<string> output = CommonOptions.Output("yaml", "json");
        var command = new Command("show", "Show one network: what it is, its route targets, and each node that has workloads of it.") { name, output };
        command.SetAction(async (parsed, cancel) =>
        {
            if (await ReadAsync(terminal, connection.Connect(parsed), cancel) is not { } report) return ExitStatus.Failed;
            string wanted = parsed.GetValue(name)!.Replace('.', '/');
            if (report.Networks.FirstOrDefault(n => n.Name == wanted) is not { } network) return terminal.Fail($"there is no virtual network {wanted}; margay network list shows those that are");
            WriteDocument(terminal, JsonSerializer.SerializeToElement(network, JsonText.Default.NetworkUsage), parsed.GetValue(output)!);
            return ExitStatus.Done;
        });
        return command;
    }

    private static Command BuildLint(Terminal terminal, Connection connection)
    {
        Option<string> output = CommonOptions.Output("table", "json", "yaml");
        var command = new Command("lint", "Find what keeps networks apart or together against their will: in the cluster's objects, and on this host when it has an agent (status 1 when there is any).") { output };
        command.SetAction(async (parsed, cancel) =>
        {
            if (await ReadAsync(terminal, connection.Connect(parsed), cancel) is not { } report) return ExitStatus.Failed;
            List<NetworkFinding> found = [.. report.Problems.Select(p => new NetworkFinding(p.Kind.ToString(), p.Subject, p.Message))];
            bool hasAgent = File.Exists(connection.AgentSocket(parsed));
            if (hasAgent)
            {
                AgentReply reply = connection.Agent(parsed).Query("network-lint");
                if (reply.Error is { } error) return terminal.Fail(error.Message);
                found.AddRange((reply.Query?.Rows ?? []).Select(r => new NetworkFinding(r[0], r[1], r[2])));
            }
            WriteFindings(terminal, report, found, hasAgent, parsed.GetValue(output)!);
            return found.Count == 0 ? ExitStatus.Done : ExitStatus.Failed;
        });
        return command;
    }

    private static void WriteTable(Terminal terminal, IReadOnlyList<NetworkUsage> networks, bool isWide)
    {
        string[] narrow = ["NETWORK", "VNI", "SUBNETS", "WORKLOADS", "NODES", "STATE"];
        var table = new Table(isWide ? [.. narrow, "MTU", "IMPORT", "EXPORT", "AGGREGATES"] : narrow);
        foreach (NetworkUsage n in networks)
        {
            table.Add(n.Name, Text(n.Vni) ?? "-", Join(n.Subnets), Text(n.Workloads)!, Text(n.Nodes.Count)!, n.State,
                Text(n.Mtu) ?? "automatic", Join(n.Import), Join(n.Export), Join(n.ExportAggregates));
        }

        table.WriteTo(terminal.Out);
    }

    private static void WriteFindings(Terminal terminal, NetworkReport report, IReadOnlyList<NetworkFinding> found, bool hasAgent, string form)
    {
        if (form is "json" or "yaml")
        {
            WriteDocument(terminal, JsonSerializer.SerializeToElement(found, JsonText.Default.IReadOnlyListNetworkFinding), form);
            return;
        }

        terminal.Out.WriteLine($"{report.Networks.Count} networks, {report.Networks.Sum(n => n.Workloads)} workloads{(hasAgent ? ", and this host" : "; no agent on this host, so no routes or tunnels were looked at")}");
        if (found.Count == 0)
        {
            terminal.Out.WriteLine("no problems");
            return;
        }

        var table = new Table("PROBLEM", "WHERE", "WHAT");
        foreach (NetworkFinding finding in found) table.Add(finding.Problem, finding.Where, finding.What);
        table.WriteTo(terminal.Out);
    }

    private static async Task<NetworkReport?> ReadAsync(Terminal terminal, MargayClient connected, CancellationToken cancel)
    {
        using MargayClient client = connected;
        ApiResult<ResourcePage<WorkloadEndpoint>> endpoints = await client.ListAsync<WorkloadEndpoint>(cancel: cancel);
        ApiResult<ResourcePage<VirtualNetwork>> networks = endpoints.Error ?? await client.ListAsync<VirtualNetwork>(cancel: cancel);
        ApiResult<ResourcePage<Node>> nodes = networks.Error ?? await client.ListAsync<Node>(cancel: cancel);
        ApiResult<ResourcePage<BGPConfiguration>> settings = nodes.Error ?? await client.ListAsync<BGPConfiguration>(cancel: cancel);
        ApiResult<ResourcePage<FloatingIP>> floating = settings.Error ?? await client.ListAsync<FloatingIP>(cancel: cancel);
        if (floating.Error is not { } error)
            return NetworkAudit.Run(networks.Value.Items, endpoints.Value.Items, nodes.Value.Items, settings.Value.Items.FirstOrDefault(s => s.Name == "default")?.Spec.AsNumber?.Value, floating.Value.Items);
        terminal.Fail(error.Message);
        return null;
    }

    private static void WriteDocument(Terminal terminal, JsonElement json, string form) => terminal.Out.Write(form == "yaml" ? YamlText.Write(json) : JsonText.Write(json) + "\n");

    private static string Join(IReadOnlyList<string> words) => words.Count == 0 ? "-" : string.Join(',', words);

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);
}
