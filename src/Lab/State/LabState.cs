using System.Text.Json.Serialization;
using Margay.Lab.Processes;

namespace Margay.Lab.State;

/// <summary>How far a lab is. One that is found <see cref="Starting"/> with nobody at it was left half up.</summary>
public enum LabPhase
{
    Starting,
    Up,
    Stopping,
}

/// <summary>What is known of a lab on this machine; written after every step, so that a lab can be taken down whatever happened.</summary>
public sealed record LabState
{
    public required string Name { get; init; }
    public required LabPhase Phase { get; init; }
    public required DateTimeOffset Started { get; init; }

    /// <summary>The file that it was made from, as given then.</summary>
    public required string Origin { get; init; }

    /// <summary>Where the programs are.</summary>
    public required string Programs { get; init; }

    public IReadOnlyList<LabProcess> Processes { get; init; } = [];
    public IReadOnlyList<LabAttachment> Attachments { get; init; } = [];
}

/// <summary>A daemon of the lab.</summary>
/// <param name="Node">The node or workload that it belongs to.</param>
/// <param name="Program">bgpd, margay-agent, …</param>
/// <param name="Command">How it was started, and is started again.</param>
/// <param name="Log">Where its output goes.</param>
public sealed record LabProcess(string Node, string Program, IReadOnlyList<string> Command, string Log, int Pid, ulong StartTime)
{
    [JsonIgnore] public ProcessIdentity Identity => new(Pid, StartTime);
}

/// <summary>What the CNI plugin answered for a workload.</summary>
/// <param name="Workload">NAMESPACE/NAME.</param>
/// <param name="Addresses">With their lengths.</param>
/// <param name="Milliseconds">How long ADD took.</param>
public sealed record LabAttachment(string Workload, string Host, IReadOnlyList<string> Addresses, double Milliseconds);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LabState))]
internal sealed partial class LabJsonContext : JsonSerializerContext;
