using Margay.Api.Selectors;

namespace Margay.Api.Tests.Selectors;

/// <summary>Which text is a selector, what its canonical form is, and where and why other text is refused.</summary>
public class SelectorGrammarTests
{
    [Theory]
    [InlineData("", "all()")]
    [InlineData(" \t ", "all()")]
    [InlineData("all()", "all()")]
    [InlineData("all( \t)", "all()")]
    [InlineData("global()", "global()")]
    [InlineData("has(a)", "has(a)")]
    [InlineData("has( a\t)", "has(a)")]
    [InlineData("has(projectcalico.org/namespace)", "has(projectcalico.org/namespace)")]
    [InlineData("a=='b'", "a == \"b\"")]
    [InlineData("a == \"b\"", "a == \"b\"")]
    [InlineData("a == 'say \"x\"'", "a == 'say \"x\"'")]
    [InlineData("a == \"it's\"", "a == \"it's\"")]
    [InlineData("a == ''", "a == \"\"")]
    [InlineData("a == 'back\\slash'", "a == \"back\\slash\"")]
    [InlineData("a!='b'", "a != \"b\"")]
    [InlineData("a contains 'b'", "a contains \"b\"")]
    [InlineData("a contains'b'", "a contains \"b\"")]
    [InlineData("a starts with 'b'", "a starts with \"b\"")]
    [InlineData("a startswith 'b'", "a starts with \"b\"")]
    [InlineData("a starts \t with'b'", "a starts with \"b\"")]
    [InlineData("a endswith\"b\"", "a ends with \"b\"")]
    [InlineData("a in {'b'}", "a in {\"b\"}")]
    [InlineData("a in{}", "a in {}")]
    [InlineData("a in {'c','b',}", "a in {\"b\", \"c\"}")]
    [InlineData("a in {'b', \"b\"}", "a in {\"b\"}")]
    [InlineData("a not in {'b'}", "a not in {\"b\"}")]
    [InlineData("a notin {'b'}", "a not in {\"b\"}")]
    [InlineData("a not\tin{'b'}", "a not in {\"b\"}")]
    [InlineData("!a == 'b'", "!a == \"b\"")]
    [InlineData("!!a == 'b'", "a == \"b\"")]
    [InlineData("! ! !has(a)", "!has(a)")]
    [InlineData("!(!has(a))", "has(a)")]
    [InlineData("a == 'b' && c == 'd' || e == 'f'", "a == \"b\" && c == \"d\" || e == \"f\"")]
    [InlineData("a == 'b' && (c == 'd' || e == 'f')", "a == \"b\" && (c == \"d\" || e == \"f\")")]
    [InlineData("((has(a)))", "has(a)")]
    [InlineData("(has(a) && has(b)) && has(c)", "has(a) && has(b) && has(c)")]
    [InlineData("(has(a) || has(b)) || has(c)", "has(a) || has(b) || has(c)")]
    [InlineData("!(has(a) && has(b))", "!(has(a) && has(b))")]
    [InlineData("has(a)&&has(b)", "has(a) && has(b)")]
    [InlineData("in == 'x'", "in == \"x\"")]
    [InlineData("not == 'x'", "not == \"x\"")]
    [InlineData("contains contains 'x'", "contains contains \"x\"")]
    [InlineData("in in {'in'}", "in in {\"in\"}")]
    [InlineData("not not in {'in'}", "not not in {\"in\"}")]
    [InlineData("has == 'x'", "has == \"x\"")]
    [InlineData("all == 'x'", "all == \"x\"")]
    [InlineData("global == 'x'", "global == \"x\"")]
    [InlineData("starts starts with 'x'", "starts starts with \"x\"")]
    [InlineData("-_./0 == 'x'", "-_./0 == \"x\"")]
    [InlineData("1 == '1'", "1 == \"1\"")]
    public void Parse_Valid_GivesTheCanonicalForm(string text, string canonical)
    {
        Assert.True(Selector.TryParse(text, out Selector? selector, out SelectorError error), error.ToString());
        Assert.Equal(canonical, selector.Canonical);
        Assert.Equal(selector, Selector.Parse(canonical));
        Assert.Equal(selector.Root, Selector.Parse(canonical).Root);
        Assert.Equal(selector.Id, Selector.Parse(canonical).Id);
    }

