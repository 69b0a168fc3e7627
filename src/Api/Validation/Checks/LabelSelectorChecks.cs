using Margay.Api.Resources;
using Margay.Api.Selectors;

namespace Margay.Api.Validation.Checks;

/// <summary>Kubernetes label selectors.</summary>
internal static class LabelSelectorChecks
{
    public static void Check(Findings findings, FieldPath at, LabelSelector? selector)
    {
        if (selector is null) return;
        MetadataChecks.CheckLabels(findings, at["matchLabels"], selector.MatchLabels);
        for (int i = 0; i < (selector.MatchExpressions?.Count ?? 0); i++) Check(findings, at["matchExpressions"][i], selector.MatchExpressions![i]);
        if (selector.ToSelectorText().Length > Selector.MaxLength)
            findings.Add(at, FaultReason.TooLong, $"the selector asks for too much: written as a selector it may have at most {Selector.MaxLength} characters");
    }

    private static void Check(Findings findings, FieldPath at, LabelSelectorRequirement requirement)
    {
        if (Values.Required(findings, at["key"], requirement.Key, "the label") && !Names.IsQualifiedName(requirement.Key))
            findings.Add(at["key"], FaultReason.Invalid, $"\"{Leaf.Printable(requirement.Key!)}\" is no label key");
        if (!Values.Required(findings, at["operator"], requirement.Operator, "In, NotIn, Exists or DoesNotExist")) return;
        Values.OneOf(findings, at["operator"], requirement.Operator, "In", "NotIn", "Exists", "DoesNotExist");
        int values = requirement.Values?.Count ?? 0;
        if (requirement.Operator is "In" or "NotIn" && values == 0) findings.Add(at["values"], FaultReason.Required, $"is missing: {requirement.Operator} needs at least one value");
        if (requirement.Operator is "Exists" or "DoesNotExist" && values > 0) findings.Add(at["values"], FaultReason.Forbidden, $"{requirement.Operator} has no values: remove the field");
        for (int i = 0; i < values; i++)
        {
            if (!Names.IsLabelValue(requirement.Values![i])) findings.Add(at["values"][i], FaultReason.Invalid, $"\"{Leaf.Printable(requirement.Values[i])}\" is no label value");
        }
    }
}
