using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Managers;

/// <summary>
/// Masquerades what leaves the pools: from a pool with natOutgoing to an address in no pool at all. The chain exists only while a pool asks for it, since a nat
/// chain costs every new connection something; the sets of all pools' prefixes, while anybody looks them up. Owned by the dataplane's loop.
/// </summary>
internal sealed class PoolManager(FilterTables tables, IKernel kernel)
{
    public const int SourceNatPriority = 100;
    private const string Chain = "masquerade";

    private readonly HashSet<string> _users = [];
    private readonly HashSet<IpPrefix> _untranslated = [];
    private IReadOnlyCollection<PoolView> _pools = [];

    /// <summary>Connections cut since start, because their pool is not translated any more.</summary>
    public long Cut { get; private set; }

    public void Apply(IReadOnlyCollection<PoolView> pools)
    {
        // Address families are told apart by the pool's own prefix; pools of other networks have tables of their own.
        IpPrefix[] masqueraded = [.. Prefixes(pools.Where(p => p.NatOutgoing))];
        _untranslated.UnionWith(Prefixes(_pools.Where(p => p.NatOutgoing)));
        _untranslated.ExceptWith(masqueraded);
        _pools = [.. pools];
        if (masqueraded.Length == 0)
        {
            tables.RemoveChain(new FilterName(FilterFamily.Inet, Chain));
            RemoveSets(ChainNames.Masquerade4, ChainNames.Masquerade6);
            WantSets(Chain, wanted: false);
            return;
        }
        WantSets(Chain, wanted: true);
        Fill(ChainNames.Masquerade4, masqueraded, v6: false);
        Fill(ChainNames.Masquerade6, masqueraded, v6: true);
        tables.SetChain(new FilterChain(FilterFamily.Inet, Chain, new FilterBase(FilterHook.Postrouting, SourceNatPriority, Nat: true), [Rule(v6: false), Rule(v6: true)], FilterStandIn.Nothing));
    }

    /// <summary>
    /// Forgets the translated connections of prefixes that are translated no more: with the last chain that translates the kernel stops doing so for all, and what remained of them
    /// would keep the same ports from beginning anew. Called when the rules are in the kernel; what failed is tried again next time.
    /// </summary>
    public NetlinkResult CutUntranslated()
    {
        if (_untranslated.Count == 0) return default;
        NetlinkResult<IReadOnlyList<ConntrackFlow>> flows = kernel.ListFlows();
        if (!flows.Ok) return flows.Result;
        List<ConntrackFlow> stale = [.. flows.Value.Where(f => f.Reply.Destination != f.Original.Source && _untranslated.Any(p => p.Contains(f.Original.Source)))];
        NetlinkResult<int> deleted = stale.Count == 0 ? 0 : kernel.DeleteFlows(stale);
        if (!deleted.Ok) return deleted.Result;
        Cut += deleted.Value;
        _untranslated.Clear();
        return default;
    }

    /// <summary><paramref name="user"/> has rules that look up <see cref="ChainNames.Pools4"/> and <see cref="ChainNames.Pools6"/>, or none any more.</summary>
    public void WantSets(string user, bool wanted)
    {
        if (wanted) _users.Add(user);
        else _users.Remove(user);
        if (_users.Count == 0)
        {
            RemoveSets(ChainNames.Pools4, ChainNames.Pools6);
            return;
        }
        IpPrefix[] all = [.. Prefixes(_pools)];
        Fill(ChainNames.Pools4, all, v6: false);
        Fill(ChainNames.Pools6, all, v6: true);
    }

    private void RemoveSets(params ReadOnlySpan<string> names)
    {
        foreach (string name in names) tables.RemoveSet(new FilterName(FilterFamily.Inet, name));
    }

    private static IEnumerable<IpPrefix> Prefixes(IEnumerable<PoolView> pools) =>
        pools.Select(p => IpPrefix.Parse(p.Cidr)).Order();

    private void Fill(string name, IEnumerable<IpPrefix> prefixes, bool v6)
    {
        FilterName set = new(FilterFamily.Inet, name);
        tables.SetSet(new FilterSet(FilterFamily.Inet, name, [v6 ? FilterField.SourceV6 : FilterField.SourceV4], Interval: true));
        tables.SetElements(set, Intervals.Of(prefixes.Where(p => p.IsIPv6 == v6)));
    }

    private static FilterRule Rule(bool v6) => new(
        "leaves the pools",
        new FilterCompare(FilterField.NetworkProtocol, Netlink.NfTables.NftValue.Byte(v6 ? (byte)10 : (byte)2)),
        new FilterLookup(v6 ? FilterField.SourceV6 : FilterField.SourceV4, v6 ? ChainNames.Masquerade6 : ChainNames.Masquerade4),
        new FilterLookup(v6 ? FilterField.DestinationV6 : FilterField.DestinationV4, v6 ? ChainNames.Pools6 : ChainNames.Pools4, negate: true),
        new FilterMasquerade());
}
