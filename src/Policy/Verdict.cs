using Margay.Api.Resources;

namespace Margay.Policy;

/// <summary>What happens to a packet in one direction of one endpoint, by what, and why nothing else decided before.</summary>
public sealed record Verdict
{
    public required bool Allowed { get; init; }
    public required Decision DecidedBy { get; init; }

    /// <summary>Every rule visited, in order, with the reason; the last step is the decision.</summary>
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
        _ => "nothing allowed it",
    };
}

/// <summary>One thing that evaluation came to.</summary>
/// <param name="At">The rule, tier end or stand-in.</param>
/// <param name="Action">What it did, or null when it did not match.</param>
/// <param name="Reason">The criteria that held, or the first one that did not.</param>
public sealed record TraceStep(Decision At, RuleAction? Action, string Reason);
