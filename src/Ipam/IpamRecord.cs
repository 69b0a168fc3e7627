using System.Text.Json.Serialization;

namespace Margay.Ipam;

public enum IpamOperation
{
    /// <summary>The node now owns <see cref="IpamRecord.Block"/>.</summary>
    BlockOwned,

    /// <summary>The node no longer owns the block. One that is in use goes when its last address is freed; nothing new comes from it meanwhile.</summary>
    BlockLost,

    /// <summary><see cref="IpamRecord.Handle"/> holds <see cref="IpamRecord.Addresses"/>.</summary>
    Allocated,

    /// <summary>All that the handle held is free.</summary>
    Released,

    /// <summary>The addresses were used and freed at <see cref="IpamRecord.At"/>: keeps the order of reuse across a snapshot.</summary>
    Freed,
}

/// <summary>
/// One change of a node's address state: a line of its journal. Applying the journal's records in order to an empty <see cref="BlockAllocator"/> gives the state again.
/// </summary>
public sealed record IpamRecord
{
    public required IpamOperation Operation { get; init; }
    public string Network { get; init; } = "default";
    public string? Block { get; init; }
    public string? Pool { get; init; }

    /// <summary>See <see cref="AllocationHandle"/>.</summary>
    public string? Handle { get; init; }

    /// <summary>Without a length.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }

    /// <summary>When it happened; the cooldown of freed addresses counts from here.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>JSON of journal records: camelCase, nothing for null, operations by name.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(IpamRecord))]
public sealed partial class IpamJsonContext : JsonSerializerContext;
