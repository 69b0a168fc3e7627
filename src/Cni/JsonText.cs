using System.Globalization;
using System.Text;

namespace Margay.Cni;

/// <summary>
/// Writes JSON to a string builder. The serialiser and <c>Utf8JsonWriter</c> would cost this process a third of its start-up
/// (encoder tables, type metadata). The caller nests; commas and escapes are done here.
/// </summary>
internal sealed class JsonText
{
    private readonly StringBuilder _text = new(512);
    private bool _needComma;

    public JsonText BeginObject() => Open('{');
    public JsonText EndObject() => Close('}');
    public JsonText BeginArray() => Open('[');
    public JsonText EndArray() => Close(']');

    public JsonText Name(string name)
    {
        Comma();
        Quote(name);
        _text.Append(':');
        _needComma = false;
        return this;
    }

    public JsonText Value(string value)
    {
        Comma();
        Quote(value);
        _needComma = true;
        return this;
    }

    public JsonText Value(int value)
    {
        Comma();
        _text.Append(CultureInfo.InvariantCulture, $"{value}");
        _needComma = true;
        return this;
    }

    /// <summary>Text that is JSON already.</summary>
    public JsonText Raw(string json)
    {
        Comma();
        _text.Append(json);
        _needComma = true;
        return this;
    }

    public JsonText Property(string name, string value) => Name(name).Value(value);
    public JsonText Property(string name, int value) => Name(name).Value(value);

    /// <summary>Nothing when the value is absent.</summary>
    public JsonText OptionalProperty(string name, string? value) => value is null ? this : Property(name, value);

    public JsonText OptionalList(string name, IReadOnlyList<string>? values)
    {
        if (values is null) return this;
        Name(name).BeginArray();
        foreach (string value in values) Value(value);
        return EndArray();
    }

    public byte[] ToUtf8() => Encoding.UTF8.GetBytes(_text.ToString());

    public override string ToString() => _text.ToString();

    private JsonText Open(char bracket)
    {
        Comma();
        _text.Append(bracket);
        _needComma = false;
        return this;
    }

    private JsonText Close(char bracket)
    {
        _text.Append(bracket);
        _needComma = true;
        return this;
    }

    private void Comma()
    {
        if (_needComma) _text.Append(',');
    }

    // RFC 8259, section 7: quotation mark, reverse solidus and U+0000–U+001F must be escaped, nothing else.
    private void Quote(string value)
    {
        _text.Append('"');
        foreach (char c in value)
        {
            if (c is '"' or '\\') _text.Append('\\').Append(c);
            else if (c == '\n') _text.Append("\\n");
            else if (c < ' ') _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else _text.Append(c);
        }
        _text.Append('"');
    }
}
