using System.Text.Json;
using System.Text.Json.Serialization;

namespace Margay.Api.Resources;

/// <summary>A list as the server answers it (Kubernetes <c>List</c>); items stay JSON until their kind is known.</summary>
public sealed record ResourceList
{
    public string? ApiVersion { get; init; }
    public string? Kind { get; init; }
    public ListMeta Metadata { get; init => field = value ?? new(); } = new();
    public IReadOnlyList<JsonElement> Items { get; init; } = [];
}

public sealed record ListMeta
{
    public string? ResourceVersion { get; init; }
    public string? Continue { get; init; }
    public long? RemainingItemCount { get; init; }
}

/// <summary>One event of a watch.</summary>
public sealed record WatchEvent
{
    /// <summary>ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</summary>
    public required string Type { get; init; }

    public required JsonElement Object { get; init; }
}

/// <summary>The outcome of a request that is not an object (Kubernetes <c>Status</c>).</summary>
public sealed record Status
{
    public string Kind { get; init; } = "Status";
    public string ApiVersion { get; init; } = "v1";
    public ListMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>Success or Failure.</summary>
    [JsonPropertyName("status")]
    public string? Outcome { get; init; }

    public string? Message { get; init; }
    public string? Reason { get; init; }
    public StatusDetails? Details { get; init; }
    public int? Code { get; init; }
}

public sealed record StatusDetails
{
    public string? Name { get; init; }
    public string? Group { get; init; }
    public string? Kind { get; init; }
    public string? Uid { get; init; }
    public IReadOnlyList<StatusCause>? Causes { get; init; }
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>One fault: what kind, in words, and the field path.</summary>
public sealed record StatusCause
{
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public string? Field { get; init; }
}
