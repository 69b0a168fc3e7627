using System.Text.Json;
using Margay.Api.Attach;

namespace Margay.Agent.Health;

/// <summary>Rows for people, and the same as JSON objects for scripts: one column is one member.</summary>
internal sealed class Table(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] row) => _rows.Add(row);

    public QueryReply ToReply(string? text = null)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartArray();
            foreach (string[] row in _rows)
            {
                writer.WriteStartObject();
                for (int i = 0; i < columns.Length; i++) writer.WriteString(Member(columns[i]), row[i]);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        return new QueryReply { Columns = columns, Rows = _rows, Json = document.RootElement.Clone(), Text = text };
    }

    /// <summary>HOST INTERFACE becomes hostInterface.</summary>
    private static string Member(string column)
    {
        string[] words = column.ToLowerInvariant().Split(' ');
        return words[0] + string.Concat(words.Skip(1).Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
    }
}
