using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Kernel;

/// <summary>Our tables over one nf_tables socket that stays open, in the namespace of the thread that made it: transactions into the kernel, and what is there back out.</summary>
internal sealed class KernelTables : IDisposable
{
    /// <summary>NF_ARP_IN: the family arp numbers its hooks from 0, input first.</summary>
    private const NftHookPoint ArpInput = 0;

    private readonly NfTablesSocket _socket = NfTablesSocket.Open();
    private readonly NfTablesBatch _batch = new();

    /// <summary>For each operation of the batch, the change that it is for.</summary>
    private readonly List<int> _changeOf = [];

    /// <summary>Many chains hold the same rule: lists that jump to one policy, ends of tiers.</summary>
    private readonly Dictionary<FilterRule, IReadOnlyList<NftExpression>> _expressions = [];

    public uint PortId => _socket.PortId;

    public NetlinkResult Commit(FilterTransaction transaction)
    {
        _batch.Clear();
        _changeOf.Clear();
        for (int i = 0; i < transaction.Changes.Count; i++)
        {
            Add(transaction.Table, transaction.Changes[i]);
            while (_changeOf.Count < _batch.Count) _changeOf.Add(i);
        }
        NetlinkResult result = _socket.Commit(_batch);
        _batch.Clear();
        _expressions.Clear();
        return result.Index < 0 ? result : result with { Index = _changeOf[result.Index] };
    }

    private void Add(string table, FilterChange change)
    {
        NftFamily family = Family(change.Family);
        switch (change)
        {
            case AddTable:
                _batch.Add(new NftTable(family, table));
                break;
            case DestroyTable:
                // Added first, so that it is there to be deleted: the kernel's own destroy is younger than what we run on.
                _batch.Add(new NftTable(family, table));
                _batch.Delete(new NftTable(family, table));
                break;
            case AddChain c:
                _batch.Add(new NftChain(family, table, c.Name) { Hook = c.Base is { } at ? Hook(c.Family, at) : null, Policy = c.Base is null ? null : NftPolicy.Accept });
                break;
            case DeleteChain c:
                _batch.Delete(new NftChain(family, table, c.Name));
                break;
            case FlushChain c:
                _batch.Flush(new NftChain(family, table, c.Name));
                break;
            case AddRule c:
                _batch.Add(new NftRule(family, table, c.Chain, ExpressionsOf(c.Rule)) { Comment = c.Rule.Comment });
                break;
            case AddSet c:
                _batch.Add(Set(table, c.Set));
                break;
            case DeleteSet c:
                _batch.Delete(new NftSet(family, table, c.Name, NftDataType.Mark));
                break;
            case AddElements c:
                _batch.CreateElements(Set(table, c.Set), c.Elements.Select(e => Element(c.Set, e.Key, e.Value)));
                break;
            case DeleteElements c:
                _batch.DeleteElements(Set(table, c.Set), c.Keys.Select(k => Element(c.Set with { Data = FilterSetData.None }, k, default)));
                break;
        }
    }

    private IReadOnlyList<NftExpression> ExpressionsOf(FilterRule rule)
    {
        if (!_expressions.TryGetValue(rule, out IReadOnlyList<NftExpression>? made)) _expressions[rule] = made = FilterExpressions.Of(rule);
        return made;
    }

    public NetlinkResult<FilterState> Read(string table)
    {
        NetlinkResult<IReadOnlyList<NftTable>> tables = _socket.ListTables();
        if (!tables.Ok) return tables.Result;
        FilterState state = new();
        foreach (NftTable found in tables.Value.Where(t => t.Name == table))
        {
            if (Family(found.Family) is not { } family) continue;
            state.Tables.Add(family);
            NetlinkResult read = ReadChains(found, family, state);
            if (read.Ok) read = ReadSets(found, family, state);
            if (!read.Ok) return read;
        }
        return state;
    }

    private NetlinkResult ReadChains(NftTable table, FilterFamily family, FilterState state)
    {
        NetlinkResult<IReadOnlyList<NftChain>> chains = _socket.ListChains(table);
        if (!chains.Ok) return chains.Result;
        NetlinkResult<IReadOnlyList<NftRule>> rules = _socket.ListRules(table);
        if (!rules.Ok) return rules.Result;
        ILookup<string, NftRule> byChain = rules.Value.ToLookup(r => r.Chain);
        foreach (NftChain chain in chains.Value)
        {
            FilterBase? hook = chain.Hook is { } h ? new FilterBase(Hook(family, h.Point), h.Priority, h.Type == NftHook.Nat) : null;
            state.Chains[new FilterName(family, chain.Name)] = new FilterChainImage(hook, string.Join('\n', byChain[chain.Name].Select(r => r.Comment)));
        }
        return default;
    }

