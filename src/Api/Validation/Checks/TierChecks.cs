using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>Tiers, and what the reserved ones must say.</summary>
internal static class TierChecks
{
    public static void Check(Findings findings, Tier tier)
    {
        FieldPath at = FieldPath.Root["spec"];
        if (tier.Spec.Order is { } order && !double.IsFinite(order)) findings.Add(at["order"], FaultReason.Invalid, "must be a finite number");
        if (tier.Spec.DefaultAction is RuleAction.Allow or RuleAction.Log)
            findings.Add(at["defaultAction"], FaultReason.NotSupported, $"\"{tier.Spec.DefaultAction}\" is none of Deny, Pass");
        if (TierSpec.OfReserved(tier.Name) is not { } reserved) return;
        if (tier.Spec.Order != reserved.Order) findings.Add(at["order"], FaultReason.Forbidden, $"the order of the tier {tier.Name} is always {reserved.Order}");
        if (tier.Spec.DefaultAction != reserved.DefaultAction) findings.Add(at["defaultAction"], FaultReason.Forbidden, $"the default action of the tier {tier.Name} is always {reserved.DefaultAction}");
    }
}
