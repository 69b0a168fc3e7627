using System.Collections.Immutable;

namespace Margay.ApiServer.Rest.OpenApi;

/// <summary>The shape of a value, as both versions of OpenAPI can say it.</summary>
internal sealed record Schema
{
    /// <summary>object, array, string, integer, number, boolean; null for a reference or for anything.</summary>
    public string? Type { get; init; }

    public string? Format { get; init; }
    public string? Description { get; init; }

    /// <summary>Name of a definition.</summary>
    public string? Reference { get; init; }

    public ImmutableArray<string> Enum { get; init; } = [];
    public Schema? Items { get; init; }
    public Schema? AdditionalProperties { get; init; }
    public ImmutableArray<(string Name, Schema Schema)> Properties { get; init; } = [];
    public ImmutableArray<string> Required { get; init; } = [];

    /// <summary>A number or a string (Kubernetes' <c>x-kubernetes-int-or-string</c>): ports, protocols and AS numbers.</summary>
    public bool IntOrString { get; init; }

    /// <summary>The kind that this is, where it is one.</summary>
    public Api.Resources.ResourceKind? Kind { get; init; }
}
