using Margay.Api.NodeSync;
using Margay.Api.Resources;
using static Margay.Policy.Tests.Given;

namespace Margay.Policy.Tests;

/// <summary>What the places of host endpoints and staged policies change about a set.</summary>
public class SetKindTests
{
    private static readonly Packet AnyPacket = Tcp("10.0.0.1", "10.0.0.2");
    private static readonly EndpointTier Tier1 = new() { Name = "t", IngressPolicies = ["a"], EgressPolicies = ["a"] };
    private static readonly HostEndpointView Host = new()
    {
        Name = "h", Revision = 1, Tiers = [Tier1], ForwardTiers = [Tier1], PreDnatTiers = [Tier1], UntrackedTiers = [Tier1], Profiles = ["p"],
    };

    private static CompiledPolicySet Link(PolicySet set, params RuleView[] rules) => PolicyCompiler.Link(
        set, id => PolicyCompiler.Compile(PolicyOf(id, rules), PolicyType.Ingress), name => PolicyCompiler.Compile(ProfileOf(name, Allow), PolicyType.Ingress));

    [Theory]
    [InlineData(PolicySetKind.Host, "end of tier t", Outcome.Deny)]
    [InlineData(PolicySetKind.HostForward, "end of tier t", Outcome.Deny)]
    [InlineData(PolicySetKind.PreDnat, "nothing decided it", Outcome.Continue)]
    [InlineData(PolicySetKind.Untracked, "nothing decided it", Outcome.Continue)]
    public void WhatNoRuleMatches(PolicySetKind kind, string by, Outcome outcome)
    {
        Verdict verdict = Evaluator.Evaluate(Link(PolicySet.Of(Host, PolicyType.Ingress, kind), Other), AnyPacket, NoSets);
        Assert.Equal((outcome, by), (verdict.Outcome, verdict.DecidedBy.ToString()));
    }

    [Theory]
    [InlineData(PolicySetKind.Host, "rule 0 of profile p", Outcome.Allow)]
    [InlineData(PolicySetKind.HostForward, "nothing decided it", Outcome.Continue)]
    [InlineData(PolicySetKind.PreDnat, "nothing decided it", Outcome.Continue)]
    [InlineData(PolicySetKind.Untracked, "nothing decided it", Outcome.Continue)]
    public void WhatPasses(PolicySetKind kind, string by, Outcome outcome)
    {
        Verdict verdict = Evaluator.Evaluate(Link(PolicySet.Of(Host, PolicyType.Ingress, kind), Pass), AnyPacket, NoSets);
        Assert.Equal((outcome, by), (verdict.Outcome, verdict.DecidedBy.ToString()));
    }

    [Fact]
    public void OneListAtSeveralPlaces_IsSeveralSets()
    {
        PolicySetKind[] kinds = [PolicySetKind.Host, PolicySetKind.HostForward, PolicySetKind.PreDnat, PolicySetKind.Untracked];
        PolicySet workload = PolicySet.Of(new EndpointView { Id = "e", Revision = 1, Interface = "mg", Tiers = [Tier1], Profiles = ["p"] }, PolicyType.Ingress);
        Assert.Equal(5, kinds.Select(k => PolicySet.Of(Host, PolicyType.Ingress, k).Id).Append(workload.Id).Distinct().Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => PolicySet.Of(Host, PolicyType.Ingress, PolicySetKind.Workload));
    }

    /// <summary>Policies of one tier in order, each with its rule; the staged ones by name.</summary>
    [Theory]
    [InlineData("Staged/a=deny", "rule 0 of profile p", true)]
    [InlineData("Staged/a=deny b=allow", "rule 0 of b in tier t", true)]
    [InlineData("Staged/a=allow b=other", "end of tier t", false)]
    [InlineData("b=deny Staged/a=allow", "rule 0 of b in tier t", false)]
    [InlineData("Staged/a=pass b=deny", "rule 0 of b in tier t", false)]
    [InlineData("Staged/a=log Staged/b=deny", "rule 0 of profile p", true)]
    [InlineData("Staged/gone", "rule 0 of profile p", true)]
    public void StagedPolicies_DecideNothing(string policies, string by, bool allowed)
    {
        (string Id, RuleView? Rule)[] given =
            [.. policies.Split(' ').Select(p => p.Split('=')).Select(p => (p[0], p.Length < 2 ? null : p[1] switch { "allow" => Allow, "deny" => Deny, "pass" => Pass, "log" => Log, _ => Other }))];
        EndpointView endpoint = new()
        {
            Id = "e", Revision = 1, Interface = "mg", Profiles = ["p"], Tiers = [new EndpointTier { Name = "t", IngressPolicies = [.. given.Select(g => g.Id)] }],
        };
        CompiledPolicySet set = PolicyCompiler.Link(
            PolicySet.Of(endpoint, PolicyType.Ingress),
            id => given.Single(g => g.Id == id).Rule is { } rule ? PolicyCompiler.Compile(PolicyOf(id, rule), PolicyType.Ingress) : null,
            name => PolicyCompiler.Compile(ProfileOf(name, Allow), PolicyType.Ingress));
        Verdict verdict = Evaluator.Evaluate(set, AnyPacket, NoSets);
        Assert.Equal((allowed, by), (verdict.Allowed, verdict.DecidedBy.ToString()));
        Assert.All(verdict.Trace, s => Assert.Equal(s.At.Name?.StartsWith("Staged", StringComparison.Ordinal) is true, s.Staged));
    }

    [Fact]
    public void StagedSteps_SayWhatTheyWouldHaveDone()
    {
        EndpointView endpoint = new() { Id = "e", Revision = 1, Interface = "mg", Tiers = [new EndpointTier { Name = "t", IngressPolicies = ["Staged/a", "b"] }] };
        CompiledPolicySet set = PolicyCompiler.Link(PolicySet.Of(endpoint, PolicyType.Ingress), id => PolicyCompiler.Compile(PolicyOf(id, id == "b" ? Allow : Deny), PolicyType.Ingress), _ => null);
        Assert.Equal(
            ["rule 0 of Staged/a in tier t Deny True", "rule 0 of b in tier t Allow False"],
            Evaluator.Evaluate(set, AnyPacket, NoSets).Trace.Select(s => $"{s.At} {s.Action} {s.Staged}"));
    }

    [Fact]
    public void CompiledForm_CarriesWhatThePolicySaysOfItself()
    {
        RuleView rule = Allow with { Annotations = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" } };
        CompiledPolicy compiled = PolicyCompiler.Compile(PolicyOf("StagedNetworkPolicy/a/p", rule) with { KeepEstablished = true }, PolicyType.Ingress);
        Assert.True(compiled is { Staged: true, KeepEstablished: true });
        Assert.Equal([new RuleAnnotation("a", "1"), new RuleAnnotation("b", "2")], compiled.V4[0].Annotations);
        Assert.False(PolicyCompiler.Compile(PolicyOf("NetworkPolicy/a/p", Allow), PolicyType.Ingress) is { Staged: true } or { KeepEstablished: true });
    }
}
