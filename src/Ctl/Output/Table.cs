namespace Margay.Ctl.Output;

/// <summary>Columns of text, as wide as they need to be, two blanks between them.</summary>
internal sealed class Table(params string[] headers)
{
    private readonly List<IReadOnlyList<string>> _rows = [];
    private int[]? _widths;

    public int Count => _rows.Count;

    public void Add(params IReadOnlyList<string> cells) => _rows.Add(cells);

    /// <summary>Writes the header and all rows.</summary>
    public void WriteTo(TextWriter writer)
    {
        _widths = [.. Enumerable.Range(0, headers.Length).Select(c => _rows.Select(r => Cell(r, c).Length).Append(headers[c].Length).Max())];
        WriteRow(writer, headers);
        foreach (IReadOnlyList<string> row in _rows) WriteRow(writer, row);
    }

    /// <summary>Writes one more row below what was written, in the same columns.</summary>
    public void Append(TextWriter writer, IReadOnlyList<string> row) => WriteRow(writer, row);

    private void WriteRow(TextWriter writer, IReadOnlyList<string> row)
    {
        var line = new System.Text.StringBuilder();
        for (int c = 0; c < headers.Length; c++)
        {
            line.Append(Cell(row, c));
            if (c < headers.Length - 1) line.Append(' ', Math.Max(0, (_widths?[c] ?? 0) - Cell(row, c).Length) + 2);
        }

        writer.WriteLine(line.ToString().TrimEnd());
    }

    private static string Cell(IReadOnlyList<string> row, int column) => column < row.Count ? row[column] : "";
}
