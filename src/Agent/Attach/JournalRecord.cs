using System.Text.Json.Serialization;
using Margay.Ipam;

namespace Margay.Agent.Attach;

/// <summary>A line of the journal. All members that are given happened together.</summary>
internal sealed record JournalRecord
{
    /// <summary>The attachment is as said here from now on.</summary>
    public AttachmentRecord? Attachment { get; init; }

    /// <summary>CONTAINERID/INTERFACE: nothing of it is left anywhere.</summary>
    public string? Forgotten { get; init; }

    public IpamRecord? Ipam { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(JournalRecord))]
internal sealed partial class JournalJsonContext : JsonSerializerContext;
