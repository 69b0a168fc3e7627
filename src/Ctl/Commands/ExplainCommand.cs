using System.CommandLine;
using System.Text.Json;
using Margay.Api.Client;
using Margay.Api.Resources;
using Margay.CalcGraph.Explain;
using Margay.Core.Net;
using Margay.Ctl.Explain;
using Margay.Ctl.Manifests;
using Margay.Ctl.Output;
using Margay.Ctl.Settings;

namespace Margay.Ctl.Commands;

// margay explain: objects from the server or from files ─► ClusterPolicy (src/CalcGraph/Explain) ─► report ─► text, JSON, YAML.
// Nothing is asked of the server but its objects, and nothing is computed there: docs/decisions/0046.

/// <summary><c>margay explain</c>: would this be allowed, and why; and what would a change change?</summary>
internal sealed class ExplainCommand
{
    private readonly Option<string?> _from = new("--from") { HelpName = "WHO", Description = "who sends: [NAMESPACE/]NAME of a workload, an address, or node:NAME" };
    private readonly Option<string?> _to = new("--to") { HelpName = "WHO", Description = "who is sent to, in the same way" };
    private readonly Option<string[]> _ports = new("--port", "-p") { HelpName = "PORT", Description = "443/tcp, 53/udp, the name of a port of the target, icmp[:TYPE[/CODE]], icmpv6:TYPE, proto:NUMBER; with a change may be repeated" };
    private readonly Option<ushort?> _sourcePort = new("--source-port") { HelpName = "NUMBER", Description = $"port that it is sent from [{Flow.UsualSourcePort}]" };
    private readonly Option<string?> _network = new("--network") { HelpName = "NETWORK", Description = "virtual network of addresses and workloads, [NAMESPACE.]NAME [default, or the workload's own]" };
    private readonly Option<string> _family = new("--ip") { HelpName = "4|6|both", Description = "address family [both, where both sides have it]", DefaultValueFactory = _ => "both" };
    private readonly Option<string?> _interface = new("--interface") { HelpName = "NAME", Description = "interface by which packets enter and leave nodes, for host endpoints [that of the node's only one]" };
    private readonly Option<string[]> _manifests = new("--manifests", "-f") { HelpName = "PATH", Description = "ask these files or folders instead of a server; may be repeated" };
    private readonly Option<bool> _recursive = CommonOptions.Recursive();
    private readonly Option<string?> _namespace = CommonOptions.Namespace();
    private readonly Option<bool> _staged = new("--staged") { Description = "as if staged policies were enforced" };
    private readonly Option<string[]> _with = new("--with") { HelpName = "PATH", Description = "as if these manifests were applied; may be repeated" };
    private readonly Option<string?> _expect = new("--expect") { HelpName = "allow|deny|unchanged", Description = "status 1 unless that is the verdict in every family, or unless the change changes none" };
    private readonly Option<string> _output = CommonOptions.Output("text", "wide", "json", "yaml");
    private readonly Terminal _terminal;
    private readonly Connection _connection;

    private ExplainCommand(Terminal terminal, Connection connection)
    {
        (_terminal, _connection) = (terminal, connection);
        _family.AcceptOnlyFromAmong("4", "6", "both");
        _expect.AcceptOnlyFromAmong("allow", "deny", "unchanged");
    }

