using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Policy;

/// <summary>Makes the compiled form from views. Pure: same views, equal result.</summary>
public static class PolicyCompiler
{
    public static CompiledPolicy Compile(PolicyView policy, PolicyType direction) =>
        Compile(policy.Id, direction, direction == PolicyType.Ingress ? policy.Ingress : policy.Egress) with
        {
            Staged = PolicyIds.IsStaged(policy.Id),
            KeepEstablished = policy.KeepEstablished,
        };

    public static CompiledPolicy Compile(ProfileView profile, PolicyType direction) =>
        Compile(profile.Name, direction, direction == PolicyType.Ingress ? profile.Ingress : profile.Egress);

    /// <summary>Stands in for a policy or profile that is named but not there: denies everything (fail closed). One that is staged decides nothing in any case.</summary>
    public static CompiledPolicy Missing(string id, PolicyType direction)
    {
        CompiledRule deny = new() { Action = RuleAction.Deny, Index = -1, Clauses = [new RuleClause([])] };
        return new CompiledPolicy { Id = id, Direction = direction, V4 = [deny], V6 = [deny], Missing = true, Staged = PolicyIds.IsStaged(id) };
    }

    /// <summary>Puts the rules behind the names. <paramref name="policy"/> and <paramref name="profile"/> return null for what is not there.</summary>
    public static CompiledPolicySet Link(PolicySet set, Func<string, CompiledPolicy?> policy, Func<string, CompiledPolicy?> profile)
    {
        List<CompiledTier> tiers = [];
        foreach (PolicySetTier tier in set.Tiers)
        {
            tiers.Add(new CompiledTier(tier.Name, tier.Default, [.. tier.Policies.Select(id => policy(id) ?? Missing(id, set.Direction))]));
        }
        return new CompiledPolicySet(set, [.. tiers], [.. set.Profiles.Select(name => profile(name) ?? Missing(name, set.Direction))]);
    }

    private static CompiledPolicy Compile(string id, PolicyType direction, IReadOnlyList<RuleView> rules) => new()
    {
        Id = id,
        Direction = direction,
        V4 = [.. rules.Select(r => RuleCompiler.Compile(r, IpFamily.V4))],
        V6 = [.. rules.Select(r => RuleCompiler.Compile(r, IpFamily.V6))],
    };
}
