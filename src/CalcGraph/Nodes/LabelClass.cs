using Margay.Api.NodeSync;

namespace Margay.CalcGraph.Nodes;

/// <summary>What decides how selectors see an endpoint or network set. Those with an equal identity share a <see cref="LabelClass"/>.</summary>
/// <param name="Network">Null for network sets: their prefixes mean the same in every network.</param>
/// <param name="Orchestrator">For workloads only.</param>
/// <param name="Service">NAMESPACE/NAME: these are addresses behind a service, and only rules that match services see them.</param>
internal readonly record struct ClassIdentity(
    string? Network, string? Namespace, string? ServiceAccount, IReadOnlyList<string> Profiles, string? Orchestrator = null, string? Service = null);

/// <summary>
/// All endpoints (or network sets) that no selector can tell apart: selectors are evaluated once for each class, not for each endpoint. Of their own labels only
/// those count whose key some selector mentions, so that a name or hash in a label does not make each endpoint a class of its own. Lives while it has a member.
/// Owned by <see cref="LabelIndex"/>.
/// </summary>
internal sealed class LabelClass(int[] key, ClassIdentity identity)
{
    /// <summary>The identity in numbers, for the table of classes.</summary>
    public int[] Key => key;

    public ClassIdentity Identity => identity;
    public string? Network => identity.Network;
    public string? Namespace => identity.Namespace;
    public string? ServiceAccount => identity.ServiceAccount;
    public IReadOnlyList<string> Profiles => identity.Profiles;
    public string? Orchestrator => identity.Orchestrator;
    public string? Service => identity.Service;

    /// <summary>The members' own labels, as far as selectors mention their keys.</summary>
    public required LabelPair[] Own { get; init; }

    /// <summary>Own labels, and what profiles and namespace add.</summary>
    public LabelPair[] Effective { get; set; } = [];

    /// <summary>Where this class stands in the <see cref="LabelPair.Classes"/> of each effective label.</summary>
    public int[] Slots { get; set; } = [];

    /// <summary>The selectors that match; small, no duplicates, in no order.</summary>
    public SelectorNode[] Matches { get; set; } = [];

    public List<AddressHolder> Members { get; } = [];

    /// <summary>Which policies apply, in order; null when to be worked out anew.</summary>
    public IReadOnlyList<EndpointTier>? Tiers { get; set; }
}
