using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Margay.Api.Resources;

namespace Margay.ApiServer.Rest.OpenApi;

/// <summary>
/// Derives schemas from the very metadata by which bodies are read, so that they cannot disagree. One definition per record type, named
/// after the group version that it is first met in.
/// </summary>
internal sealed class SchemaBuilder
{
    private readonly JsonSerializerOptions _options = ApiJsonContext.Default.Options;
    private readonly Dictionary<Type, string> _names = [];
    private readonly SortedDictionary<string, Schema> _definitions = new(StringComparer.Ordinal);

    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, Schema> Definitions => _definitions;

    /// <summary>Adds the definition of a kind and of all that it refers to; gives its name.</summary>
    public string Add(ResourceKind kind)
    {
        string name = Define(kind.TypeInfo, Prefix(kind));
        _definitions[name] = _definitions[name] with { Kind = kind, Description = Descriptions.Of(kind) };
        return name;
    }

    /// <summary>Java-style, as Kubernetes names its definitions.</summary>
    private static string Prefix(ResourceKind kind) =>
        kind.Group.Length == 0 ? $"io.k8s.api.core.{kind.Version}" : $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}";

    private string Define(JsonTypeInfo type, string prefix)
    {
        if (_names.TryGetValue(type.Type, out string? known)) return known;
        string name = type.Type == typeof(ObjectMeta) ? "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" : $"{prefix}.{type.Type.Name}";
        _names[type.Type] = name;
        _definitions[name] = new Schema
        {
            Type = "object",
            Properties = [.. type.Properties.Where(p => p.Get is not null && !IsIgnored(p)).Select(p => (p.Name, Of(_options.GetTypeInfo(p.PropertyType), prefix)))],
            Required = [.. type.Properties.Where(p => p.IsRequired).Select(p => p.Name)],
        };
        return name;
    }

    private static bool IsIgnored(JsonPropertyInfo property) => property.Set is null && !property.IsRequired && property.AssociatedParameter is null;

    [UnconditionalSuppressMessage("Trimming", "IL2062", Justification = "enum members are kept by the converters that the JSON context makes for them")]
    private Schema Of(JsonTypeInfo type, string prefix)
    {
        Type plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (plain.IsEnum) return new Schema { Type = "string", Enum = [.. Enum.GetNames(plain)] };
        return type.Kind switch
        {
            JsonTypeInfoKind.Object => new Schema { Reference = Define(type, prefix) },
            JsonTypeInfoKind.Enumerable => new Schema { Type = "array", Items = Of(_options.GetTypeInfo(type.ElementType!), prefix) },
            JsonTypeInfoKind.Dictionary => new Schema { Type = "object", AdditionalProperties = Of(_options.GetTypeInfo(type.ElementType!), prefix) },
            _ => Leaf(plain),
        };
    }

    private static Schema Leaf(Type type) => type switch
    {
        _ when type == typeof(string) => new Schema { Type = "string" },
        _ when type == typeof(bool) => new Schema { Type = "boolean" },
        _ when type == typeof(int) => new Schema { Type = "integer", Format = "int32" },
        _ when type == typeof(long) => new Schema { Type = "integer", Format = "int64" },
        _ when type == typeof(double) => new Schema { Type = "number", Format = "double" },
        _ when type == typeof(DateTimeOffset) => new Schema { Type = "string", Format = "date-time" },
        _ when type == typeof(Port) || type == typeof(Protocol) || type == typeof(AsNumber) => new Schema { IntOrString = true },
        _ => new Schema(),
    };
}
