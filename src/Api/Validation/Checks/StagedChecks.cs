using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>What a staged policy's action asks of its other fields.</summary>
internal static class StagedChecks
{
    public static void Check(Findings findings, StagedAction? action, NetworkPolicySpec spec)
    {
        FieldPath at = FieldPath.Root["spec"];
        CheckAction(findings, at, action);
        if (action != StagedAction.Delete) return;
        Forbid(findings, at["order"], spec.Order is not null);
        Forbid(findings, at["selector"], !string.IsNullOrEmpty(spec.Selector));
        Forbid(findings, at["serviceAccountSelector"], !string.IsNullOrEmpty(spec.ServiceAccountSelector));
        Forbid(findings, at["types"], spec.Types is { Count: > 0 });
        Forbid(findings, at["ingress"], spec.Ingress is { Count: > 0 });
        Forbid(findings, at["egress"], spec.Egress is { Count: > 0 });
        Forbid(findings, at["performanceHints"], spec.PerformanceHints is { Count: > 0 });
        Forbid(findings, at["applyToEstablished"], spec.ApplyToEstablished is not null);
        if (spec is not GlobalNetworkPolicySpec global) return;
        Forbid(findings, at["namespaceSelector"], !string.IsNullOrEmpty(global.NamespaceSelector));
        Forbid(findings, at["doNotTrack"], global.DoNotTrack is true);
        Forbid(findings, at["preDNAT"], global.PreDNAT is true);
        Forbid(findings, at["applyOnForward"], global.ApplyOnForward is true);
    }

    public static void Check(Findings findings, StagedAction? action, KubernetesNetworkPolicySpec spec)
    {
        FieldPath at = FieldPath.Root["spec"];
        CheckAction(findings, at, action);
        if (action != StagedAction.Delete) return;
        Forbid(findings, at["podSelector"], spec.PodSelector is { MatchLabels.Count: > 0 } or { MatchExpressions.Count: > 0 });
        Forbid(findings, at["policyTypes"], spec.PolicyTypes is { Count: > 0 });
        Forbid(findings, at["ingress"], spec.Ingress is { Count: > 0 });
        Forbid(findings, at["egress"], spec.Egress is { Count: > 0 });
    }

    private static void CheckAction(Findings findings, FieldPath at, StagedAction? action) =>
        Values.NotImplemented(findings, at["stagedAction"], action is StagedAction.Learn or StagedAction.Ignore, "the policy is kept, but neither evaluated nor counted");

    private static void Forbid(Findings findings, FieldPath at, bool isGiven)
    {
        if (isGiven) findings.Add(at, FaultReason.Forbidden, "a staged deletion names nothing but the policy and its tier: remove the field");
    }
}
