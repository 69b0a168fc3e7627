using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Ctl.Ipam;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay ipam</c>: how addresses are used, and whether all that is known of them agrees.</summary>
internal static class IpamCommand
{
    public static Command Build(Terminal terminal, Connection connection) => new("ipam", "Ask about addresses.")
    {
        BuildShow(terminal, connection),
        BuildCheck(terminal, connection),
    };

    private static Command BuildShow(Terminal terminal, Connection connection)
    {
        var blocks = new Option<bool>("--show-blocks") { Description = "show each block, its owner and how full it is" };
        var ip = new Option<string?>("--ip") { HelpName = "ADDRESS", Description = "show who has this address" };
        Option<string> output = CommonOptions.Output("table", "json");
        var command = new Command("show", "Show pools and how full they are.") { blocks, ip, output };
        command.SetAction(async (parsed, cancel) =>
        {
            InetAddress address = default;
            if (parsed.GetValue(ip) is { } text && !InetAddress.TryParse(text, out address)) return terminal.Fail($"\"{text}\" is no IP address");
            using MargayClient client = connection.Connect(parsed);
            if (await Inventory.ReadAsync(client, terminal, cancel) is not { } inventory) return ExitStatus.Failed;
            if (parsed.GetValue(ip) is not null) return WriteAddress(terminal, address, inventory);
            IpamReport report = inventory.Audit();
            if (parsed.GetValue(output) == "json") WriteJson(terminal, report);
            else WriteTables(terminal, report, parsed.GetValue(blocks));
            return ExitStatus.Done;
        });
        return command;
    }

    private static Command BuildCheck(Terminal terminal, Connection connection)
    {
        Option<string> output = CommonOptions.Output("table", "json");
        var command = new Command("check", "Find addresses and blocks that do not agree with each other (status 1 when there are any).") { output };
        command.SetAction(async (parsed, cancel) =>
        {
            using MargayClient client = connection.Connect(parsed);
            if (await Inventory.ReadAsync(client, terminal, cancel) is not { } inventory) return ExitStatus.Failed;
            IpamReport report = inventory.Audit();
            if (parsed.GetValue(output) == "json") WriteJson(terminal, report);
            else WriteProblems(terminal, report);
            return report.Problems.Count == 0 ? ExitStatus.Done : ExitStatus.Failed;
        });
        return command;
    }

    private static int WriteAddress(Terminal terminal, InetAddress address, Inventory inventory)
    {
        List<(string Aspect, string Value)> found = [.. IpamAudit.Locate(address, inventory.Pools, inventory.Blocks, inventory.Endpoints)];
        foreach ((string aspect, string value) in found) terminal.Out.WriteLine($"{address} {aspect}: {value}");
        if (found.Exists(f => f.Aspect == "endpoint")) return ExitStatus.Done;
        terminal.Out.WriteLine($"{address} is not in use");
        return ExitStatus.Done;
    }

    private static void WriteJson(Terminal terminal, IpamReport report) =>
        terminal.Out.WriteLine(JsonText.Write(JsonSerializer.SerializeToElement(report, JsonText.Default.IpamReport)));

    private static void WriteTables(Terminal terminal, IpamReport report, bool withBlocks)
    {
        var pools = new Table("POOL", "CIDR", "BLOCKS", "OF", "IN USE", "ADDRESSES", "");
        foreach (PoolUsage p in report.Pools)
            pools.Add(p.Name, p.Cidr, Text(p.Blocks), p.BlocksPossible, Text(p.InUse), p.Addresses, p.Disabled ? "disabled" : "");
        pools.WriteTo(terminal.Out);
        if (!withBlocks) return;
        terminal.Out.WriteLine();
        var blocks = new Table("BLOCK", "POOL", "NODE", "IN USE", "ADDRESSES");
        foreach (BlockUsage b in report.Blocks) blocks.Add(b.Cidr, b.Pool, b.Node, Text(b.InUse), b.Addresses);
        blocks.WriteTo(terminal.Out);
    }

    private static void WriteProblems(Terminal terminal, IpamReport report)
    {
        terminal.Out.WriteLine($"{report.Pools.Count} pools, {report.Blocks.Count} blocks, {report.Pools.Sum(p => p.InUse)} addresses in use");
        if (report.Problems.Count == 0)
        {
            terminal.Out.WriteLine("no problems");
            return;
        }

        var problems = new Table("PROBLEM", "WHERE", "WHAT");
        foreach (IpamProblem problem in report.Problems) problems.Add(problem.Kind, problem.Subject, problem.Message);
        problems.WriteTo(terminal.Out);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Inventory(IReadOnlyList<IPPool> Pools, IReadOnlyList<IPAMBlock> Blocks, IReadOnlyList<Node> Nodes, IReadOnlyList<WorkloadEndpoint> Endpoints)
    {
        public IpamReport Audit() => IpamAudit.Run(Pools, Blocks, Nodes, Endpoints);

        // Endpoints before blocks and nodes: what an endpoint needs exists before it does.
        public static async Task<Inventory?> ReadAsync(MargayClient client, Terminal terminal, CancellationToken cancel)
        {
            ApiResult<ResourcePage<WorkloadEndpoint>> endpoints = await client.ListAsync<WorkloadEndpoint>(cancel: cancel);
            ApiResult<ResourcePage<IPAMBlock>> blocks = endpoints.Error ?? await client.ListAsync<IPAMBlock>(cancel: cancel);
            ApiResult<ResourcePage<IPPool>> pools = blocks.Error ?? await client.ListAsync<IPPool>(cancel: cancel);
            ApiResult<ResourcePage<Node>> nodes = pools.Error ?? await client.ListAsync<Node>(cancel: cancel);
            if (nodes.Error is not { } error) return new Inventory(pools.Value.Items, blocks.Value.Items, nodes.Value.Items, endpoints.Value.Items);
            terminal.Fail(error.Message);
            return null;
        }
    }
}
