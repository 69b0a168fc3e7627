using Margay.Policy;

namespace Margay.CalcGraph.Explain;

/// <summary>A packet's way through one node.</summary>
/// <param name="Journey">As the node sees it: after a masquerade, with another source.</param>
/// <param name="Reached">False when an earlier leg denied: what this one would have said.</param>
public sealed record Leg(string Node, Journey Journey, JourneyVerdict Verdict, bool Reached = true);

/// <summary>What becomes of a packet between two parties, on every node that asks.</summary>
/// <param name="Packet">As it is sent.</param>
/// <param name="Notes">What else there is to know, in sentences.</param>
public sealed record PathVerdict(Packet Packet, IReadOnlyList<Leg> Legs, IReadOnlyList<string> Notes)
{
    /// <summary>Why there is no way at all, whatever policy says; null when there is one.</summary>
    public string? NoWay { get; init; }

    public bool Allowed => NoWay is null && Legs.All(l => l.Verdict.Allowed);

    /// <summary>The decision of the checkpoint that denied, or of the last that had to agree; null when none was asked.</summary>
    public Decision? Decision => Decisive is { Verdict.Checkpoints: [.., { } last] } ? last.Verdict.DecidedBy : null;

    /// <summary>What decided, in words.</summary>
    public string DecidedBy => NoWay ?? Decisive?.Verdict.DecidedBy ?? "no policy";

    private Leg? Decisive => Legs.FirstOrDefault(l => !l.Verdict.Allowed) ?? Legs.LastOrDefault(l => l.Verdict.Checkpoints.Count > 0) ?? Legs.LastOrDefault();
}
