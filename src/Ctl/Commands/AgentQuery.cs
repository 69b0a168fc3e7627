using System.CommandLine;
using Margay.Api.Attach;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary>Verbs that ask this host's agent one question and print its answer: a table, text, or the same as JSON or YAML.</summary>
internal static class AgentQuery
{
    /// <param name="narrow">How many of the answer's columns a table has without <c>-o wide</c>; 0 is all.</param>
    /// <param name="read">What the agent is sent for what the operator wrote.</param>
    public static Command Build(
        Terminal terminal, Connection connection, string name, string description, string topic, Argument<string?>? argument = null, int narrow = 0, Func<string, string>? read = null)
    {
        Option<string> output = narrow > 0 ? CommonOptions.Output("table", "wide", "json", "yaml") : CommonOptions.Output("table", "json", "yaml");
        var command = new Command(name, description) { output };
        if (argument is not null) command.Arguments.Add(argument);
        command.SetAction(parsed =>
        {
            string? text = argument is null ? null : parsed.GetValue(argument);
            if (text is not null && read is not null) text = read(text);
            AgentReply reply = connection.Agent(parsed).Query(topic, text);
            if (reply.Error is { } error) return terminal.Fail(error.Message);
            if (reply.Query is not { } answer) return terminal.Fail($"the agent did not answer the question \"{topic}\": is it older than this program?");
            return Print(terminal, parsed.GetValue(output) == "table" && narrow > 0 ? Narrow(answer, narrow) : answer, parsed.GetValue(output)!);
        });
        return command;
    }

    private static QueryReply Narrow(QueryReply answer, int columns) => answer with
    {
        Columns = answer.Columns is null ? null : [.. answer.Columns.Take(columns)],
        Rows = answer.Rows is null ? null : [.. answer.Rows.Select(r => (IReadOnlyList<string>)[.. r.Take(columns)])],
    };

    public static int Print(Terminal terminal, QueryReply answer, string form)
    {
        if (form is "json" or "yaml")
        {
            if (answer.Json is not { } json) return terminal.Fail("the agent gives this answer only as a table");
            if (form == "yaml") terminal.Out.Write(YamlText.Write(json));
            else terminal.Out.WriteLine(JsonText.Write(json));
            return ExitStatus.Done;
        }

        if (answer is { Columns: { } columns, Rows: { } rows })
        {
            var table = new Table([.. columns]);
            foreach (IReadOnlyList<string> row in rows) table.Add(row);
            table.WriteTo(terminal.Out);
        }

        if (answer.Text is { } text) terminal.Out.WriteLine(text.TrimEnd());
        if (answer is { Columns: null, Text: null, Json: { } only }) terminal.Out.Write(YamlText.Write(only));
        return ExitStatus.Done;
    }
}