    public static Command Build(Terminal terminal, Connection connection)
    {
        ExplainCommand verb = new(terminal, connection);
        var command = new Command("explain", "Say whether a connection is allowed and by which rule; with --staged or --with, which verdicts a change would change.")
        {
            verb._from, verb._to, verb._ports, verb._sourcePort, verb._network, verb._family, verb._interface, verb._manifests, verb._recursive, verb._namespace, verb._staged, verb._with, verb._expect, verb._output,
        };
        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        bool changes = parsed.GetValue(_staged) || parsed.GetValue(_with) is { Length: > 0 };
        bool isPair = parsed.GetValue(_from) is not null && parsed.GetValue(_to) is not null;
        string[] ports = parsed.GetValue(_ports) ?? [];
        if (!isPair && !changes) return Refuse("say who: --from WHO --to WHO --port PORT; or what changes: --staged, --with FILE");
        if (isPair && ports.Length == 0 && !changes) return Refuse("say what is sent: --port 443/tcp, --port icmp, …");
        if (isPair && ports.Length > 1 && !changes) return Refuse("one --port at a time, but for changes");
        if (parsed.GetValue(_expect) is "allow" or "deny" && !(isPair && ports.Length == 1)) return Refuse("--expect allow and --expect deny are for one --from, --to and --port");
        if (parsed.GetValue(_expect) == "unchanged" && !changes) return Refuse("--expect unchanged is for --staged and --with");
        try
        {
            if (await LoadAsync(parsed, cancel) is not { } resources) return ExitStatus.Failed;
            string ns = parsed.GetValue(_namespace) ?? "default";
            IReadOnlyList<Resource> then = resources;
            if (parsed.GetValue(_with) is { Length: > 0 } files)
            {
                if (await ClusterSource.ReadAsync(files, parsed.GetValue(_recursive), ns, _terminal, cancel) is not { } added) return ExitStatus.Failed;
                then = ClusterSource.With(then, added);
            }
            if (parsed.GetValue(_staged)) then = StagedChange.Enforce(then);
            string? uplink = parsed.GetValue(_interface);
            ClusterPolicy before = new(resources, uplink);
            return Answer(parsed, before, changes ? new ClusterPolicy(then, uplink) : before, ns, ports, changes);
        }
        catch (ManifestException e)
        {
            return _terminal.Fail(e.Message);
        }
    }

    private int Answer(ParseResult parsed, ClusterPolicy before, ClusterPolicy after, string ns, string[] ports, bool changes)
    {
        if (Resolve(parsed, after, ns, out Party? from, out Party? to) is { } fault) return _terminal.Fail(fault);
        List<Flow> flows = [];
        foreach (string text in ports)
        {
            if ((Flow.TryParse(text, out Flow flow) ? flow : NamedPort.Find(after, to, text)) is not { } known)
                return _terminal.Fail($"\"{text}\" is no port{(to is null ? "" : $" of {to}")}: write 443/tcp, 53/udp, icmp, icmp:8, icmpv6:128, proto:47, or the name of a port that the target declares");
            flows.Add(parsed.GetValue(_sourcePort) is { } source ? known with { SourcePort = source } : known);
        }
        ExplainReport report = new();
        if (from is not null && to is not null && flows.Count == 1)
        {
            if (!TryExplain(parsed, before, after, (from, to, flows[0]), changes, out report, out string reason)) return _terminal.Fail(reason);
        }
        if (changes)
        {
            Differences found = PolicyDifference.Find(before, after, flows.Count > 0 ? flows : null, (from, to));
            report = report with { Changes = [.. found.Changes.Select(Reports.Of)], ChangePorts = [.. found.Flows.Select(f => f.ToString())], ChangesComplete = found.IsComplete };
        }
        Print(report, parsed.GetValue(_output)!);
        return parsed.GetValue(_expect) switch
        {
            null => ExitStatus.Done,
            "unchanged" => report.Changes is { Count: 0 } && report.ChangesComplete == true ? ExitStatus.Done : ExitStatus.Failed,
            var expected => report.Verdict == expected ? ExitStatus.Done : ExitStatus.Failed,
        };
    }

    private bool TryExplain(ParseResult parsed, ClusterPolicy before, ClusterPolicy after, (Party From, Party To, Flow Flow) question, bool changes, out ExplainReport report, out string reason)
    {
        (Party from, Party to, Flow flow) = question;
        report = new ExplainReport();
        bool[] families = [.. new[] { false, true }.Where(v6 => from.Address(v6) is not null && to.Address(v6) is not null && flow.ExistsIn(v6) && parsed.GetValue(_family) != (v6 ? "4" : "6"))];
        reason = families.Length == 0 ? $"{from} ({Text(from)}) and {to} ({Text(to)}) have no address of one family for {flow}" : "";
        if (families.Length == 0) return false;
        IReadOnlyDictionary<string, string> scopes = PolicyScope.Of(after.Resources);
        List<PathVerdict> paths = [.. families.Select(v6 => after.Decide(from, to, flow, v6))];
        report = new ExplainReport
        {
            Verdict = Reports.Word(paths),
            Before = changes ? Before(before, from, to, flow, families) : null,
            From = from.Name,
            To = to.Name,
            Port = flow.ToString(),
            Paths = [.. paths.Select(p => Report(parsed, after, p, from, to, scopes))],
        };
        return true;
    }

