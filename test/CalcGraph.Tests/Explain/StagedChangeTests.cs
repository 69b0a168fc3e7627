using Margay.Api.Resources;
using Margay.CalcGraph.Explain;

namespace Margay.CalcGraph.Tests.Explain;

public class StagedChangeTests
{
    private static readonly ObjectMeta Meta = new() { Name = "p", Namespace = "a" };

    private static NetworkPolicy Real(string selector, string name = "p") => new() { Metadata = Meta with { Name = name }, Spec = new NetworkPolicySpec { Selector = selector } };

    private static StagedNetworkPolicy Staged(StagedAction? action) => new() { Metadata = Meta, Spec = new StagedNetworkPolicySpec { Selector = "staged()", StagedAction = action } };

    [Theory]
    [InlineData(null, "other staged()")]
    [InlineData(StagedAction.Set, "other staged()")]
    [InlineData(StagedAction.Delete, "other")]
    [InlineData(StagedAction.Learn, "now other")]
    [InlineData(StagedAction.Ignore, "now other")]
    public void Staged_TakesThePlaceOfTheReal(StagedAction? action, string selectors)
    {
        IReadOnlyList<Resource> then = StagedChange.Enforce([Real("now"), Real("other", "q"), Staged(action)]);
        Assert.Equal(selectors, string.Join(' ', then.Cast<NetworkPolicy>().Select(p => p.Spec.Selector)));
    }

    [Fact]
    public void EachKind_BecomesItsReal()
    {
        IReadOnlyList<Resource> then = StagedChange.Enforce(
        [
            Staged(null),
            new StagedGlobalNetworkPolicy { Metadata = new ObjectMeta { Name = "g" }, Spec = new StagedGlobalNetworkPolicySpec { Selector = "all()" } },
            new StagedKubernetesNetworkPolicy { Metadata = Meta, Spec = new StagedKubernetesNetworkPolicySpec { PodSelector = new LabelSelector() } },
        ]);
        Assert.Equal([typeof(NetworkPolicy), typeof(GlobalNetworkPolicy), typeof(KubernetesNetworkPolicy)], then.Select(r => r.GetType()));
        Assert.Equal(["projectcalico.org/v3 NetworkPolicy", "projectcalico.org/v3 GlobalNetworkPolicy", "networking.k8s.io/v1 NetworkPolicy"], then.Select(r => $"{r.ApiVersion} {r.Kind}"));
    }
}
