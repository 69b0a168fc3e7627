using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// What leaves for an address of no pool is marked with the code point of who sends it (Calico QoSControls dscp, 3.31):
//
//   dscp-forward  forward 40  a workload's, of any connection   dscp-workloads: interface it came from ─► dscp-<code point>
//   dscp-output   output 40   the host's own                    dscp-hosts: interface it leaves by ─────► dscp-<code point>
//
// After all policy: what is dropped needs no mark. Chains of code points are shared, and there while somebody has that code point.

/// <summary>Marks packets with differentiated services code points. Owned by the dataplane's loop.</summary>
internal sealed class DscpManager(FilterTables tables, PoolManager pools, DataplaneOptions options)
{
    private const int Priority = 40;
    private static readonly FilterName s_workloads = new(FilterFamily.Inet, "dscp-workloads"), s_hosts = new(FilterFamily.Inet, "dscp-hosts");
    private static readonly FilterName s_forward = new(FilterFamily.Inet, "dscp-forward"), s_output = new(FilterFamily.Inet, "dscp-output");

    private readonly Dictionary<string, (string Endpoint, byte CodePoint)> _workloads = [];
    private readonly Dictionary<byte, int> _users = [];
    private Dictionary<string, byte> _hosts = [];

    /// <summary>The endpoint's packets get this code point; null: they keep theirs.</summary>
    public void Set(string id, string name, byte? codePoint)
    {
        if (codePoint is not { } value)
        {
            Remove(id, name);
            return;
        }
        if (_workloads.TryGetValue(name, out (string Endpoint, byte CodePoint) there))
        {
            if (there == (id, value)) return;
            Remove(there.Endpoint, name);
        }
        if (_workloads.Count == 0) Begin(s_forward, FilterHook.Forward, s_workloads, FilterField.InputInterface);
        _workloads[name] = (id, value);
        Use(value);
        tables.SetElement(s_workloads, NftValue.IfName(name), new FilterElementData(0, NameOf(value)));
    }

    public void Remove(string id, string name)
    {
        if (!_workloads.TryGetValue(name, out (string Endpoint, byte CodePoint) there) || there.Endpoint != id) return;
        _workloads.Remove(name);
        tables.RemoveElement(s_workloads, NftValue.IfName(name));
        if (_workloads.Count == 0) End(s_forward, s_workloads);
        Release(there.CodePoint);
    }

    /// <summary>What the host sends by these interfaces gets these code points; <see cref="HostEndpoint.AllInterfaces"/> stands for the rest.</summary>
    public void SetHosts(IReadOnlyDictionary<string, HostEndpointView> byInterface)
    {
        Dictionary<string, byte> before = _hosts;
        _hosts = byInterface.Where(h => h.Value.Dscp is not null).ToDictionary(h => h.Key, h => h.Value.Dscp!.Value);
        // An interface with a host endpoint of its own is not for that of all interfaces, though it says nothing.
        if (_hosts.ContainsKey(HostEndpoint.AllInterfaces))
            foreach (string name in byInterface.Keys) _hosts.TryAdd(name, KeepIt);
        foreach (byte codePoint in _hosts.Values) Use(codePoint);
        if (_hosts.Count > 0)
        {
            Begin(s_output, FilterHook.Output, s_hosts, FilterField.OutputInterface,
                new FilterRule("to a workload", new FilterCompare(FilterField.OutputInterface, NftValue.IfNamePrefix(options.InterfacePrefix)), FilterVerdict.Accept),
                new FilterRule("the host to itself", new FilterCompare(FilterField.OutputInterface, NftValue.IfName("lo")), FilterVerdict.Accept));
            tables.SetElements(s_hosts, _hosts.Select(h => KeyValuePair.Create<FilterElementKey, FilterElementData>(
                h.Key == HostEndpoint.AllInterfaces ? default : NftValue.IfName(h.Key), new FilterElementData(0, NameOf(h.Value)))));
        }
        else
        {
            End(s_output, s_hosts);
        }
        foreach (byte codePoint in before.Values) Release(codePoint);
    }

    /// <summary>No code point: the packet keeps its own.</summary>
    private const byte KeepIt = byte.MaxValue;

    private void Begin(FilterName chain, FilterHook hook, FilterName map, FilterField side, params FilterRule[] first)
    {
        tables.SetSet(new FilterSet(FilterFamily.Inet, map.Name, [side], FilterSetData.Verdict, Late: true));
        tables.SetChain(new FilterChain(FilterFamily.Inet, chain.Name, new FilterBase(hook, Priority), [.. first, new FilterRule("code points", new FilterVerdictMap(side, map.Name))], FilterStandIn.Nothing));
    }

    private void End(FilterName chain, FilterName map)
    {
        tables.RemoveChain(chain);
        tables.RemoveSet(map);
    }

    private void Use(byte codePoint)
    {
        if (_users.Count == 0) pools.WantSets(nameof(DscpManager), wanted: true);
        if (!_users.TryAdd(codePoint, 1)) _users[codePoint]++;
        else tables.SetChain(Chain(codePoint));
    }

    private void Release(byte codePoint)
    {
        if (--_users[codePoint] > 0) return;
        _users.Remove(codePoint);
        tables.RemoveChain(new FilterName(FilterFamily.Inet, NameOf(codePoint)));
        if (_users.Count == 0) pools.WantSets(nameof(DscpManager), wanted: false);
    }

    private static FilterChain Chain(byte codePoint) => new(FilterFamily.Inet, NameOf(codePoint), null,
        codePoint == KeepIt ? [new FilterRule("keeps its code point", FilterVerdict.Accept)] : [.. Rules(codePoint, v6: false), .. Rules(codePoint, v6: true)], FilterStandIn.Nothing);

    private static IEnumerable<FilterRule> Rules(byte codePoint, bool v6)
    {
        FilterStatement version = new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(v6 ? LinkControl.IPv6 : LinkControl.IPv4));
        yield return new FilterRule("stays in the pools", version, new FilterLookup(v6 ? FilterField.DestinationV6 : FilterField.DestinationV4, v6 ? ChainNames.Pools6 : ChainNames.Pools4), FilterVerdict.Accept);
        yield return new FilterRule("leaves the pools", version, new FilterSetDscp(codePoint, v6));
    }

    private static string NameOf(byte codePoint) => codePoint == KeepIt ? "dscp-keep" : $"dscp-{codePoint}";
}