    /// <summary>The verdict of the same two as they are before the change; null when one of them did not exist.</summary>
    private static string? Before(ClusterPolicy before, Party from, Party to, Flow flow, bool[] families) =>
        before.Parties.Counterpart(from) is { } fromThen && before.Parties.Counterpart(to) is { } toThen
            && families.Where(v6 => fromThen.Address(v6) is not null && toThen.Address(v6) is not null).ToArray() is { Length: > 0 } asked
            ? Reports.Word([.. asked.Select(v6 => before.Decide(fromThen, toThen, flow, v6))])
            : null;

    private PathReport Report(ParseResult parsed, ClusterPolicy cluster, PathVerdict path, Party from, Party to, IReadOnlyDictionary<string, string> scopes)
    {
        ExpectedRoute? route = path.NoWay is null ? ExpectedRoute.Of(cluster, from, to, path.Packet.Source.IsIPv6) : null;
        bool isRemote = route is { Prefix: not null, NextHop: not null } && path.Packet.Network.IsDefault && parsed.GetValue(_manifests) is not { Length: > 0 };
        return Reports.Of(path, route, isRemote ? Installed(parsed, from.NodeName!, route!.Prefix!) : null, scopes);
    }

    /// <summary>What the agent of this host says of the route, when this host is the source's node.</summary>
    private string? Installed(ParseResult parsed, string node, string prefix)
    {
        if (!File.Exists(_connection.AgentSocket(parsed))) return null;
        AgentClient agent = _connection.Agent(parsed);
        if (agent.Query("status").Query?.Rows?.FirstOrDefault(r => r is ["node", _])?[1] != node) return null;
        string? text = agent.Query("bgp-explain", prefix).Query?.Text;
        return text?.Split('\n').FirstOrDefault(l => l.StartsWith("installed: ", StringComparison.Ordinal)) is { } line ? $"{prefix} {line["installed: ".Length..]}" : text?.Trim();
    }

    private async Task<IReadOnlyList<Resource>?> LoadAsync(ParseResult parsed, CancellationToken cancel)
    {
        if (parsed.GetValue(_manifests) is { Length: > 0 } paths)
            return await ClusterSource.ReadAsync(paths, parsed.GetValue(_recursive), parsed.GetValue(_namespace) ?? "default", _terminal, cancel);
        using MargayClient client = _connection.Connect(parsed);
        ApiResult<List<Resource>> listed = await ClusterSource.ListAsync(client, cancel);
        if (listed.TryGet(out List<Resource> resources, out ApiError error)) return resources;
        _terminal.Fail(error.Message);
        return null;
    }

    /// <summary>Workloads first: an address means one in the network of the other side.</summary>
    private string? Resolve(ParseResult parsed, ClusterPolicy cluster, string ns, out Party? from, out Party? to)
    {
        string? asked = parsed.GetValue(_network), sender = parsed.GetValue(_from), receiver = parsed.GetValue(_to);
        NetworkName? network = asked is null ? null : new NetworkName(VirtualNetwork.Resolve(asked, ns));
        from = to = null;
        string fault = "";
        bool senderIsAddress = InetAddress.TryParse(sender, out _);
        if (!senderIsAddress && sender is not null && (from = cluster.Parties.Find(sender, network, ns, out fault)) is null) return fault;
        if (receiver is not null && (to = cluster.Parties.Find(receiver, network ?? (from as Party.Workload)?.Network, ns, out fault) ?? (network is null ? cluster.Parties.Find(receiver, null, ns, out fault) : null)) is null) return fault;
        if (senderIsAddress && (from = cluster.Parties.Find(sender!, network ?? (to as Party.Workload)?.Network, ns, out fault)) is null) return fault;
        return from is Party.Outside && to is Party.Outside ? $"neither {from.Name} nor {to.Name} is a workload or a node of this cluster: no policy is asked" : null;
    }

    private void Print(ExplainReport report, string form)
    {
        if (form is "json" or "yaml")
        {
            JsonElement json = JsonSerializer.SerializeToElement(report, JsonText.Default.ExplainReport);
            if (form == "yaml") _terminal.Out.Write(YamlText.Write(json));
            else _terminal.Out.WriteLine(JsonText.Write(json));
            return;
        }
        new ExplainText(_terminal.Out, isWide: form == "wide").Write(report);
    }

    private int Refuse(string message)
    {
        _terminal.Fail(message);
        return ExitStatus.Usage;
    }

    private static string Text(Party party) => party.Addresses.Count == 0 ? "no address" : string.Join(", ", party.Addresses);
}
