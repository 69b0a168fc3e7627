namespace Margay.Api.Validation.Manifests;

/// <summary>The line of each field of one object.</summary>
internal sealed class LineTable(IReadOnlyDictionary<string, int> lines, string prefix = "")
{
    public static LineTable None { get; } = new(new Dictionary<string, int>());

    public LineTable Below(string path) => new(lines, prefix.Length == 0 ? path : $"{prefix}.{path}");

    /// <summary>The line of the field, or of the nearest field around it (for a field that is missing).</summary>
    public int? Of(string field)
    {
        string path = prefix.Length == 0 ? field : field.Length == 0 ? prefix : $"{prefix}.{field}";
        while (path.Length > 0)
        {
            if (lines.TryGetValue(path, out int line)) return line;
            int end = path.LastIndexOfAny(['.', '[']);
            // A map entry is written labels[app] in findings, and stands as labels.app in the table; its key may itself hold dots.
            int key = path.EndsWith(']') ? path.LastIndexOf('[') : -1;
            if (key > 0 && lines.TryGetValue($"{path[..key]}.{path[(key + 1)..^1]}", out line)) return line;
            path = end <= 0 ? "" : path[..(key > 0 ? key : end)];
        }

        return null;
    }
}
