using Margay.Api.Resources;
using Margay.Api.Validation;

namespace Margay.Ctl.Commands;

/// <summary>One kind and the names asked for; none means all.</summary>
internal sealed record Target(ResourceKind Kind, IReadOnlyList<string> Names);

/// <summary>Reads what users type to say which objects: <c>KIND</c>, <c>KIND,KIND</c>, <c>KIND NAME…</c>, <c>KIND/NAME …</c>.</summary>
internal static class Targets
{
    /// <summary>The targets, or null with the reason in <paramref name="fault"/>.</summary>
    public static IReadOnlyList<Target>? Parse(IReadOnlyList<string> words, out string fault)
    {
        // The parser takes an option that it does not know for one more word.
        fault = words.FirstOrDefault(w => w.StartsWith('-')) is { } option ? $"there is no option {option}" : "";
        if (fault.Length > 0) return null;
        if (words.Count == 0)
        {
            fault = "say which objects: KIND NAME, or KIND/NAME";
            return null;
        }

        if (words.Any(w => w.Contains('/', StringComparison.Ordinal))) return ParsePairs(words, out fault);
        var kinds = new List<ResourceKind>();
        foreach (string word in words[0].Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Find(word, out fault) is not { } kind) return null;
            if (!kinds.Contains(kind)) kinds.Add(kind);
        }

        if (kinds.Count > 1 && words.Count > 1)
        {
            fault = "names can follow one kind only: write KIND/NAME for each";
            return null;
        }

        return [.. kinds.Select(k => new Target(k, [.. words.Skip(1)]))];
    }

    public static ResourceKind? Find(string word, out string fault)
    {
        fault = "";
        if (ResourceKinds.FindByUserName(word) is { } kind) return kind;
        IEnumerable<string> known = ResourceKinds.All.SelectMany(k => k.ShortNames.Append(k.Plural));
        fault = $"there is no kind \"{word}\"{Suggestion.Hint(word, known)}; known: {string.Join(", ", ResourceKinds.All.Select(k => k.Plural))}";
        return null;
    }

    private static List<Target>? ParsePairs(IReadOnlyList<string> words, out string fault)
    {
        fault = "";
        var targets = new List<Target>();
        foreach (string word in words)
        {
            string[] parts = word.Split('/');
            if (parts.Length != 2 || parts[1].Length == 0)
            {
                fault = $"\"{word}\" must be KIND/NAME, as the others are";
                return null;
            }

            if (Find(parts[0], out fault) is not { } kind) return null;
            targets.Add(new Target(kind, [parts[1]]));
        }

        return targets;
    }
}
