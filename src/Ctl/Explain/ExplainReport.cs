using Margay.Api.Resources;
using Margay.CalcGraph.Explain;
using Margay.Policy;

namespace Margay.Ctl.Explain;

// What `explain -o json` writes; docs/explain.md describes it. Names and meanings stay: scripts read them.

/// <summary>The answer to one question, or the list of what a change changes, or both.</summary>
internal sealed record ExplainReport
{
    /// <summary>allow or deny; differs when the families disagree. Null when no pair was asked about.</summary>
    public string? Verdict { get; init; }

    public string? From { get; init; }
    public string? To { get; init; }
    public string? Port { get; init; }
    public IReadOnlyList<PathReport>? Paths { get; init; }

    /// <summary>With a change: the verdict without it.</summary>
    public string? Before { get; init; }

    /// <summary>Pairs for which the change changes the verdict.</summary>
    public IReadOnlyList<ChangeReport>? Changes { get; init; }

    /// <summary>What the changes were looked for with.</summary>
    public IReadOnlyList<string>? ChangePorts { get; init; }

    /// <summary>False when there were too many pairs to ask all.</summary>
    public bool? ChangesComplete { get; init; }
}

/// <summary>One address family.</summary>
internal sealed record PathReport
{
    public required int Family { get; init; }
    public required string Network { get; init; }
    public required string Source { get; init; }
    public required string Destination { get; init; }
    public required string Verdict { get; init; }

    /// <summary>In words.</summary>
    public required string Reason { get; init; }

    /// <summary>Null when no policy was asked.</summary>
    public DecisionReport? DecidedBy { get; init; }

    public required IReadOnlyList<CheckpointReport> Checkpoints { get; init; }

    /// <summary>The route from the source's node, as the cluster's objects have it.</summary>
    public string? Route { get; init; }

    /// <summary>What the agent of this host has, when it is the source's.</summary>
    public string? Installed { get; init; }

    public IReadOnlyList<string>? Notes { get; init; }
}

/// <summary>What decided, or a step on the way.</summary>
/// <param name="Kind">policyRule, profileRule, tierDefault, missing, implicit, undecided, failsafe, linkControl or endpointToHost.</param>
/// <param name="Policy">KIND/[NAMESPACE/]NAME[@NETWORK]; for profiles and others their name.</param>
/// <param name="Rule">Position in the list of the policy's direction, from 0.</param>
internal sealed record DecisionReport(string Kind, string? Tier, string? Policy, int? Rule)
{
    public static DecisionReport Of(Decision at) => new(Camel(at.Kind.ToString()), at.Tier, at.Kind == DecisionKind.TierDefault ? null : at.Name, at.RuleIndex);

    internal static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}

/// <summary>One list of policies that was asked.</summary>
/// <param name="Endpoint">Of a workload or host endpoint; null for the node's own setting.</param>
/// <param name="Place">workload, host, hostForward, preDnat or untracked.</param>
/// <param name="Reached">False for what would have been said, had the packet not been denied before.</param>
internal sealed record CheckpointReport(string Node, string? Endpoint, string Place, string Direction, string Verdict, DecisionReport DecidedBy, IReadOnlyList<StepReport> Steps, bool Reached = true);

/// <summary>One rule or tier's end that was looked at.</summary>
/// <param name="Action">What it did; null: it did not match.</param>
/// <param name="Selects">Whom the policy selects, in its author's words.</param>
internal sealed record StepReport(DecisionReport At, string? Action, string Reason, string? Selects, bool? Staged);

/// <summary>A pair for which the change changes the verdict.</summary>
internal sealed record ChangeReport(string From, string To, string Port, int Family, string Before, string After, string Reason);

/// <summary>Makes reports out of verdicts.</summary>
internal static class Reports
{
    public static string Word(bool allowed) => allowed ? "allow" : "deny";

    /// <summary>One word for all families.</summary>
    public static string Word(IReadOnlyCollection<PathVerdict> paths) => paths.All(p => p.Allowed) ? "allow" : paths.Any(p => p.Allowed) ? "differs" : "deny";

    public static PathReport Of(PathVerdict path, ExpectedRoute? route, string? installed, IReadOnlyDictionary<string, string> scopes) => new()
    {
        Family = path.Packet.Source.IsIPv6 ? 6 : 4,
        Network = path.Packet.Network.Value,
        Source = path.Packet.Source.ToString(),
        Destination = path.Packet.Destination.ToString(),
        Verdict = Word(path.Allowed),
        Reason = path.DecidedBy,
        DecidedBy = path.Decision is { } decision ? DecisionReport.Of(decision) : null,
        Checkpoints = [.. path.Legs.SelectMany(l => l.Verdict.Checkpoints.Select(c => Of(l, c, scopes)))],
        Route = route?.Text,
        Installed = installed,
        Notes = path.Notes.Count > 0 ? path.Notes : null,
    };

    public static ChangeReport Of(PairChange change) => new(
        change.From.Name, change.To.Name, change.Flow.ToString(), change.IsIPv6 ? 6 : 4, Word(change.Before.Allowed), Word(change.After.Allowed), change.After.DecidedBy);

    private static CheckpointReport Of(Leg leg, Checkpoint c, IReadOnlyDictionary<string, string> scopes) => new(
        leg.Node, c.Endpoint, DecisionReport.Camel(c.Kind.ToString()), c.Direction == PolicyType.Ingress ? "ingress" : "egress",
        c.Verdict.Outcome == Outcome.Continue ? "continue" : Word(c.Verdict.Outcome == Outcome.Allow), DecisionReport.Of(c.Verdict.DecidedBy),
        [.. c.Verdict.Trace.Select(s => new StepReport(DecisionReport.Of(s.At), s.Action?.ToString(), s.Reason, ScopeOf(s.At, scopes), s.Staged ? true : null))], leg.Reached);

    private static string? ScopeOf(Decision at, IReadOnlyDictionary<string, string> scopes) =>
        at is { Kind: DecisionKind.PolicyRule, Name: { } id } ? scopes.GetValueOrDefault(id.Split('@')[0]) : null;
}
