using System.Buffers;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Margay.Api.Validation.Manifests;

/// <summary>A document as JSON, with the line of each field; or why it is none.</summary>
public sealed record YamlDocument(JsonElement? Json, int Line, IReadOnlyDictionary<string, int> Lines, Fault? Fault);

/// <summary>
/// Turns YAML events into JSON. Bounded: nesting, and what aliases expand to, are limited, so that a small file cannot become a large object.
/// </summary>
public sealed class YamlConverter
{
    private const int MaxDepth = 60;

    private readonly YamlEvents _events;
    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);

    private YamlConverter(TextReader text) => _events = new YamlEvents(text);

    /// <summary>Reads all documents. After a syntax error, which is the last item, nothing more can be read.</summary>
    public static IEnumerable<YamlDocument> Read(TextReader text)
    {
        var converter = new YamlConverter(text);
        while (converter.ReadDocument() is { } document)
        {
            yield return document;
            if (document.Fault is not null) yield break;
        }
    }

    private YamlDocument? ReadDocument()
    {
        _events.ForgetAnchors();
        _lines.Clear();
        int line = 1;
        try
        {
            ParsingEvent start = _events.Next();
            while (start is StreamStart or DocumentEnd) start = _events.Next();
            if (start is not DocumentStart) return null;
            var json = new ArrayBufferWriter<byte>();
            ParsingEvent root = _events.Next();
            line = LineOf(root);
            using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { SkipValidation = true })) Write(root, writer, FieldPath.Root, 0);
            var reader = new Utf8JsonReader(json.WrittenSpan, new JsonReaderOptions { MaxDepth = MaxDepth + 2 });
            return new YamlDocument(JsonElement.ParseValue(ref reader), line, new Dictionary<string, int>(_lines), null);
        }
        catch (YamlRefusedException e)
        {
            return Faulty(e.Line, e.Message);
        }
        catch (YamlException e)
        {
            return Faulty((int)e.Start.Line, $"this is not YAML: {WithoutPosition(e.Message)}{(e.Message.Contains("tab", StringComparison.OrdinalIgnoreCase) ? " (indent with spaces)" : "")}");
        }
    }

    private static YamlDocument Faulty(int line, string message) =>
        new(null, line, new Dictionary<string, int>(), new Fault("", FaultReason.Malformed, message) { Line = line });

    private void Write(ParsingEvent node, Utf8JsonWriter writer, FieldPath path, int depth)
    {
        if (depth > MaxDepth) throw new YamlRefusedException(LineOf(node), $"more than {MaxDepth} levels are nested");
        switch (node)
        {
            case Scalar scalar: WriteScalar(scalar, writer); break;
            case MappingStart: WriteMapping(writer, path, depth); break;
            case SequenceStart: WriteSequence(writer, path, depth); break;
            default: throw new YamlRefusedException(LineOf(node), "a value is expected here");
        }
    }

    private void WriteMapping(Utf8JsonWriter writer, FieldPath path, int depth)
    {
        writer.WriteStartObject();
        for (ParsingEvent key = _events.Next(); key is not MappingEnd; key = _events.Next())
        {
            if (key is not Scalar { Value: { } name }) throw new YamlRefusedException(LineOf(key), "a key must be plain text");
            if (name == "<<") throw new YamlRefusedException(LineOf(key), "merge keys (<<) are not supported: write the fields out");
            FieldPath at = path[Leaf.Printable(name)];
            _lines.TryAdd(at.ToString(), LineOf(key));
            writer.WritePropertyName(name);
            Write(_events.Next(), writer, at, depth + 1);
        }

        writer.WriteEndObject();
    }

    private void WriteSequence(Utf8JsonWriter writer, FieldPath path, int depth)
    {
        writer.WriteStartArray();
        int index = 0;
        for (ParsingEvent item = _events.Next(); item is not SequenceEnd; item = _events.Next())
        {
            FieldPath at = path[index++];
            _lines.TryAdd(at.ToString(), LineOf(item));
            Write(item, writer, at, depth + 1);
        }

        writer.WriteEndArray();
    }

    private static void WriteScalar(Scalar scalar, Utf8JsonWriter writer)
    {
        bool plain = scalar.Style == ScalarStyle.Plain && (scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific);
        if (!plain && !scalar.Tag.IsEmpty && !scalar.Tag.IsNonSpecific && scalar.Tag.Value != "tag:yaml.org,2002:str")
            throw new YamlRefusedException(LineOf(scalar), $"the tag {Leaf.Printable(scalar.Tag.Value)} is not supported: write the value without it");
        string? fault = null;
        if (plain && YamlScalar.TryGetJson(scalar.Value, out fault) is { } json && fault is null) writer.WriteRawValue(json, skipInputValidation: true);
        else if (fault is not null) throw new YamlRefusedException(LineOf(scalar), fault);
        else writer.WriteStringValue(scalar.Value);
    }

    private static int LineOf(ParsingEvent node) => (int)node.Start.Line;

    // YamlDotNet begins messages with "(Line: 1, Col: 2, Idx: 3) - (…): ".
    private static string WithoutPosition(string message)
    {
        int end = message.IndexOf("): ", StringComparison.Ordinal);
        return message.StartsWith("(Line", StringComparison.Ordinal) && end >= 0 ? message[(end + 3)..] : message;
    }
}
