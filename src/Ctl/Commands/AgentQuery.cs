using System.CommandLine;
using Margay.Api.Attach;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

/// <summary>Verbs that ask this host's agent one question and print its answer: a table, text, or the same as JSON.</summary>
internal static class AgentQuery
{
    public static Command Build(Terminal terminal, Connection connection, string name, string description, string topic, Argument<string?>? argument = null)
    {
        Option<string> output = CommonOptions.Output("table", "json");
        var command = new Command(name, description) { output };
        if (argument is not null) command.Arguments.Add(argument);
        command.SetAction(parsed =>
        {
            AgentReply reply = connection.Agent(parsed).Query(topic, argument is null ? null : parsed.GetValue(argument));
            if (reply.Error is { } error) return terminal.Fail(error.Message);
            if (reply.Query is not { } answer) return terminal.Fail($"the agent did not answer the question \"{topic}\": is it older than this program?");
            return Print(terminal, answer, asJson: parsed.GetValue(output) == "json");
        });
        return command;
    }

    public static int Print(Terminal terminal, QueryReply answer, bool asJson)
    {
        if (asJson)
        {
            if (answer.Json is not { } json) return terminal.Fail("the agent gives this answer only as a table");
            terminal.Out.WriteLine(JsonText.Write(json));
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
