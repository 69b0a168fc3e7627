using CsCheck;
using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Policy.Tests;

public class QuickEvaluatorTests
{
    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly Gen<RuleView> Rule = Gen.Select(
        OneOf(RuleAction.Allow, RuleAction.Deny, RuleAction.Pass, RuleAction.Log), OneOf<byte?>(null, Protocol.Tcp, Protocol.Udp),
        OneOf<string[]?>(null, ["10.0.0.0/30"], ["10.0.0.4/30", "fd00::/16"]), OneOf<string[]?>(null, ["known"], ["unknown"]),
        (action, protocol, nets, sets) => Given.Rule(action, protocol: protocol, from: new SideView { Nets = nets, Sets = sets }));

    /// <summary>Whatever the policies, it says what the evaluator says.</summary>
    [Fact]
    public void Outcome_IsTheEvaluators()
    {
        AddressSets sets = AddressSets.From([new IpSetView { Id = "known", Members = ["10.0.0.2/31"] }]);
        Gen.Select(Rule.Array[0, 4], Rule.Array[0, 4], Rule.Array[0, 3], Gen.Bool, Gen.Int[0, 7]).Sample(given =>
        {
            (RuleView[] first, RuleView[] staged, RuleView[] profile, bool passes, int host) = given;
            CompiledPolicySet set = Given.Compile(
                [Given.Tier("a", TierDefault.Pass, "StagedGlobalNetworkPolicy/s", "GlobalNetworkPolicy/p", "GlobalNetworkPolicy/q"), Given.Tier("b", passes ? TierDefault.Pass : TierDefault.Deny, "GlobalNetworkPolicy/q")],
                ["open"], [Given.PolicyOf("StagedGlobalNetworkPolicy/s", staged), Given.PolicyOf("GlobalNetworkPolicy/p", first), Given.PolicyOf("GlobalNetworkPolicy/q", profile)],
                Given.ProfileOf("open", profile));
            Packet packet = Given.Tcp($"10.0.0.{host}", "10.0.0.9");
            Assert.Equal(Evaluator.Evaluate(set, packet, sets).Outcome, QuickEvaluator.Evaluate(set, packet, sets));
        });
    }
}
