using System.Globalization;

namespace Margay.Lab.Topologies;

/// <summary>What is wrong with a topology file, and where.</summary>
/// <param name="Path">The field, such as <c>hosts.host1.addresses[0]</c>; empty for the file as a whole.</param>
/// <param name="Line">Counted from 1; 0 when it concerns no line.</param>
public sealed record TopologyFault(string Path, long Line, string Message)
{
    public override string ToString()
    {
        string where = Path.Length == 0 ? "" : $"{Path}: ";
        return Line == 0 ? where + Message : string.Create(CultureInfo.InvariantCulture, $"line {Line}: {where}{Message}");
    }
}

/// <summary>A topology, or every fault that was found in it.</summary>
public sealed record TopologyResult(Topology? Topology, IReadOnlyList<TopologyFault> Faults);
