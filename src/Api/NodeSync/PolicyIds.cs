namespace Margay.Api.NodeSync;

/// <summary>What the id of a policy, <c>KIND/[NAMESPACE/]NAME[@NETWORK]</c>, says by itself.</summary>
public static class PolicyIds
{
    /// <summary>Whether the policy is staged: evaluated and counted where it stands, but never decides.</summary>
    public static bool IsStaged(string id) => id.StartsWith("Staged", StringComparison.Ordinal);
}
