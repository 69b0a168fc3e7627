using System.Text.RegularExpressions;

namespace Margay.House.Tests;

/// <summary>Prose about names rots: what documents point to must exist.</summary>
public partial class DocumentTests
{
    private static IEnumerable<string> Documents =>
        Directory.EnumerateFiles(House.Root, "*.md", SearchOption.AllDirectories)
            .Select(p => Path.GetRelativePath(House.Root, p).Replace('\\', '/'))
            .Where(p => !p.Contains("/bin/", StringComparison.Ordinal) && !p.Contains("/obj/", StringComparison.Ordinal)
                && !p.StartsWith("out/", StringComparison.Ordinal) && !p.Contains("node_modules", StringComparison.Ordinal));

    [Fact]
    public void EveryRelativeLink_Exists()
    {
        List<string> dead = [];
        foreach (string document in Documents)
        {
            string folder = Path.Combine(House.Root, Path.GetDirectoryName(document)!);
            foreach (Match link in MarkdownLink().Matches(House.Read(document)))
            {
                string target = link.Groups[1].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal)) continue;
                if (!Path.Exists(Path.Combine(folder, target))) dead.Add($"{document} → {target}");
            }
        }
        Assert.True(dead.Count == 0, string.Join('\n', dead));
    }

    [Fact]
    public void EverySourcePathNamedInADocument_Exists()
    {
        List<string> dead = [];
        foreach (string document in Documents)
        {
            foreach (Match path in SourcePath().Matches(House.Read(document)))
            {
                string target = path.Groups[1].Value;
                if (!Path.Exists(Path.Combine(House.Root, target))) dead.Add($"{document}: {target}");
            }
        }
        Assert.True(dead.Count == 0, string.Join('\n', dead));
    }

    [Fact]
    public void EveryPackage_IsListedInDependencies()
    {
        string listed = House.Read("docs/dependencies.md");
        IEnumerable<string> used = PackageReference().Matches(string.Concat(
            Directory.EnumerateFiles(House.Root, "*.csproj", SearchOption.AllDirectories)
                .Concat(Directory.EnumerateFiles(House.Root, "Directory.Build.*", SearchOption.AllDirectories))
                .Select(File.ReadAllText))).Select(m => m.Groups[1].Value).Distinct();
        string[] missing = [.. used.Where(p => !listed.Contains($"| {p} |", StringComparison.Ordinal))];
        Assert.True(missing.Length == 0, $"not in docs/dependencies.md: {string.Join(", ", missing)}");
    }

    [Fact]
    public void NoFile_NamesAPathOfOneMachine()
    {
        string[] forbidden = [string.Concat("/wo", "rk/"), string.Concat("/home/", "user"), string.Concat("registry.", "npmjs")];
        List<string> strays = [];
        foreach (string file in House.CSharpFiles("src").Concat(House.CSharpFiles("test")).Concat(House.CSharpFiles("bench")).Concat(Documents))
        {
            string text = House.Read(file);
            strays.AddRange(forbidden.Where(f => text.Contains(f, StringComparison.Ordinal)).Select(f => $"{file}: {f}"));
        }
        Assert.True(strays.Count == 0, string.Join('\n', strays));
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex MarkdownLink();

    [GeneratedRegex(@"`((?:src|test|bench|docs|packaging|examples|build)/[A-Za-z0-9_./-]*[A-Za-z0-9_])`")]
    private static partial Regex SourcePath();

    [GeneratedRegex("<PackageReference Include=\"([^\"]+)\"")]
    private static partial Regex PackageReference();
}