    [Theory]
    [InlineData("a = 'b'", 2, "use '=='")]
    [InlineData("has(a) & has(b)", 7, "use '&&'")]
    [InlineData("has(a) | has(b)", 7, "use '||'")]
    [InlineData("a", 1, "expected an operator after the label 'a'")]
    [InlineData("a b", 2, "expected an operator")]
    [InlineData("a inside {'b'}", 2, "expected an operator")]
    [InlineData("a containsx 'b'", 2, "expected an operator")]
    [InlineData("a starts 'b'", 2, "expected an operator")]
    [InlineData("a not {'b'}", 2, "expected an operator")]
    [InlineData("'a' == 'b'", 0, "a string cannot stand on the left")]
    [InlineData("a == b", 5, "expected a string in quotes")]
    [InlineData("a == 'b", 5, "has no closing '")]
    [InlineData("a == \"b'", 5, "has no closing \"")]
    [InlineData("a == 'it\\'s'", 10, "expected '&&', '||' or the end")]
    [InlineData("a in 'b'", 5, "expected a set")]
    [InlineData("a in {'b'", 9, "expected a string in quotes, ',' or '}'")]
    [InlineData("a in {,}", 6, "expected a string in quotes")]
    [InlineData("a in {'b',,}", 10, "expected a string in quotes")]
    [InlineData("a in {'b' 'c'}", 10, "expected a string in quotes")]
    [InlineData("(has(a)", 7, "')' for the '(' at character 1")]
    [InlineData("has(a))", 6, "has no '(' before it")]
    [InlineData("has(a) has(b)", 7, "expected '&&', '||' or the end")]
    [InlineData("has(a) &&", 9, "found the end")]
    [InlineData("|| has(a)", 0, "expected a label")]
    [InlineData("has (a)", 4, "expected an operator after the label 'has'")]
    [InlineData("all ()", 4, "expected an operator after the label 'all'")]
    [InlineData("has()", 4, "expected a label in has(…)")]
    [InlineData("has('a')", 4, "without quotes")]
    [InlineData("has(a b)", 6, "expected ')'")]
    [InlineData("all(a)", 4, "expected ')'")]
    [InlineData("!", 1, "found the end")]
    [InlineData("()", 1, "expected a label")]
    [InlineData("a == 'b'\n", 8, "a selector is one line")]
    [InlineData("a\n== 'b'", 1, "line break")]
    [InlineData("a == 'b' ; x", 9, "unexpected character ';'")]
    [InlineData("ä == 'b'", 0, "U+00E4")]
    public void Parse_Invalid_SaysWhereAndWhatWasExpected(string text, int position, string message)
    {
        Assert.False(Selector.TryParse(text, out _, out SelectorError error));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(position, error.Position);
    }

    [Fact]
    public void Parse_LongestLabel_IsAccepted()
    {
        string label = new('a', 512);
        Assert.True(Selector.TryParse($"has({label})", out _));
        Assert.True(Selector.TryParse($"{label} == 'x'", out _));
        Assert.False(Selector.TryParse($"has({label}a)", out _));
        Assert.False(Selector.TryParse($"{label}a == 'x'", out _));
    }

    [Fact]
    public void Parse_DeepNesting_IsRefusedWithoutOverflow()
    {
        string deep = new string('(', 1_000_000) + "has(a)";
        Assert.False(Selector.TryParse(deep, out _, out SelectorError tooLong));
        Assert.Contains("at most 1024", tooLong.Message, StringComparison.Ordinal);
        Assert.False(Selector.TryParse(new string('(', 500) + "has(a)" + new string(')', 500), out _, out SelectorError tooDeep));
        Assert.Contains("nested parentheses", tooDeep.Message, StringComparison.Ordinal);
        Assert.True(Selector.TryParse(new string('(', 150) + "has(a)" + new string(')', 150), out _));
        Assert.True(Selector.TryParse(new string('!', 1000) + "has(a)", out Selector? even));
        Assert.Equal("has(a)", even.Canonical);
    }

    [Fact]
    public void Id_IsStableAndShort()
    {
        Assert.Equal(Selector.Parse("a=='b'").Id, Selector.Parse(" a == \"b\" ").Id);
        Assert.NotEqual(Selector.Parse("a == 'b'").Id, Selector.Parse("a == 'c'").Id);
        Assert.Matches("^s:[A-Za-z0-9_-]{28}$", Selector.All.Id);
        // Sets on nodes are named by it: a change of this value is a change of every set.
        Assert.Equal("s:oWLBD9B1VMgblrELAUr2OimlCEmz", Selector.Parse("a == 'b'").Id);
    }

    [Fact]
    public void Parse_ThrowsForInvalidText() => Assert.Throws<FormatException>(() => Selector.Parse("a ="));
}
