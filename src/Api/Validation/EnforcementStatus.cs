using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>Tells in the status of a policy what of it is not in force, so that nobody who reads it later believes more than is true.</summary>
internal static class EnforcementStatus
{
    public const string ConditionType = "Enforced";

    public static Resource Derive(Resource policy)
    {
        List<Fault> missing = [.. Validator.Validate(policy).Warnings.Where(w => w.Reason == FaultReason.NotImplemented)];
        PolicyStatus status = new()
        {
            Conditions =
            [
                new Condition
                {
                    Type = ConditionType,
                    Status = missing.Count == 0 ? "True" : "False",
                    Reason = missing.Count == 0 ? "Complete" : "NotImplemented",
                    Message = missing.Count == 0 ? null : string.Join("; ", missing),
                },
            ],
        };
        return policy switch
        {
            NetworkPolicy p => p with { Status = status },
            GlobalNetworkPolicy p => p with { Status = status },
            // Staged ones are never enforced; they say so only where something is missing.
            StagedNetworkPolicy p => p with { Status = missing.Count == 0 ? null : status },
            StagedGlobalNetworkPolicy p => p with { Status = missing.Count == 0 ? null : status },
            ClusterNetworkPolicy p => p with { Status = status },
            _ => policy,
        };
    }
}
