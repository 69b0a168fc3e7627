using System.Buffers;
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

/// <summary>Where in a packet's way a policy set stands, which decides what happens at its end. The hooks are the dataplane's affair.</summary>
public enum PolicySetKind
{
    /// <summary>A workload: tiers, profiles, then deny.</summary>
    Workload,

    /// <summary>Processes of the host (HostEndpoint, normal policy): tiers, profiles, then deny. Failsafe ports come before it.</summary>
    Host,

    /// <summary>What a host endpoint forwards (applyOnForward): tiers, then on. No profiles, no failsafe ports.</summary>
    HostForward,

    /// <summary>All that arrives at a host endpoint, before destination NAT: tiers that all pass at their end, then on. Ingress only. Failsafe ports come before it.</summary>
    PreDnat,

    /// <summary>All that arrives at a host endpoint and all that its host sends, before conntrack: tiers that all pass at their end, then on. What is allowed is not tracked. Failsafe ports come before it.</summary>
    Untracked,
}

/// <summary>What a tier does with a packet that none of its policies decided.</summary>
public enum TierDefault
{
    Deny,
    Pass,
}

/// <summary>
/// One tier of a <see cref="PolicySet"/>: the ids of its policies for one direction, in order, staged ones (<see cref="PolicyIds.IsStaged"/>) included. Never empty. With
/// nothing but staged policies its default is Pass.
/// </summary>
public sealed record PolicySetTier(string Name, TierDefault Default, EquatableArray<string> Policies);

/// <summary>
/// The list of what applies to an endpoint in one direction. Endpoints with the same list share it: the kernel holds its logic once, however many
/// endpoints use it. Two are equal when their <see cref="Id"/> is.
/// </summary>
public sealed class PolicySet : IEquatable<PolicySet>
{
    public PolicySet(PolicyType direction, EquatableArray<PolicySetTier> tiers, EquatableArray<string> profiles, PolicySetKind kind = PolicySetKind.Workload)
    {
        Kind = kind;
        Direction = direction;
        Tiers = tiers;
        Profiles = profiles;
        Id = Identify();
    }

    /// <summary>Stable across processes and versions: "i" or "e" and 20 hexadecimal digits (80 bits of SHA-256 over kind and list).</summary>
    public string Id { get; }

    public PolicySetKind Kind { get; }
    public PolicyType Direction { get; }

    /// <summary>Whether a packet that nothing decided is denied, rather than left to whatever comes next.</summary>
    public bool DeniesAtEnd => Kind is PolicySetKind.Workload or PolicySetKind.Host;

    /// <summary>Only tiers that have a policy in this direction.</summary>
    public EquatableArray<PolicySetTier> Tiers { get; }

    public EquatableArray<string> Profiles { get; }

    /// <summary>What the view says of one direction of an endpoint. An unknown default action denies.</summary>
    public static PolicySet Of(EndpointView endpoint, PolicyType direction) =>
        new(direction, TiersOf(endpoint.Tiers, direction), [.. endpoint.Profiles]);

    /// <summary>What the view says of one place at a host endpoint. Where nothing is decided and nothing is denied at the end it is without tiers: nothing needs to be asked.</summary>
    public static PolicySet Of(HostEndpointView host, PolicyType direction, PolicySetKind kind) => kind switch
    {
        PolicySetKind.Host => new(direction, TiersOf(host.Tiers, direction), [.. host.Profiles], kind),
        PolicySetKind.HostForward => new(direction, TiersOf(host.ForwardTiers, direction), [], kind),
        PolicySetKind.PreDnat => new(direction, TiersOf(host.PreDnatTiers, direction, denies: false), [], kind),
        PolicySetKind.Untracked => new(direction, TiersOf(host.UntrackedTiers, direction, denies: false), [], kind),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "is not of host endpoints"),
    };

    /// <param name="given">As in the view.</param>
    /// <param name="direction">Which policies of each.</param>
    /// <param name="denies">Whether tiers have an end at all: before conntrack and NAT what no rule matched goes on.</param>
    private static EquatableArray<PolicySetTier> TiersOf(IReadOnlyList<EndpointTier> given, PolicyType direction, bool denies = true)
    {
        List<PolicySetTier> tiers = [];
        foreach (EndpointTier tier in given)
        {
            IReadOnlyList<string> policies = direction == PolicyType.Ingress ? tier.IngressPolicies : tier.EgressPolicies;
            if (policies.Count == 0) continue;
            bool passes = !denies || tier.DefaultAction == "Pass" || policies.All(PolicyIds.IsStaged);
            tiers.Add(new PolicySetTier(tier.Name, passes ? TierDefault.Pass : TierDefault.Deny, [.. policies]));
        }
        return [.. tiers];
    }

    private string Identify()
    {
        // No name contains a line feed, so the text is unambiguous.
        ArrayBufferWriter<byte> text = new(1024);
        void Line(string kind, string name, string end = "\n")
        {
            Encoding.UTF8.GetBytes(kind, text);
            Encoding.UTF8.GetBytes(name, text);
            Encoding.UTF8.GetBytes(end, text);
        }

        if (Kind != PolicySetKind.Workload) Line("kind ", Kind.ToString());
        foreach (PolicySetTier tier in Tiers)
        {
            Line("tier ", tier.Name, tier.Default == TierDefault.Pass ? " pass\n" : " deny\n");
            foreach (string policy in tier.Policies) Line("policy ", policy);
        }
        foreach (string profile in Profiles) Line("profile ", profile);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text.WrittenSpan, hash);
        return (Direction == PolicyType.Ingress ? "i" : "e") + Convert.ToHexStringLower(hash[..10]);
    }

    public bool Equals(PolicySet? other) => other is not null && Id == other.Id;
    public override bool Equals(object? obj) => Equals(obj as PolicySet);
    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);
    public override string ToString() => Id;
}
