using System.Security.Cryptography;
using System.Text;
using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Policy;

// How a packet's fate is computed, and who uses the result:
//
//   EndpointView ──PolicySet.Of──► PolicySet (names, in order)     ─┐
//   PolicyView, ProfileView ──PolicyCompiler──► CompiledPolicy      ─┴─► CompiledPolicySet ──► Dataplane renders nftables
//                                     one per direction, v4 + v6          (tiers, profiles) └─► Evaluator answers explain
//
// Order of evaluation (Calico, felix/calc/policy_sorter.go and felix/rules/endpoints.go): tiers in order; in a tier the policies in order; in a policy
// the rules in order. Allow and Deny decide; Pass leaves the tier; Log goes on. A tier without a decision applies its default action. After the tiers
// the profiles in order; then deny.

/// <summary>What a tier does with a packet that none of its policies decided.</summary>
public enum TierDefault
{
    Deny,
    Pass,
}

/// <summary>One tier of a <see cref="PolicySet"/>: the ids of its policies for one direction, in order. Never empty.</summary>
public sealed record PolicySetTier(string Name, TierDefault Default, EquatableArray<string> Policies);

/// <summary>
/// The list of what applies to an endpoint in one direction. Endpoints with the same list share it: the kernel holds its logic once, however many
/// endpoints use it. Two are equal when their <see cref="Id"/> is.
/// </summary>
public sealed class PolicySet : IEquatable<PolicySet>
{
    public PolicySet(PolicyType direction, EquatableArray<PolicySetTier> tiers, EquatableArray<string> profiles)
    {
        Direction = direction;
        Tiers = tiers;
        Profiles = profiles;
        Id = Identify();
    }

    /// <summary>Stable across processes and versions: "i" or "e" and 20 hexadecimal digits (80 bits of SHA-256 over the list).</summary>
    public string Id { get; }

    public PolicyType Direction { get; }

    /// <summary>Only tiers that have a policy in this direction.</summary>
    public EquatableArray<PolicySetTier> Tiers { get; }

    public EquatableArray<string> Profiles { get; }

    /// <summary>What the view says of one direction of an endpoint. An unknown default action denies.</summary>
    public static PolicySet Of(EndpointView endpoint, PolicyType direction)
    {
        List<PolicySetTier> tiers = [];
        foreach (EndpointTier tier in endpoint.Tiers)
        {
            IReadOnlyList<string> policies = direction == PolicyType.Ingress ? tier.IngressPolicies : tier.EgressPolicies;
            if (policies.Count == 0) continue;
            tiers.Add(new PolicySetTier(tier.Name, tier.DefaultAction == "Pass" ? TierDefault.Pass : TierDefault.Deny, [.. policies]));
        }
        return new PolicySet(direction, [.. tiers], [.. endpoint.Profiles]);
    }

    private string Identify()
    {
        // No name contains a line feed, so the text is unambiguous.
        StringBuilder text = new();
        foreach (PolicySetTier tier in Tiers)
        {
            text.Append("tier ").Append(tier.Name).Append(tier.Default == TierDefault.Pass ? " pass\n" : " deny\n");
            foreach (string policy in tier.Policies) text.Append("policy ").Append(policy).Append('\n');
        }
        foreach (string profile in Profiles) text.Append("profile ").Append(profile).Append('\n');
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
        return (Direction == PolicyType.Ingress ? "i" : "e") + Convert.ToHexStringLower(hash.AsSpan(0, 10));
    }

    public bool Equals(PolicySet? other) => other is not null && Id == other.Id;
    public override bool Equals(object? obj) => Equals(obj as PolicySet);
    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);
    public override string ToString() => Id;
}
