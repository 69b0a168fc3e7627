using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Networks;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// VXLAN says of itself which network a frame is for, so whoever can send a datagram to this host could put frames into any network. Therefore, in the host's own namespace:
//
//   input ─► UDP to 4789? ─► VNI of a network that is here? ─► from a tunnel end that EVPN told us of? ─► the tunnel
//              no: accept      no: accept, another program's      no: count, drop
//
// An end that nobody has told us of yet is closed out. After a restart the ends that are found in the kernel stay until all routes have been learnt again.

/// <summary>Lets in VXLAN of our networks only from known tunnel ends. The chain exists only while there is a network here. Owned by the dataplane's loop.</summary>
internal sealed class TunnelGuard(FilterTables tables)
{
    public const string Chain = "tunnels", Vnis = "tunnel-vnis", Ends4 = "tunnel-ends4", Ends6 = "tunnel-ends6";

    private const byte IPv4 = 2, IPv6 = 10, Udp = 17;
    private static readonly FilterName s_vnis = Name(Vnis), s_ends4 = Name(Ends4), s_ends6 = Name(Ends6);

    private readonly HashSet<FilterElementKey> _kept = [];
    private TunnelsChanged _wanted = new([], [], Learnt: false);
    private bool _found;

    public void Want(TunnelsChanged wanted)
    {
        _wanted = wanted with { Learnt = _wanted.Learnt || wanted.Learnt };
        if (wanted.Vnis.Count == 0)
        {
            tables.RemoveChain(Name(Chain));
            foreach (FilterName set in (FilterName[])[s_vnis, s_ends4, s_ends6]) tables.RemoveSet(set);
            return;
        }
        tables.SetSet(new FilterSet(FilterFamily.Inet, Vnis, [FilterField.VxlanVni]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, Ends4, [FilterField.SourceV4]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, Ends6, [FilterField.SourceV6]));
        if (_wanted.Learnt) _kept.Clear();
        Fill(s_vnis, wanted.Vnis.Select(KeyOf));
        Fill(s_ends4, wanted.Ends.Where(e => e.IsIPv4).Select(KeyOf).Concat(_kept.Where(k => k.From.Length == 4)));
        Fill(s_ends6, wanted.Ends.Where(e => e.IsIPv6).Select(KeyOf).Concat(_kept.Where(k => k.From.Length == 16)));
        tables.SetChain(new FilterChain(FilterFamily.Inet, Chain, new FilterBase(FilterHook.Input, -10), [.. Rules()]));
    }

    /// <summary>The tables were read back: ends found there by the first reading count as known until everything has been learnt.</summary>
    public void KeepFound()
    {
        if (_found) return;
        _found = true;
        if (_wanted.Learnt) return;
        _kept.UnionWith(tables.ActualElements(s_ends4));
        _kept.UnionWith(tables.ActualElements(s_ends6));
        if (_kept.Count > 0) Want(_wanted);
    }

    /// <summary>Nothing more will be learnt of what was found.</summary>
    public void Settle()
    {
        if (!_wanted.Learnt) Want(_wanted with { Learnt = true });
    }

    /// <summary>The kernel holds the guard of this network: its tunnel may be opened.</summary>
    public bool Guards(uint vni) => tables.IsApplied(s_vnis, KeyOf(vni)) && tables.IsApplied(Name(Chain));

    private void Fill(FilterName set, IEnumerable<FilterElementKey> elements)
    {
        HashSet<FilterElementKey> wanted = [.. elements];
        foreach (FilterElementKey gone in tables.DesiredElements(set).Keys.Where(k => !wanted.Contains(k)).ToArray()) tables.RemoveElement(set, gone);
        foreach (FilterElementKey key in wanted) tables.SetElement(set, key);
    }

    private static IEnumerable<FilterRule> Rules()
    {
        FilterStatement Family(byte family) => new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(family));

        yield return new FilterRule("not UDP", new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(Udp), Negate: true), FilterVerdict.Accept);
        yield return new FilterRule("not VXLAN", new FilterCompare(FilterField.DestinationPort, NftValue.Port(FixedRules.VxlanPort), Negate: true), FilterVerdict.Accept);
        yield return new FilterRule("no network of ours", new FilterLookup(FilterField.VxlanVni, Vnis, negate: true), FilterVerdict.Accept);
        yield return new FilterRule("known tunnel end", Family(IPv4), new FilterLookup(FilterField.SourceV4, Ends4), FilterVerdict.Accept);
        yield return new FilterRule("known tunnel end", Family(IPv6), new FilterLookup(FilterField.SourceV6, Ends6), FilterVerdict.Accept);
        yield return new FilterRule("unknown tunnel end", new FilterCounter(), FilterVerdict.Drop);
    }

    private static FilterElementKey KeyOf(uint vni) => NftValue.FromBytes([(byte)(vni >> 16), (byte)(vni >> 8), (byte)vni]);

    private static FilterElementKey KeyOf(InetAddress end)
    {
        byte[] bytes = new byte[end.ByteLength];
        end.WriteBytes(bytes);
        return NftValue.FromBytes(bytes);
    }

    private static FilterName Name(string name) => new(FilterFamily.Inet, name);
}
