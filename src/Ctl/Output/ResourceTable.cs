using Margay.Api.Resources;

namespace Margay.Ctl.Output;

/// <summary>Objects of one kind as a table, to which a watch adds rows.</summary>
internal sealed class ResourceTable
{
    private readonly Terminal _terminal;
    private readonly bool _showNamespace;
    private readonly IReadOnlyList<Column> _columns;
    private readonly Table _table;

    public ResourceTable(Terminal terminal, ResourceKind kind, bool showNamespace, bool isWide)
    {
        _terminal = terminal;
        _showNamespace = showNamespace && kind.Namespaced;
        _columns = [.. Columns.Of(kind).Where(c => isWide || !c.OnlyWide)];
        _table = new Table([.. (string[])(_showNamespace ? ["NAMESPACE", "NAME"] : ["NAME"]), .. _columns.Select(c => c.Header), "AGE"]);
    }

    public void Write(IEnumerable<Resource> objects)
    {
        foreach (Resource resource in objects.OrderBy(r => r.Namespace, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal)) _table.Add(Row(resource));
        _table.WriteTo(_terminal.Out);
    }

    public void Append(Resource resource, string? note = null) =>
        _table.Append(_terminal.Out, note is null ? Row(resource) : [.. Row(resource).SkipLast(1), note]);

    private string[] Row(Resource resource) =>
    [
        .. (string[])(_showNamespace ? [resource.Namespace ?? "", resource.Name] : [resource.Name]),
        .. _columns.Select(c => c.Of(resource)),
        Age.Of(resource.Metadata.CreationTimestamp, _terminal.Time),
    ];
}
