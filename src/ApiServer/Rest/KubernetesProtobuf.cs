using System.Text;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>
/// Kubernetes' protobuf encoding, as far as clients insist on it: <c>kubectl create namespace</c> sends nothing else. An envelope
/// ("k8s\0" and runtime.Unknown) around the message of the kind; field numbers are those of k8s.io/api core/v1 and
/// k8s.io/apimachinery meta/v1 generated.proto.
/// </summary>
internal static class KubernetesProtobuf
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    /// <summary>Null when the bytes are not that.</summary>
    public static Namespace? ReadNamespace(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith("k8s\0"u8)) return null;
        ProtobufReader envelope = new(body[4..]);
        string? apiVersion = null, kind = null;
        ObjectMeta? meta = null;
        while (envelope.TryRead(out int field, out ReadOnlySpan<byte> content))
        {
            if (field == 1) (apiVersion, kind) = ReadType(content);
            else if (field == 2) meta = ReadObject(content);
        }
        if (envelope.IsMalformed || meta is null || (apiVersion, kind) is not ("v1", "Namespace")) return null;
        return new Namespace { ApiVersion = "v1", Kind = "Namespace", Metadata = meta };
    }

    private static (string? ApiVersion, string? Kind) ReadType(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message);
        string? apiVersion = null, kind = null;
        while (reader.TryRead(out int field, out ReadOnlySpan<byte> content))
        {
            if (field == 1) apiVersion = Encoding.UTF8.GetString(content);
            else if (field == 2) kind = Encoding.UTF8.GetString(content);
        }
        return (apiVersion, kind);
    }

    private static ObjectMeta? ReadObject(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message);
        ObjectMeta? meta = null;
        while (reader.TryRead(out int field, out ReadOnlySpan<byte> content))
        {
            if (field == 1) meta = ReadMeta(content);
        }
        return reader.IsMalformed ? null : meta;
    }

    private static ObjectMeta? ReadMeta(ReadOnlySpan<byte> message)
    {
        ProtobufReader reader = new(message);
        ObjectMeta meta = new();
        Dictionary<string, string> labels = new(StringComparer.Ordinal), annotations = new(StringComparer.Ordinal);
        while (reader.TryRead(out int field, out ReadOnlySpan<byte> content))
        {
            switch (field)
            {
                case 1: meta = meta with { Name = Text(content) }; break;
                case 2: meta = meta with { GenerateName = Text(content) }; break;
                case 6: meta = meta with { ResourceVersion = Text(content) }; break;
                case 11: ReadEntry(content, labels); break;
                case 12: ReadEntry(content, annotations); break;
            }
        }
        if (reader.IsMalformed) return null;
        return meta with { Labels = labels.Count > 0 ? labels : null, Annotations = annotations.Count > 0 ? annotations : null };
    }

    private static void ReadEntry(ReadOnlySpan<byte> message, Dictionary<string, string> map)
    {
        ProtobufReader reader = new(message);
        string key = "", value = "";
        while (reader.TryRead(out int field, out ReadOnlySpan<byte> content))
        {
            if (field == 1) key = Encoding.UTF8.GetString(content);
            else if (field == 2) value = Encoding.UTF8.GetString(content);
        }
        map[key] = value;
    }

    // Go writes unset strings as empty ones.
    private static string? Text(ReadOnlySpan<byte> content) => content.IsEmpty ? null : Encoding.UTF8.GetString(content);
}

/// <summary>Walks the fields of a protobuf message. A malformed one ends the walk, and stays malformed.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public bool IsMalformed { get; private set; }

    /// <summary>The next field; the content is empty for numbers, which nobody here asks for.</summary>
    public bool TryRead(out int field, out ReadOnlySpan<byte> content)
    {
        field = 0;
        content = default;
        if (_rest.IsEmpty || IsMalformed) return false;
        if (!TryVarint(out ulong tag)) return Fail();
        field = (int)(tag >> 3);
        ulong length;
        switch (tag & 7)
        {
            case 0: return TryVarint(out _) || Fail();
            case 1: length = 8; break;
            case 2 when TryVarint(out length): break;
            case 5: length = 4; break;
            default: return Fail();
        }
        if (length > (ulong)_rest.Length) return Fail();
        content = (tag & 7) == 2 ? _rest[..(int)length] : default;
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && !_rest.IsEmpty; shift += 7)
        {
            byte b = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return true;
        }
        return false;
    }

    private bool Fail()
    {
        IsMalformed = true;
        return false;
    }
}
