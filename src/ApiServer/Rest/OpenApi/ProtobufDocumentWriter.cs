using System.Text;

namespace Margay.ApiServer.Rest.OpenApi;

/// <summary>
/// OpenAPI 2.0 in the protobuf form of gnostic (openapiv2/OpenAPIv2.proto, whose field numbers stand here): the only one that kubectl takes
/// at /openapi/v2. Definitions only; from them kubectl up to 1.26 validates manifests by itself.
/// </summary>
internal static class ProtobufDocumentWriter
{
    public static byte[] Version2(IReadOnlyDictionary<string, Schema> definitions)
    {
        ProtobufWriter named = new();
        foreach ((string name, Schema schema) in definitions) named.Message(1, NamedSchema(name, schema));
        ProtobufWriter info = new();
        info.Text(1, "Margay");
        info.Text(2, Server.Version);
        ProtobufWriter document = new();
        document.Text(1, "2.0");
        document.Message(2, info);
        document.Message(8, new ProtobufWriter());
        document.Message(9, named);
        return document.ToArray();
    }

    private static ProtobufWriter NamedSchema(string name, Schema schema)
    {
        ProtobufWriter named = new();
        named.Text(1, name);
        named.Message(2, Of(schema));
        return named;
    }

    private static ProtobufWriter Of(Schema schema)
    {
        ProtobufWriter message = new();
        if (schema.Reference is not null) message.Text(1, "#/definitions/" + schema.Reference);
        // What kubectl 1.20 knows for "number or string" is the format; it then checks neither.
        if (schema.Format is not null || schema.IntOrString) message.Text(2, schema.IntOrString ? "int-or-string" : schema.Format!);
        if (schema.Description is not null) message.Text(4, schema.Description);
        foreach (string required in schema.Required) message.Text(19, required);
        if (schema.AdditionalProperties is not null)
        {
            ProtobufWriter item = new();
            item.Message(1, Of(schema.AdditionalProperties));
            message.Message(21, item);
        }
        if (schema.Type is not null || schema.IntOrString)
        {
            ProtobufWriter type = new();
            type.Text(1, schema.Type ?? "string");
            message.Message(22, type);
        }
        if (schema.Items is not null)
        {
            ProtobufWriter items = new();
            items.Message(1, Of(schema.Items));
            message.Message(23, items);
        }
        if (schema.Properties.Length > 0)
        {
            ProtobufWriter properties = new();
            foreach ((string name, Schema property) in schema.Properties) properties.Message(1, NamedSchema(name, property));
            message.Message(25, properties);
        }
        if (schema.Kind is { } kind)
        {
            ProtobufWriter any = new();
            any.Text(2, $"- group: \"{kind.Group}\"\n  kind: {kind.Kind}\n  version: {kind.Version}\n");
            ProtobufWriter extension = new();
            extension.Text(1, "x-kubernetes-group-version-kind");
            extension.Message(2, any);
            message.Message(31, extension);
        }
        return message;
    }
}

/// <summary>Writes a protobuf message: strings and messages, which is all that these documents have.</summary>
internal sealed class ProtobufWriter
{
    private readonly MemoryStream _bytes = new();

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Message(int field, ProtobufWriter message) => Bytes(field, message.ToArray());

    public byte[] ToArray() => _bytes.ToArray();

    private void Bytes(int field, byte[] value)
    {
        Varint((ulong)field << 3 | 2);
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.WriteByte((byte)(value | 0x80));
        _bytes.WriteByte((byte)value);
    }
}
