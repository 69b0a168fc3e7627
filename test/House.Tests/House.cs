using System.Reflection;
using System.Xml.Linq;

namespace Margay.House.Tests;

/// <summary>The checkout as data: its projects, their references, its sources and documents.</summary>
internal static class House
{
    public static string Root { get; } = Path.GetFullPath(
        typeof(House).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "SourceRoot").Value!);

    /// <summary>Names of the projects below src/.</summary>
    public static IEnumerable<string> SourceProjects =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(p => Path.GetFileNameWithoutExtension(p)!);

    /// <summary>Each project reference of src/ as (from, to).</summary>
    public static IEnumerable<(string From, string To)> References =>
        from path in Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories)
        from reference in XDocument.Load(path).Descendants("ProjectReference")
        let to = reference.Attribute("Include")!.Value.Replace('\\', '/')
        where reference.Attribute("OutputItemType")?.Value != "Analyzer"
        select (Path.GetFileNameWithoutExtension(path)!, Path.GetFileNameWithoutExtension(to)!);

    /// <summary>C# files below a folder, without build output, relative to the root.</summary>
    public static IEnumerable<string> CSharpFiles(string folder)
    {
        string full = Path.Combine(Root, folder);
        return !Directory.Exists(full)
            ? []
            : Directory.EnumerateFiles(full, "*.cs", SearchOption.AllDirectories)
                .Select(p => Path.GetRelativePath(Root, p).Replace('\\', '/'))
                .Where(p => !p.Contains("/obj/", StringComparison.Ordinal) && !p.Contains("/bin/", StringComparison.Ordinal));
    }

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath));
}
