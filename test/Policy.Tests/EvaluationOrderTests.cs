using Margay.Api.NodeSync;
using Margay.Api.Resources;
using static Margay.Policy.Tests.Given;

namespace Margay.Policy.Tests;

/// <summary>Tiers, policies, profiles, and who has the last word (Calico's evaluation order).</summary>
public class EvaluationOrderTests
{
    private static readonly Packet AnyPacket = Tcp("10.0.0.1", "10.0.0.2");

    /// <summary>Tiers as "name:end:policy,policy"; policies as "name=rule,rule"; what decides.</summary>
    public static TheoryData<string, string, string, bool, string> Cases => new()
    {
        // Nothing at all, and profiles alone.
        { "", "", "", false, "nothing allowed it" },
        { "", "ok=allow", "ok", true, "rule 0 of profile ok" },
        { "", "no=other ok=allow", "no ok", true, "rule 0 of profile ok" },
        { "", "no=deny ok=allow", "no ok", false, "rule 0 of profile no" },
        { "", "no=pass ok=allow", "no ok", true, "rule 0 of profile ok" },
        { "", "ok=allow", "gone ok", false, "gone is missing" },
        { "", "no=other", "no", false, "nothing allowed it" },
        // One tier.
        { "t:Deny:a", "a=allow ok=allow", "ok", true, "rule 0 of a in tier t" },
        { "t:Deny:a", "a=deny ok=allow", "ok", false, "rule 0 of a in tier t" },
        { "t:Deny:a", "a=other,other,allow", "", true, "rule 2 of a in tier t" },
        { "t:Deny:a", "a=deny,allow", "", false, "rule 0 of a in tier t" },
        { "t:Deny:a,b", "a=other b=allow", "", true, "rule 0 of b in tier t" },
        { "t:Deny:a,b", "a=deny b=allow", "", false, "rule 0 of a in tier t" },
        { "t:Deny:a", "a= ok=allow", "ok", false, "end of tier t" },
        { "t:Deny:a", "a=other ok=allow", "ok", false, "end of tier t" },
        { "t:Pass:a", "a=other ok=allow", "ok", true, "rule 0 of profile ok" },
        { "t:Deny:gone", "ok=allow", "ok", false, "gone is missing" },
        // Log goes on; alone it still makes the tier deny.
        { "t:Deny:a", "a=log,allow", "", true, "rule 1 of a in tier t" },
        { "t:Deny:a", "a=log ok=allow", "ok", false, "end of tier t" },
        { "t:Pass:a", "a=log ok=allow", "ok", true, "rule 0 of profile ok" },
        // Pass leaves the tier: not the next rule, not the next policy, not the default.
        { "t:Deny:a", "a=pass,deny ok=allow", "ok", true, "rule 0 of profile ok" },
        { "t:Deny:a,b", "a=pass b=deny ok=allow", "ok", true, "rule 0 of profile ok" },
        { "t:Deny:a u:Deny:b", "a=pass b=allow", "", true, "rule 0 of b in tier u" },
        { "t:Deny:a u:Deny:b", "a=pass b=pass ok=allow", "ok", true, "rule 0 of profile ok" },
        { "t:Deny:a u:Deny:b", "a=pass b=other ok=allow", "ok", false, "end of tier u" },
        // Several tiers.
        { "t:Deny:a u:Deny:b", "a=other b=allow", "", false, "end of tier t" },
        { "t:Pass:a u:Deny:b", "a=other b=allow", "", true, "rule 0 of b in tier u" },
        { "t:Deny:a u:Deny:b", "a=allow b=deny", "", true, "rule 0 of a in tier t" },
        { "t:Pass:a u:Pass:b", "a=other b=other", "", false, "nothing allowed it" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheFirstWordThatCounts(string tiers, string definitions, string profiles, bool allowed, string decidedBy)
    {
        Dictionary<string, RuleView[]> rules = Split(definitions, ' ').ToDictionary(d => d.Split('=')[0], d => Split(d.Split('=')[1], ',').Select(RuleOf).ToArray());
        CompiledPolicySet set = Compile(
            [.. Split(tiers, ' ').Select(t => t.Split(':')).Select(t => Tier(t[0], Enum.Parse<TierDefault>(t[1]), t[2].Split(',')))],
            Split(profiles, ' '),
            [.. rules.Select(r => PolicyOf(r.Key, r.Value))],
            [.. rules.Select(r => ProfileOf(r.Key, r.Value))]);
        Verdict verdict = Evaluator.Evaluate(set, AnyPacket, NoSets);
        Assert.Equal((allowed, decidedBy), (verdict.Allowed, verdict.DecidedBy.ToString()));
        Assert.Equal(verdict.DecidedBy, verdict.Trace[^1].At);
        Assert.Equal(allowed ? RuleAction.Allow : RuleAction.Deny, verdict.Trace[^1].Action);
    }

    [Fact]
    public void Trace_NamesEachRuleVisited_WithTheReason()
    {
        CompiledPolicySet set = Compile(
            [Tier("t", TierDefault.Deny, "a"), Tier("u", TierDefault.Deny, "b")], [],
            [
                PolicyOf("a", Rule(RuleAction.Deny, protocol: Protocol.Udp), Rule(RuleAction.Log), Rule(RuleAction.Pass, from: new SideView { Nets = ["10.0.0.0/8"] })),
                PolicyOf("b", Rule(RuleAction.Allow, protocol: Protocol.Tcp, to: new SideView { Ports = [new PortRange(443, 443)] })),
            ]);
        Verdict verdict = Evaluator.Evaluate(set, AnyPacket, NoSets);
        Assert.Equal(
            [
                "rule 0 of a in tier t | no match | protocol tcp is not udp",
                "rule 1 of a in tier t | Log | matches every packet",
                "rule 2 of a in tier t | Pass | source 10.0.0.1 is in 10.0.0.0/8",
                "rule 0 of b in tier u | no match | destination port 80 is not in 443",
                "end of tier u | Deny | no policy of the tier decided",
            ],
            verdict.Trace.Select(s => $"{s.At} | {s.Action?.ToString() ?? "no match"} | {s.Reason}"));
    }

    [Fact]
    public void Direction_TakesOnlyTiersThatHaveAPolicyInIt()
    {
        EndpointView endpoint = new()
        {
            Id = "default/a/e", Revision = 1, Interface = "mg1", Profiles = ["p"],
            Tiers = [new EndpointTier { Name = "t", EgressPolicies = ["x"] }, new EndpointTier { Name = "u", DefaultAction = "Pass", IngressPolicies = ["y"] }],
        };
        PolicySet ingress = PolicySet.Of(endpoint, PolicyType.Ingress);
        Assert.Equal([Tier("u", TierDefault.Pass, "y")], ingress.Tiers);
        Assert.Equal([Tier("t", TierDefault.Deny, "x")], PolicySet.Of(endpoint, PolicyType.Egress).Tiers);
        Assert.Equal(TierDefault.Deny, PolicySet.Of(endpoint with { Tiers = [new EndpointTier { Name = "t", DefaultAction = "?", IngressPolicies = ["y"] }] }, PolicyType.Ingress).Tiers[0].Default);
    }

    [Fact]
    public void EqualLists_ShareAnId_AndEveryDifferenceMakesAnother()
    {
        PolicySet Make(PolicyType direction, TierDefault end, string[] policies, params string[] profiles) => new(direction, [Tier("t", end, policies)], [.. profiles]);
        PolicySet one = Make(PolicyType.Ingress, TierDefault.Deny, ["a", "b"], "p");
        Assert.Equal(one, Make(PolicyType.Ingress, TierDefault.Deny, ["a", "b"], "p"));
        PolicySet[] others =
        [
            Make(PolicyType.Egress, TierDefault.Deny, ["a", "b"], "p"), Make(PolicyType.Ingress, TierDefault.Pass, ["a", "b"], "p"),
            Make(PolicyType.Ingress, TierDefault.Deny, ["b", "a"], "p"), Make(PolicyType.Ingress, TierDefault.Deny, ["a"], "p"),
            Make(PolicyType.Ingress, TierDefault.Deny, ["a", "b"]), Make(PolicyType.Ingress, TierDefault.Deny, ["a", "b"], "p", "q"),
        ];
        Assert.Equal(7, others.Append(one).Select(s => s.Id).Distinct().Count());
        // Kept by kernels across restarts and versions: it must never change.
        Assert.Equal("i1674cdcff0bacb25da8e", one.Id);
    }

    private static string[] Split(string text, char separator) => text.Split(separator, StringSplitOptions.RemoveEmptyEntries);

    private static RuleView RuleOf(string word) => word switch { "allow" => Allow, "deny" => Deny, "pass" => Pass, "log" => Log, _ => Other };
}
