using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>
/// What every object of the API has in common, in the shape of Kubernetes: type, metadata, then spec and status of the
/// kind. Records are immutable; a change is a new record. A kind that is served is listed in <see cref="ResourceKinds"/>.
/// <para>Members that are never null say so in their init: the JSON source generator sets an init-only member that is missing to null.</para>
/// </summary>
public abstract record Resource
{
    [JsonPropertyOrder(-3)] public string? ApiVersion { get; init; }
    [JsonPropertyOrder(-2)] public string? Kind { get; init; }
    [JsonPropertyOrder(-1)] public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    [JsonIgnore] public string Name => Metadata.Name ?? "";
    [JsonIgnore] public string? Namespace => Metadata.Namespace;
    /// <summary>Unique among all kinds: where two kinds share a name, one overrides it.</summary>
    [JsonIgnore] public virtual ObjectKey Key => new(Kind ?? "", Metadata.Namespace, Name);
}

/// <summary>Names one object in the cluster: kind, namespace where it has one, name.</summary>
public readonly record struct ObjectKey(string Kind, string? Namespace, string Name)
{
    public override string ToString() => Namespace is null ? $"{Kind}/{Name}" : $"{Kind}/{Namespace}/{Name}";
}

/// <summary>The metadata of an object (Kubernetes <c>ObjectMeta</c>), as far as Margay keeps it.</summary>
public sealed record ObjectMeta
{
    public string? Name { get; init; }

    /// <summary>With no name given, the server makes one from this and five random characters.</summary>
    public string? GenerateName { get; init; }

    public string? Namespace { get; init; }

    /// <summary>The store revision of the last write, as a decimal string. An update that names one succeeds only if it is still current.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Grows by one with each change of the spec.</summary>
    public long? Generation { get; init; }

    public string? Uid { get; init; }

    /// <summary>RFC 3339, UTC.</summary>
    [JsonConverter(typeof(TimestampJsonConverter))]
    public DateTimeOffset? CreationTimestamp { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>One observed aspect of an object in words (Kubernetes <c>Condition</c>).</summary>
public sealed record Condition
{
    public required string Type { get; init; }

    /// <summary>True, False or Unknown.</summary>
    public required string Status { get; init; }

    public string? Reason { get; init; }
    public string? Message { get; init; }
    [JsonConverter(typeof(TimestampJsonConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }
}
