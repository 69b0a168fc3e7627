namespace Margay.Lab.Topologies;

/// <summary>
/// What should be reachable: for everything that matches <see cref="From"/>, towards every workload and host that matches <see cref="To"/>.
/// Where several say something about the same probe, the last one counts.
/// </summary>
public sealed record Expectation
{
    /// <summary>Patterns for workloads (NAMESPACE/NAME) and for hosts, switches and the server (NAME); '*' stands for any run of characters but '/'.</summary>
    public required IReadOnlyList<string> From { get; init; }

    /// <summary>Patterns for workloads and hosts.</summary>
    public required IReadOnlyList<string> To { get; init; }

    public required IReadOnlyList<TransportPort> Ports { get; init; }

    public bool Ipv4 { get; init; } = true;
    public bool Ipv6 { get; init; } = true;

    public required bool Allow { get; init; }

    /// <summary>Whether a name matches a pattern. Both are short: this backtracks without care.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        if (pattern.IsEmpty) return name.IsEmpty;
        if (pattern[0] != '*') return !name.IsEmpty && pattern[0] == name[0] && Matches(pattern[1..], name[1..]);
        for (int i = 0; ; i++)
        {
            if (Matches(pattern[1..], name[i..])) return true;
            if (i == name.Length || name[i] == '/') return false;
        }
    }

    public static bool MatchesAny(IEnumerable<string> patterns, string name)
    {
        foreach (string pattern in patterns)
            if (Matches(pattern, name)) return true;
        return false;
    }
}
