using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary><c>margay drops</c>: which packets policy dropped on this host, and by which rule.</summary>
internal static class DropsCommand
{
    /// <summary>The agent answers after that long when nothing was dropped.</summary>
    private const int WaitSeconds = 20;

    public static Command Build(Terminal terminal, Connection connection)
    {
        var endpoint = new Option<string?>("--endpoint") { HelpName = "TEXT", Description = "only those of endpoints whose id, NETWORK/NAMESPACE/NAME, contains this" };
        var limit = new Option<int>("--limit") { HelpName = "NUMBER", Description = "the latest so many, to 400 [50]", DefaultValueFactory = _ => 50 };
        var watch = new Option<bool>("--watch", "-w") { Description = "go on with each new one until interrupted" };
        Option<string> output = CommonOptions.Output("table", "json", "yaml");
        var command = new Command("drops", "Show the packets that were dropped on this host, by which rule and whose. Each rule tells of some a second; all are counted.") { endpoint, limit, watch, output };
        command.SetAction(async (parsed, cancel) =>
        {
            int most = parsed.GetValue(limit);
            if (most is < 1 or > 400) return terminal.Fail("--limit must be from 1 to 400");
            if (parsed.GetValue(endpoint) is { } text && text.AsSpan().ContainsAny(' ', '=')) return terminal.Fail("--endpoint must be a part of an id, without blanks and equals signs");
            // A watch ends with its process: whoever waits for the agent cannot be called back.
            Task<int> work = Task.Run(() => Run(terminal, connection.Agent(parsed), parsed.GetValue(endpoint), most, parsed.GetValue(watch), parsed.GetValue(output)!, cancel), CancellationToken.None);
            return await Task.WhenAny(work, Task.Delay(Timeout.InfiniteTimeSpan, terminal.Time, cancel)) == work ? await work : ExitStatus.Done;
        });
        return command;
    }

    private static int Run(Terminal terminal, AgentClient agent, string? endpoint, int limit, bool watch, string form, CancellationToken cancel)
    {
        string filter = endpoint is null ? "" : $"endpoint={endpoint} ";
        Table? table = null;
        for (string argument = string.Create(CultureInfo.InvariantCulture, $"{filter}limit={limit}"); !cancel.IsCancellationRequested;)
        {
            AgentReply reply = agent.Query("drops", argument);
            if (reply.Error is { } error) return terminal.Fail(error.Message);
            if (reply.Query is not { Json: { } json } answer) return terminal.Fail("the agent does not know of drops: is it older than this program?");
            if (form == "table") table = WriteTable(terminal, answer, table);
            else if (watch) WriteEach(terminal, json, form);
            else WriteAll(terminal, json, form);
            if (!watch) return ExitStatus.Done;
            terminal.Out.Flush();
            argument = string.Create(CultureInfo.InvariantCulture, $"{filter}after={json.GetProperty("last").GetInt64()} wait={WaitSeconds}");
        }
        return ExitStatus.Done;
    }

    private static Table WriteTable(Terminal terminal, QueryReply answer, Table? table)
    {
        IReadOnlyList<IReadOnlyList<string>> rows = answer.Rows ?? [];
        if (table is not null)
        {
            foreach (IReadOnlyList<string> row in rows) table.Append(terminal.Out, row);
            return table;
        }
        Table first = new([.. answer.Columns ?? []]);
        foreach (IReadOnlyList<string> row in rows) first.Add(row);
        first.WriteTo(terminal.Out);
        return first;
    }

    private static void WriteAll(Terminal terminal, JsonElement json, string form)
    {
        if (form == "yaml") terminal.Out.Write(YamlText.Write(json));
        else terminal.Out.WriteLine(JsonText.Write(json));
    }

    /// <summary>One object a line, or one document each.</summary>
    private static void WriteEach(Terminal terminal, JsonElement json, string form)
    {
        foreach (JsonElement drop in json.GetProperty("drops").EnumerateArray())
            terminal.Out.Write(form == "yaml" ? $"---\n{YamlText.Write(drop)}" : drop.GetRawText() + "\n");
    }
}
