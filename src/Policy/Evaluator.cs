using Margay.Api.Resources;

namespace Margay.Policy;

/// <summary>
/// Runs a packet through the compiled form, exactly as the kernel does with the rules rendered from the same form. Answers for a packet that no earlier
/// connection covers: established flows are accepted before policy is asked.
/// </summary>
public static class Evaluator
{
    public static Verdict Evaluate(CompiledPolicySet set, Packet packet, AddressSets sets)
    {
        List<TraceStep> trace = [];
        foreach (CompiledTier tier in set.Tiers)
        {
            RuleAction? action = RunTier(tier, packet, sets, trace);
            if (action is RuleAction.Allow or RuleAction.Deny) return Decide(action.Value, trace);
        }
        foreach (CompiledPolicy profile in set.Profiles)
        {
            // A Pass in a profile leaves that profile only.
            RuleAction? action = RunRules(profile, DecisionKind.ProfileRule, tier: null, packet, sets, trace);
            if (action is RuleAction.Allow or RuleAction.Deny) return Decide(action.Value, trace);
        }
        if (set.Set.DeniesAtEnd)
        {
            trace.Add(new TraceStep(new Decision(DecisionKind.Implicit), RuleAction.Deny, "no tier and no profile decided"));
            return Decide(RuleAction.Deny, trace);
        }
        trace.Add(new TraceStep(new Decision(DecisionKind.Undecided), RuleAction.Pass, "no tier decided, and nothing is denied at the end here"));
        return Decide(RuleAction.Pass, trace);
    }

    /// <summary>The tier's decision; Pass when it leaves the packet to the next.</summary>
    private static RuleAction RunTier(CompiledTier tier, Packet packet, AddressSets sets, List<TraceStep> trace)
    {
        foreach (CompiledPolicy policy in tier.Policies)
        {
            // A staged policy is run where it stands, and its word counts for nothing.
            if (RunRules(policy, DecisionKind.PolicyRule, tier.Name, packet, sets, trace) is { } action && !policy.Staged) return action;
        }
        RuleAction end = tier.Default == TierDefault.Deny ? RuleAction.Deny : RuleAction.Pass;
        trace.Add(new TraceStep(new Decision(DecisionKind.TierDefault, tier.Name, tier.Name), end, "no policy of the tier decided"));
        return end;
    }

    private static RuleAction? RunRules(
        CompiledPolicy policy, DecisionKind kind, string? tier, Packet packet, AddressSets sets, List<TraceStep> trace)
    {
        if (policy.Missing) kind = DecisionKind.Missing;
        foreach (CompiledRule rule in policy.Rules(packet.Family))
        {
            (bool matches, string reason) = Matching.Check(rule, packet, sets);
            if (policy.Missing) reason = "it is named, but does not exist";
            trace.Add(new TraceStep(new Decision(kind, tier, policy.Id, rule.Index), matches ? rule.Action : null, reason) { Staged = policy.Staged });
            if (matches && rule.Action != RuleAction.Log) return rule.Action;
        }
        return null;
    }

    private static Verdict Decide(RuleAction action, List<TraceStep> trace) => new()
    {
        Outcome = action switch { RuleAction.Allow => Outcome.Allow, RuleAction.Deny => Outcome.Deny, _ => Outcome.Continue },
        DecidedBy = trace[^1].At,
        Trace = trace,
    };
}
