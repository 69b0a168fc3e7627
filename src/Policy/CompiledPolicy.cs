using Margay.Api.Resources;

namespace Margay.Policy;

public enum IpFamily
{
    V4,
    V6,
}

/// <summary>One direction of a policy or profile, with its rules for each family. Immutable; shared by all policy sets that name it.</summary>
public sealed record CompiledPolicy
{
    /// <summary>The policy's id, or the profile's name.</summary>
    public required string Id { get; init; }

    public required PolicyType Direction { get; init; }
    public required EquatableArray<CompiledRule> V4 { get; init; }
    public required EquatableArray<CompiledRule> V6 { get; init; }

    /// <summary>True for the stand-in that denies everything in place of what is named but not there.</summary>
    public bool Missing { get; init; }

    /// <summary>Evaluated and counted where it stands; decides nothing, and nothing of what it would do reaches the packet.</summary>
    public bool Staged { get; init; }

    /// <summary>True: when it changes, connections that it allowed before are left alone even if it denies them now.</summary>
    public bool KeepEstablished { get; init; }

    public EquatableArray<CompiledRule> Rules(IpFamily family) => family == IpFamily.V4 ? V4 : V6;
}

/// <summary>One tier of a compiled set. Never without a policy.</summary>
public sealed record CompiledTier(string Name, TierDefault Default, EquatableArray<CompiledPolicy> Policies);

/// <summary>A <see cref="PolicySet"/> with the rules behind its names: all that decides about a packet in one direction.</summary>
public sealed record CompiledPolicySet(PolicySet Set, EquatableArray<CompiledTier> Tiers, EquatableArray<CompiledPolicy> Profiles)
{
    public string Id => Set.Id;
    public PolicyType Direction => Set.Direction;
    public PolicySetKind Kind => Set.Kind;

    /// <summary>All that its rules ask for, of both families.</summary>
    public IEnumerable<RuleClause> Clauses() => Tiers.SelectMany(t => t.Policies).Concat(Profiles).SelectMany(p => p.V4.Concat(p.V6)).SelectMany(r => r.Clauses);
}
