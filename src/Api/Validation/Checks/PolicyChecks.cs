using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>Policies and profiles as a whole; their rules are <see cref="RuleChecks"/>.</summary>
internal static class PolicyChecks
{
    private const int MaxRules = 1024;

    public static void Check(Findings findings, NetworkPolicy policy) => CheckCommon(findings, policy.Spec, isNamespaced: true);

    public static void Check(Findings findings, StagedNetworkPolicy policy)
    {
        CheckCommon(findings, policy.Spec, isNamespaced: true);
        StagedChecks.Check(findings, policy.Spec.StagedAction, policy.Spec);
    }

    public static void Check(Findings findings, StagedGlobalNetworkPolicy policy)
    {
        Check(findings, policy.Spec);
        StagedChecks.Check(findings, policy.Spec.StagedAction, policy.Spec);
    }

    public static void Check(Findings findings, GlobalNetworkPolicySpec spec)
    {
        FieldPath at = FieldPath.Root["spec"];
        CheckCommon(findings, spec, isNamespaced: false);
        Values.SelectorText(findings, at["namespaceSelector"], spec.NamespaceSelector, isNamespaceSelector: true);
        CheckHostOptions(findings, at, spec);
    }

    public static void Check(Findings findings, Profile profile)
    {
        FieldPath at = FieldPath.Root["spec"];
        CheckRules(findings, at["ingress"], profile.Spec.Ingress, PolicyType.Ingress, isNamespaced: false);
        CheckRules(findings, at["egress"], profile.Spec.Egress, PolicyType.Egress, isNamespaced: false);
        MetadataChecks.CheckLabels(findings, at["labelsToApply"], profile.Spec.LabelsToApply);
    }

    private static void CheckCommon(Findings findings, NetworkPolicySpec spec, bool isNamespaced)
    {
        FieldPath at = FieldPath.Root["spec"];
        if (spec.Tier is { } tier && !Names.IsDnsLabel(tier))
            findings.Add(at["tier"], FaultReason.Invalid, $"\"{Leaf.Printable(tier)}\" is no tier name: 1 to 63 lower-case letters, digits and '-'");
        if (spec.Order is { } order && !double.IsFinite(order)) findings.Add(at["order"], FaultReason.Invalid, "must be a finite number");
        Values.SelectorText(findings, at["selector"], spec.Selector);
        Values.SelectorText(findings, at["serviceAccountSelector"], spec.ServiceAccountSelector);
        CheckTypes(findings, at["types"], spec.Types);
        CheckRules(findings, at["ingress"], spec.Ingress, PolicyType.Ingress, isNamespaced);
        CheckRules(findings, at["egress"], spec.Egress, PolicyType.Egress, isNamespaced);
        Values.Unique(findings, at["performanceHints"], spec.PerformanceHints);
        for (int i = 0; i < (spec.PerformanceHints?.Count ?? 0); i++) Values.OneOf(findings, at["performanceHints"][i], spec.PerformanceHints![i], "AssumeNeededOnEveryNode");
    }

    private static void CheckTypes(Findings findings, FieldPath at, IReadOnlyList<PolicyType>? types)
    {
        for (int i = 0; i < (types?.Count ?? 0); i++)
            if (types!.Take(i).Contains(types![i])) findings.Add(at[i], FaultReason.Duplicate, $"{types[i]} is given twice: keep one");
    }

    private static void CheckRules(Findings findings, FieldPath at, IReadOnlyList<Rule>? rules, PolicyType direction, bool isNamespaced)
    {
        Values.AtMost(findings, at, rules, MaxRules);
        for (int i = 0; i < Math.Min(rules?.Count ?? 0, MaxRules); i++) new RuleChecks(findings, direction, isNamespaced).Check(at[i], rules![i]);
    }

    // doNotTrack and preDNAT concern host endpoints alone.
    private static void CheckHostOptions(Findings findings, FieldPath at, GlobalNetworkPolicySpec spec)
    {
        bool doNotTrack = spec.DoNotTrack is true, preDnat = spec.PreDNAT is true;
        if (doNotTrack && preDnat) findings.Add(at["preDNAT"], FaultReason.Forbidden, "excludes doNotTrack: keep one of them");
        if ((doNotTrack || preDnat) && spec.ApplyOnForward is not true)
            findings.Add(at["applyOnForward"], FaultReason.Required, $"must be true with {(doNotTrack ? "doNotTrack" : "preDNAT")}");
        if (preDnat && spec.Egress is { Count: > 0 }) findings.Add(at["egress"], FaultReason.Forbidden, "a preDNAT policy has no egress rules: remove them");
        if (preDnat && spec.Types?.Contains(PolicyType.Egress) is true) findings.Add(at["types"], FaultReason.Forbidden, "a preDNAT policy has only the type Ingress");
    }
}
