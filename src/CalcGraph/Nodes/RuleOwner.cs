using Margay.Api.NodeSync;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// A policy or profile within one network: its selectors mean the addresses of that network. Rules are resolved while some node needs it. Owned by
/// <see cref="PolicyCalculator"/>.
/// </summary>
internal abstract class RuleOwner(string name, string network) : Shared(network == "default" ? name : $"{name}@{network}")
{
    /// <summary>What it is called in the default network; the id elsewhere adds the network's name.</summary>
    public string Name => name;

    public string Network => network;

    /// <summary>The sets that its rules refer to, each once; counted as used while it is resolved.</summary>
    public List<IpSetNode> Sets { get; set; } = [];

    public bool IsResolved { get; set; }

    /// <summary>Whether there is such a thing at all.</summary>
    public abstract bool Exists { get; }
}

/// <summary>A policy in one network.</summary>
internal sealed class PolicyInstance(string name, string network) : RuleOwner(name, network)
{
    public PolicyNode? Definition { get; set; }

    /// <summary>Null when there is no such policy.</summary>
    public PolicyView? View { get; set; }

    public override bool Exists => View is not null;
}

/// <summary>A profile in one network.</summary>
internal sealed class ProfileInstance(string name, string network) : RuleOwner(name, network)
{
    /// <summary>Null when there is no such profile: endpoints still name it, and the dataplane denies.</summary>
    public ProfileView? View { get; set; }

    public override bool Exists => View is not null;
}
