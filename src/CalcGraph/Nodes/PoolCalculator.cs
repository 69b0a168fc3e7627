using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>The address pools, and which of them a node may claim blocks from.</summary>
internal sealed class PoolCalculator
{
    private sealed record Pool(IPPoolSpec Spec, IpPrefix Cidr, Selector NodeSelector);

    private readonly Dictionary<string, Pool> _pools = [];

    /// <summary>Adds, replaces or (null) removes.</summary>
    public void Set(string name, IPPool? pool)
    {
        if (pool is not null && IpPrefix.TryParse(pool.Spec.Cidr, out IpPrefix cidr) && Selector.TryParse(pool.Spec.NodeSelector, out Selector? selector))
            _pools[name] = new Pool(pool.Spec, cidr, selector);
        else _pools.Remove(name);
    }

    public Dictionary<string, PoolView> PoolsOf(IReadOnlyDictionary<string, string>? nodeLabels) =>
        _pools.ToDictionary(p => p.Key, p => new PoolView
        {
            Name = p.Key,
            Cidr = p.Value.Cidr.ToString(),
            BlockSize = p.Value.Spec.BlockSize ?? (p.Value.Cidr.IsIPv6 ? 122 : 26),
            NatOutgoing = p.Value.Spec.NatOutgoing == true,
            Disabled = p.Value.Spec.Disabled == true,
            DisableBgpExport = p.Value.Spec.DisableBGPExport == true,
            Usable = IsUsable(p.Value, nodeLabels),
        });

    private static bool IsUsable(Pool pool, IReadOnlyDictionary<string, string>? nodeLabels) =>
        pool.Spec.Disabled != true
        && pool.Spec.AssignmentMode != "Manual"
        && (pool.Spec.AllowedUses is not { Count: > 0 } uses || uses.Contains("Workload"))
        && pool.NodeSelector.Matches(nodeLabels);
}
