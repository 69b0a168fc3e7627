using System.Runtime.InteropServices;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>Which blocks each node owns.</summary>
internal sealed class BlockCalculator
{
    private const string HostAffinity = "host:";

    private readonly Dictionary<string, (string Owner, BlockView View)> _blocks = [];
    private readonly Dictionary<string, Dictionary<string, BlockView>> _byOwner = [];
    private readonly Dictionary<(string Owner, string Network), int> _counts = [];

    /// <summary>Adds, replaces or (null) removes; returns the owners of before and now.</summary>
    public List<string> Set(string name, IPAMBlock? block)
    {
        List<string> owners = [];
        if (_blocks.Remove(name, out var before))
        {
            _byOwner[before.Owner].Remove(before.View.Id);
            if (_byOwner[before.Owner].Count == 0) _byOwner.Remove(before.Owner);
            if (--CollectionsMarshal.GetValueRefOrNullRef(_counts, (before.Owner, before.View.Network)) == 0) _counts.Remove((before.Owner, before.View.Network));
            owners.Add(before.Owner);
        }
        if (block?.Spec is not { Affinity: { } affinity } spec || !affinity.StartsWith(HostAffinity, StringComparison.Ordinal)) return owners;
        if (!IpPrefix.TryParse(spec.Cidr, out IpPrefix cidr)) return owners;
        string owner = affinity[HostAffinity.Length..];
        BlockView view = new() { Network = spec.Network ?? "default", Cidr = cidr.ToString(), Pool = spec.Pool ?? "", Sequence = spec.Sequence ?? 0 };
        _blocks[name] = (owner, view);
        if (!_byOwner.TryGetValue(owner, out var owned)) _byOwner[owner] = owned = [];
        owned[view.Id] = view;
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, (owner, view.Network), out _)++;
        owners.Add(owner);
        return owners;
    }

    /// <summary>The virtual networks that the node has blocks of.</summary>
    public IEnumerable<string> NetworksOf(string node) =>
        _byOwner.TryGetValue(node, out var owned) ? owned.Values.Select(b => b.Network).Where(n => n != "default").Distinct() : [];

    /// <summary>Whether the node has a block of the network.</summary>
    public bool HasAny(string node, string network) => _counts.ContainsKey((node, network));

    public Dictionary<string, BlockView> BlocksOf(string node) => _byOwner.TryGetValue(node, out var owned) ? new(owned) : [];
}