    private NetlinkResult ReadSets(NftTable table, FilterFamily family, FilterState state)
    {
        NetlinkResult<IReadOnlyList<NftSet>> sets = _socket.ListSets(table);
        if (!sets.Ok) return sets.Result;
        // An anonymous set belongs to a rule that is not ours and goes with it.
        foreach (NftSet set in sets.Value.Where(s => !s.Anonymous))
        {
            NetlinkResult<IReadOnlyList<NftElement>> elements = _socket.ListElements(set);
            if (!elements.Ok) return elements.Result;
            FilterName name = new(family, set.Name);
            state.Sets[name] = Set(family, set);
            Dictionary<FilterElementKey, FilterElementData> held = state.Elements[name] = [];
            foreach (NftElement element in elements.Value)
                held[new FilterElementKey(element.Key, element.KeyEnd ?? default)] = Data(state.Sets[name], element);
        }
        return default;
    }

    private static FilterElementData Data(FilterSet set, NftElement element) => element switch
    {
        { Data: { } address } when set.Data is FilterSetData.AddressV4 or FilterSetData.AddressV6 => new FilterElementData(0, Address: address),
        { Verdict: { } verdict } => new FilterElementData(0, verdict.Chain ?? verdict.ToString()),
        { Data: { Length: sizeof(uint) } value } => new FilterElementData(BitConverter.ToUInt32(value.Span)),
        _ => default,
    };

    private static NftElement Element(FilterSet set, FilterElementKey key, FilterElementData data) => new(key.From)
    {
        CatchAll = key.IsCatchAll,
        KeyEnd = key.IsRange ? key.To : null,
        Data = set.Data switch
        {
            FilterSetData.Id => NftValue.Native(data.Id),
            FilterSetData.AddressV4 or FilterSetData.AddressV6 => data.Address,
            _ => null,
        },
        Verdict = set.Data == FilterSetData.Verdict ? NftVerdict.Goto(data.Goto!) : null,
    };

    private static NftSet Set(string table, FilterSet set)
    {
        NftDataType[] fields = [.. set.Key.Select(FilterExpressions.Type)];
        return new NftSet(Family(set.Family), table, set.Name, fields.Length == 1 ? fields[0] : NftDataType.Concat(fields))
        {
            Interval = set.Interval,
            Data = set.Data switch
            {
                FilterSetData.Id => FilterExpressions.Priority,
                FilterSetData.Verdict => NftDataType.Verdict,
                FilterSetData.AddressV4 => NftDataType.Ipv4Addr,
                FilterSetData.AddressV6 => NftDataType.Ipv6Addr,
                _ => null,
            },
        };
    }

    /// <summary>As read back: types are told apart by width, which is all that the kernel knows of them.</summary>
    private static FilterSet Set(FilterFamily family, NftSet set) => new(
        family, set.Name, [.. set.Key.Fields.Select(f => FilterFields.OfWidth(f.Length))],
        DataOf(set.Data), set.Interval);

    private static FilterSetData DataOf(NftDataType? type) => type switch
    {
        null => FilterSetData.None,
        _ when type == NftDataType.Verdict => FilterSetData.Verdict,
        _ when type == NftDataType.Ipv4Addr => FilterSetData.AddressV4,
        _ when type == NftDataType.Ipv6Addr => FilterSetData.AddressV6,
        _ => FilterSetData.Id,
    };

    private static NftHook Hook(FilterFamily family, FilterBase at) =>
        new(family == FilterFamily.Arp ? ArpInput : (NftHookPoint)at.Hook, at.Priority, at.Nat ? NftHook.Nat : NftHook.Filter);

    private static FilterHook Hook(FilterFamily family, NftHookPoint point) =>
        family == FilterFamily.Arp && point == ArpInput ? FilterHook.Input : (FilterHook)point;

    private static NftFamily Family(FilterFamily family) => family == FilterFamily.Arp ? NftFamily.Arp : NftFamily.Inet;

    private static FilterFamily? Family(NftFamily family) => family switch
    {
        NftFamily.Inet => FilterFamily.Inet,
        NftFamily.Arp => FilterFamily.Arp,
        _ => null,
    };

    public void Dispose()
    {
        _batch.Dispose();
        _socket.Dispose();
    }
}
