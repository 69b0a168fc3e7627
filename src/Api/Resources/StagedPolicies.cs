namespace Margay.Api.Resources;

// Policies to try out: they are evaluated and counted where they would stand, and never decide.

/// <summary>What making a staged policy real would do to the enforced policy of the same kind, namespace and name.</summary>
public enum StagedAction
{
    /// <summary>Create or replace it.</summary>
    Set,

    /// <summary>Delete it. Nothing but the tier may be given besides.</summary>
    Delete,

    /// <summary>Kept for others' tools; has no effect.</summary>
    Learn,

    /// <summary>Kept for others' tools; has no effect.</summary>
    Ignore,
}

/// <summary>A <see cref="NetworkPolicy"/> to be (Calico <c>StagedNetworkPolicy</c>).</summary>
public sealed record StagedNetworkPolicy : Resource
{
    public StagedNetworkPolicySpec Spec { get; init => field = value ?? new(); } = new();
    public PolicyStatus? Status { get; init; }
}

public sealed record StagedNetworkPolicySpec : NetworkPolicySpec
{
    /// <summary>Default Set.</summary>
    public StagedAction? StagedAction { get; init; }
}

/// <summary>A <see cref="GlobalNetworkPolicy"/> to be (Calico <c>StagedGlobalNetworkPolicy</c>).</summary>
public sealed record StagedGlobalNetworkPolicy : Resource
{
    public StagedGlobalNetworkPolicySpec Spec { get; init => field = value ?? new(); } = new();
    public PolicyStatus? Status { get; init; }
}

public sealed record StagedGlobalNetworkPolicySpec : GlobalNetworkPolicySpec
{
    /// <summary>Default Set.</summary>
    public StagedAction? StagedAction { get; init; }
}

/// <summary>A <see cref="KubernetesNetworkPolicy"/> to be (Calico <c>StagedKubernetesNetworkPolicy</c>).</summary>
public sealed record StagedKubernetesNetworkPolicy : Resource
{
    public StagedKubernetesNetworkPolicySpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record StagedKubernetesNetworkPolicySpec : KubernetesNetworkPolicySpec
{
    /// <summary>Default Set.</summary>
    public StagedAction? StagedAction { get; init; }
}
