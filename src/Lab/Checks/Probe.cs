using Margay.Core.Net;
using Margay.Lab.Topologies;

namespace Margay.Lab.Checks;

/// <summary>What came back of a probe.</summary>
public enum ProbeOutcome
{
    /// <summary>The answer of the workload or host that was meant.</summary>
    Reached,

    /// <summary>Nothing, until the time was up: a packet filter, or no route.</summary>
    Silent,

    /// <summary>This host, or one on the way, said that it cannot be reached.</summary>
    Unreachable,

    /// <summary>The packet got through, but nobody listened on the port.</summary>
    Refused,

    /// <summary>Somebody else answered.</summary>
    Misdelivered,
}

/// <summary>One question: does a packet from here get there?</summary>
/// <param name="From">A workload's NAMESPACE/NAME, or a node's name.</param>
/// <param name="To">A workload's NAMESPACE/NAME, or a host's name.</param>
/// <param name="HasTwin">Somebody else whom <paramref name="From"/> reaches has the address: whose word it is that comes back decides.</param>
/// <param name="Answerer">Whose name is to come back: <paramref name="To"/>, or the workload that its port leads to.</param>
public sealed record ProbePlan(string From, string To, InetAddress Target, TransportPort Port, bool Expected, string Answerer, bool HasTwin = false)
{
    public bool IsIPv6 => Target.IsIPv6;
}

/// <summary>The answer to one question.</summary>
/// <param name="Took">Until the answer; until it was given up when there was none.</param>
public sealed record ProbeResult(ProbePlan Plan, ProbeOutcome Outcome, TimeSpan Took)
{
    /// <summary>Only silence and a refusal of the network are "deny": a refused or misdelivered packet got through, unless it was for somebody with the same address.</summary>
    public bool AsExpected => Plan.Expected ? Outcome == ProbeOutcome.Reached : Outcome is ProbeOutcome.Silent or ProbeOutcome.Unreachable || Plan.HasTwin && Outcome != ProbeOutcome.Reached;
}
