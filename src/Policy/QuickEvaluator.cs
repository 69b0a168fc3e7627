using Margay.Api.Resources;

namespace Margay.Policy;

/// <summary>
/// The <see cref="Evaluator"/>'s outcome without its reasons: for many packets at once, such as every connection that a host tracks.
/// </summary>
public static class QuickEvaluator
{
    public static Outcome Evaluate(CompiledPolicySet set, Packet packet, AddressSets sets)
    {
        foreach (CompiledTier tier in set.Tiers)
        {
            RuleAction end = tier.Default == TierDefault.Deny ? RuleAction.Deny : RuleAction.Pass;
            RuleAction action = tier.Policies.Where(p => !p.Staged).Select(p => Run(p, packet, sets)).FirstOrDefault(a => a is not null) ?? end;
            if (action == RuleAction.Allow) return Outcome.Allow;
            if (action == RuleAction.Deny) return Outcome.Deny;
        }
        foreach (CompiledPolicy profile in set.Profiles)
        {
            RuleAction? action = Run(profile, packet, sets);
            if (action == RuleAction.Allow) return Outcome.Allow;
            if (action == RuleAction.Deny) return Outcome.Deny;
        }
        return set.Set.DeniesAtEnd ? Outcome.Deny : Outcome.Continue;
    }

    private static RuleAction? Run(CompiledPolicy policy, Packet packet, AddressSets sets)
    {
        foreach (CompiledRule rule in policy.Rules(packet.Family))
        {
            if (rule.Action == RuleAction.Log) continue;
            foreach (RuleClause clause in rule.Clauses)
                if (All(clause, packet, sets)) return rule.Action;
        }
        return null;
    }

    private static bool All(RuleClause clause, Packet packet, AddressSets sets)
    {
        foreach (RuleMatch match in clause.Matches)
            if (!Matching.Holds(match, packet, sets)) return false;
        return true;
    }
}
