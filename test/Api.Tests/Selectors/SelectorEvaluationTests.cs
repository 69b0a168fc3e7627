using System.Collections.Frozen;
using System.Collections.Immutable;
using Margay.Api.Selectors;

namespace Margay.Api.Tests.Selectors;

public class SelectorEvaluationTests
{
    private static readonly Dictionary<string, string> Web = new() { ["app"] = "web-front", ["rack"] = "1", ["empty"] = "" };

    [Theory]
    [InlineData("all()", true)]
    [InlineData("", true)]
    [InlineData("global()", true)]
    [InlineData("has(app)", true)]
    [InlineData("has(empty)", true)]
    [InlineData("has(missing)", false)]
    [InlineData("app == 'web-front'", true)]
    [InlineData("app == 'Web-front'", false)]
    [InlineData("missing == ''", false)]
    [InlineData("empty == ''", true)]
    [InlineData("app != 'web-front'", false)]
    [InlineData("missing != 'x'", true)]
    [InlineData("app contains 'b-f'", true)]
    [InlineData("app contains ''", true)]
    [InlineData("missing contains ''", false)]
    [InlineData("app starts with 'web'", true)]
    [InlineData("missing starts with ''", false)]
    [InlineData("app ends with 'front'", true)]
    [InlineData("missing ends with ''", false)]
    [InlineData("app in {'x', 'web-front'}", true)]
    [InlineData("app in {}", false)]
    [InlineData("missing in {'x'}", false)]
    [InlineData("app not in {'x'}", true)]
    [InlineData("app not in {'web-front'}", false)]
    [InlineData("missing not in {'x'}", true)]
    [InlineData("missing not in {}", true)]
    [InlineData("rack in {'0','1','2','3','4','5','6','7','8','9'}", true)]
    [InlineData("rack not in {'0','2','3','4','5','6','7','8','9','10'}", true)]
    [InlineData("!app == 'x'", true)]
    [InlineData("!missing == 'x'", true)]
    [InlineData("has(app) && has(rack)", true)]
    [InlineData("has(app) && has(missing)", false)]
    [InlineData("has(missing) || has(rack)", true)]
    [InlineData("has(missing) && has(x) || has(app)", true)]
    [InlineData("has(missing) && (has(x) || has(app))", false)]
    [InlineData("!(has(app) && has(missing))", true)]
    public void Matches_FollowsTheSemantics(string selector, bool expected) => Assert.Equal(expected, Selector.Parse(selector).Matches(Web));

    [Fact]
    public void Matches_OwnLabelsWinOverParents_AndTheFirstParentWins()
    {
        ImmutableArray<IReadOnlyDictionary<string, string>> parents =
            [new Dictionary<string, string> { ["app"] = "parent", ["zone"] = "a" }, new Dictionary<string, string> { ["zone"] = "b", ["last"] = "x" }];
        var labels = new Labels(Web, parents);
        Assert.True(Selector.Parse("app == 'web-front' && zone == 'a' && last == 'x'").Matches(labels));
        Assert.True(Selector.Parse("zone == 'a'").Matches(new Labels(null, parents)));
        Assert.False(Selector.Parse("has(app)").Matches(default(Labels)));
    }

    [Fact]
    public void Global_IsWhatHasNoNamespace()
    {
        Selector global = Selector.Parse("global()");
        Assert.False(global.Matches(new Dictionary<string, string> { [Selector.NamespaceLabel] = "prod" }));
        Assert.True(global.Matches((IReadOnlyDictionary<string, string>?)null));
    }

    [Fact]
    public void Matches_DoesNotAllocate()
    {
        Selector selector = Selector.Parse("app starts with 'web' && (rack in {'1','2'} || !has(x)) && missing != 'y'");
        var labels = new Labels(Web.ToFrozenDictionary());
        Assert.True(selector.Matches(labels));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) selector.Matches(labels);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
