using Margay.Ctl.Output;

namespace Margay.Ctl.Explain;

/// <summary>A report for people: the verdict first, then the way to it.</summary>
internal sealed class ExplainText(TextWriter to, bool isWide)
{
    private const int MaxChanges = 50, MaxPorts = 20;

    public void Write(ExplainReport report)
    {
        if (report is { Verdict: { } verdict, Paths: { } paths })
        {
            string before = report.Before is null ? "" : report.Before == verdict ? " (as it is now)" : $" (now: {report.Before})";
            to.WriteLine($"{verdict}{before}: {report.From} to {report.To}, {report.Port}");
            for (int i = 0; i < paths.Count; i++)
            {
                to.WriteLine();
                Write(paths[i], isFull: i == 0 || isWide || !IsLike(paths[i], paths[0]));
            }
        }
        if (report.Changes is not { } changes) return;
        if (report.Verdict is not null) to.WriteLine();
        Write(changes, report);
    }

    private void Write(PathReport path, bool isFull)
    {
        string network = path.Network == "default" ? "" : $" in network {path.Network}";
        to.WriteLine($"IPv{path.Family} {path.Source} to {path.Destination}{network}: {path.Verdict}, {path.Reason}");
        if (!isFull)
        {
            to.WriteLine("  (the same way; every step with -o wide)");
            return;
        }
        foreach (CheckpointReport checkpoint in path.Checkpoints) Write(checkpoint);
        if (path.Route is { } route) to.WriteLine($"  route: {route}");
        if (path.Installed is { } installed) to.WriteLine($"  in the kernel: {installed}");
        foreach (string note in path.Notes ?? []) to.WriteLine($"  note: {note}");
    }

    private void Write(CheckpointReport checkpoint)
    {
        string place = checkpoint.Place switch
        {
            "host" => " (the host's own processes)",
            "hostForward" => " (forwarded)",
            "preDnat" => " (before address translation)",
            "untracked" => " (before connection tracking)",
            _ => "",
        };
        string would = checkpoint.Reached ? "" : ", had it come so far";
        to.WriteLine($"  node {checkpoint.Node}, {checkpoint.Direction} of {checkpoint.Endpoint ?? "the node"}{place}: {checkpoint.Verdict}{would}");
        string? tier = null, policy = null;
        foreach (StepReport step in checkpoint.Steps)
        {
            if (step.At.Kind == "tierDefault")
            {
                to.WriteLine($"    end of tier {step.At.Tier}: {step.Action} ({step.Reason})");
                (tier, policy) = (null, null);
                continue;
            }
            if (step.At.Rule is null)
            {
                to.WriteLine($"    {step.Action}: {step.Reason}");
                continue;
            }
            if (step.At.Tier != tier && step.At.Tier is not null) to.WriteLine($"    tier {step.At.Tier}");
            if (step.At.Tier != tier || step.At.Policy != policy) WriteHead(step);
            (tier, policy) = (step.At.Tier, step.At.Policy);
            string action = step.Action is null ? "no match" : step.Staged == true ? $"would {step.Action}" : step.Action;
            to.WriteLine(step.At.Kind == "missing" ? $"        {action}: {step.Reason}" : $"        rule {step.At.Rule}: {action}: {step.Reason}");
        }
    }

    private void WriteHead(StepReport step)
    {
        string name = step.At.Tier is null ? $"profile {step.At.Policy}" : step.At.Policy ?? "";
        to.WriteLine($"      {name}{(step.Staged == true ? " (staged: decides nothing)" : "")}{(step.Selects is { } selects ? $", which selects {selects}" : "")}");
    }

    private void Write(IReadOnlyList<ChangeReport> changes, ExplainReport report)
    {
        IReadOnlyList<string> ports = report.ChangePorts ?? [];
        string asked = $"asked for {string.Join(", ", isWide ? ports : ports.Take(MaxPorts))}{(ports.Count > MaxPorts && !isWide ? $", … ({ports.Count})" : "")}";
        to.WriteLine(changes.Count == 0 ? $"the change changes no verdict ({asked})" : $"the change changes {changes.Count} {(changes.Count == 1 ? "verdict" : "verdicts")} ({asked}):");
        if (changes.Count > 0)
        {
            Table table = new("FROM", "TO", "PORT", "IP", "NOW", "THEN", "BECAUSE");
            foreach (ChangeReport c in isWide ? changes : changes.Take(MaxChanges)) table.Add(c.From, c.To, c.Port, $"{c.Family}", c.Before, c.After, c.Reason);
            table.WriteTo(to);
            if (changes.Count > MaxChanges && !isWide) to.WriteLine($"… and {changes.Count - MaxChanges} more (all with -o wide)");
        }
        if (report.From is null) to.WriteLine("among workloads, and nodes with host endpoints; an address outside the cluster is asked about where --from or --to names it");
        if (report.ChangesComplete == false) to.WriteLine("not every pair was asked about: there are too many. Narrow the question with --from, --to or --port");
    }

    private static bool IsLike(PathReport a, PathReport b) => a.Verdict == b.Verdict && a.Reason == b.Reason && a.Checkpoints.Count == b.Checkpoints.Count;
}
