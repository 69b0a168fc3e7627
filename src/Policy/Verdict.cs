using Margay.Api.Resources;

namespace Margay.Policy;

public enum Outcome
{
    Allow,
    Deny,

    /// <summary>Nothing of a host endpoint's early places (before conntrack or NAT, on forwarding) decided: go on with what comes next.</summary>
    Continue,
}

/// <summary>What happens to a packet in one direction at one place of one endpoint, by what, and why nothing else decided before.</summary>
public sealed record Verdict
{
    public required Outcome Outcome { get; init; }
    public bool Allowed => Outcome == Outcome.Allow;
    public required Decision DecidedBy { get; init; }

    /// <summary>Every rule visited, in order, with the reason; the last step is the decision. Steps of staged policies are among them and decide nothing.</summary>
    public required IReadOnlyList<TraceStep> Trace { get; init; }
}

public enum DecisionKind
{
    /// <summary>A rule of a policy.</summary>
    PolicyRule,

    /// <summary>The default action of a tier whose policies all had no opinion.</summary>
    TierDefault,

    /// <summary>A rule of a profile.</summary>
    ProfileRule,

    /// <summary>A policy or profile that is named but not there; it denies.</summary>
    Missing,

    /// <summary>Nothing matched to the very end; that denies.</summary>
    Implicit,

    /// <summary>Nothing matched to the very end of a place that does not deny; the packet goes on.</summary>
    Undecided,

    /// <summary>A failsafe port of the host, before all policy.</summary>
    Failsafe,

    /// <summary>Neighbour discovery and multicast listening at a host endpoint, before all policy.</summary>
    LinkControl,

    /// <summary>What the node does with packets of its workloads to itself.</summary>
    EndpointToHost,
}

/// <summary>What decided. <paramref name="Name"/> is a policy id, or the name of a profile or tier; <paramref name="RuleIndex"/> counts from 0.</summary>
public sealed record Decision(DecisionKind Kind, string? Tier = null, string? Name = null, int? RuleIndex = null)
{
    public override string ToString() => Kind switch
    {
        DecisionKind.PolicyRule => $"rule {RuleIndex} of {Name} in tier {Tier}",
        DecisionKind.ProfileRule => $"rule {RuleIndex} of profile {Name}",
        DecisionKind.TierDefault => $"end of tier {Tier}",
        DecisionKind.Missing => $"{Name} is missing",
        DecisionKind.EndpointToHost => $"endpoint-to-host action {Name}",
        DecisionKind.Failsafe => $"failsafe port {Name}",
        DecisionKind.LinkControl => "link control",
        DecisionKind.Undecided => "nothing decided it",
        _ => "nothing allowed it",
    };
}

/// <summary>One thing that evaluation came to.</summary>
/// <param name="At">The rule, tier end or stand-in.</param>
/// <param name="Action">What it did, or null when it did not match.</param>
/// <param name="Reason">The criteria that held, or the first one that did not.</param>
public sealed record TraceStep(Decision At, RuleAction? Action, string Reason)
{
    /// <summary>A step of a staged policy: what it would have done.</summary>
    public bool Staged { get; init; }
}
