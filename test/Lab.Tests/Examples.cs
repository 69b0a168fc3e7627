using Margay.Lab.Topologies;

namespace Margay.Lab.Tests;

/// <summary>The topologies that come with the project, read.</summary>
internal static class Examples
{
    internal static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "examples", name, "topology.yaml");

    internal static Topology Read(string name)
    {
        TopologyResult result = TopologyReader.ReadFile(PathOf(name));
        Assert.Empty(result.Faults);
        return result.Topology!;
    }
}
