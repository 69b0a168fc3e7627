using Margay.Lab.Topologies;

namespace Margay.Lab.State;

/// <summary>
/// Where a lab keeps its things, and what its namespaces are called. A lab's name has no dot, so the dot after it ends it:
/// the namespaces of labs "a" and "a-b" cannot be taken for each other.
/// </summary>
/// <param name="Root">Below which each lab has a directory; /run/margay-lab.</param>
/// <param name="Name">The lab's.</param>
public sealed record LabPaths(string Root, string Name)
{
    public const string DefaultRoot = "/run/margay-lab";

    public string Directory => Path.Combine(Root, Name);
    public string StateFile => Path.Combine(Directory, "state.json");
    public string TopologyFile => Path.Combine(Directory, "topology.yaml");

    /// <summary>Held while a lab is brought up or taken down. Outside of <see cref="Directory"/>, which comes and goes.</summary>
    public string LockFile => Path.Combine(Root, $".{Name}.lock");

    public string TokenFile => Path.Combine(Directory, "token");
    public string NodeManifest => Path.Combine(Directory, "nodes.yaml");

    public string NodeDirectory(string node) => Path.Combine(Directory, node);
    public string Configuration(string node) => Path.Combine(NodeDirectory(node), "etc");
    public string Run(string node) => Path.Combine(NodeDirectory(node), "run");
    public string Data(string node) => Path.Combine(NodeDirectory(node), "data");
    public string Log(string node, string program) => Path.Combine(NodeDirectory(node), $"{program}.log");

    public string NamespacePrefix => $"margay-{Name}.";
    public string NamespaceOf(string node) => NamespacePrefix + node;
    public string NamespaceOf(Workload workload) => $"{NamespacePrefix}{workload.Namespace}.{workload.Name}";

    /// <summary>The namespace of a node or workload by the name that users give: host1, shop/web1.</summary>
    public string NamespaceOfAny(string name) => NamespacePrefix + name.Replace('/', '.');
}
