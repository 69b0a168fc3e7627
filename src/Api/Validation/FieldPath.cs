using System.Globalization;
using System.Text;

namespace Margay.Api.Validation;

/// <summary>Where in an object a check stands. Written out only when there is something to tell.</summary>
public sealed class FieldPath
{
    private readonly FieldPath? _parent;
    private readonly string? _name;
    private readonly int _index;
    private readonly bool _isKey;

    private FieldPath(FieldPath? parent, string? name, int index, bool isKey)
    {
        _parent = parent;
        _name = name;
        _index = index;
        _isKey = isKey;
    }

    public static FieldPath Root { get; } = new(null, null, 0, false);

    /// <summary>The member with this name: <c>spec</c>, <c>spec.selector</c>.</summary>
    public FieldPath this[string name] => new(this, name, 0, false);

    /// <summary>An element of a list: <c>nets[1]</c>.</summary>
    public FieldPath this[int index] => new(this, null, index, false);

    /// <summary>An entry of a map: <c>labels[app]</c>.</summary>
    public FieldPath Key(string key) => new(this, key, 0, true);

    public override string ToString()
    {
        var text = new StringBuilder(40);
        Append(text);
        return text.ToString();
    }

    private void Append(StringBuilder text)
    {
        if (_parent is null) return;
        _parent.Append(text);
        if (_name is null) text.Append('[').Append(_index.ToString(CultureInfo.InvariantCulture)).Append(']');
        else if (_isKey) text.Append('[').Append(_name).Append(']');
        else text.Append(text.Length == 0 ? "" : ".").Append(_name);
    }
}
