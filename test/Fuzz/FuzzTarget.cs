namespace Margay.Fuzz;

/// <summary>One decoder under fuzz. The action throws if the decoder breaks a promise; bytes that it refuses are fine.</summary>
public sealed record FuzzTarget(string Name, Action<byte[]> Run)
{
    /// <summary>All targets, one per decoder.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } = [.. BgpTargets.All];

    public static FuzzTarget Find(string name) => All.FirstOrDefault(t => t.Name == name) ?? throw new ArgumentException($"no target '{name}'; there are: {string.Join(", ", All.Select(t => t.Name))}");

    /// <summary>The committed inputs of the target: a file per input, hexadecimal, <c>#</c> begins a comment.</summary>
    public IReadOnlyList<byte[]> Corpus()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Corpus", Name);
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.hex").Order(StringComparer.Ordinal).Select(ReadHex)] : [];
    }

    private static byte[] ReadHex(string path) =>
        Convert.FromHexString(string.Concat(File.ReadLines(path).Select(l => l.Split('#')[0].Replace(" ", "", StringComparison.Ordinal).Trim())));
}
