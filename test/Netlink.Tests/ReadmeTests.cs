using System.Text.RegularExpressions;

namespace Margay.Netlink.Tests;

public partial class ReadmeTests
{
    [Fact]
    public void EveryExample_IsCompiled()
    {
        HashSet<string> compiled = [.. Lines(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ReadmeExamples.cs")))];
        string[] examples = [.. Example().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "README.md"))).SelectMany(m => Lines(m.Groups[1].Value))];
        Assert.True(examples.Length > 30);
        Assert.DoesNotContain(examples, line => !compiled.Contains(line));
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0);

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
