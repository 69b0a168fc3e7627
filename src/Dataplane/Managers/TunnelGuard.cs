using System.Buffers.Binary;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Dataplane.Networks;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// VXLAN says of itself which network a frame is for, so whoever can send a datagram to this host could put frames into any network. Therefore, in the host's own namespace:
//
//   input ─► UDP to 4789? ─► VNI of a network that is here? ─► from a tunnel end that EVPN told us of in this network? ─► the tunnel
//              no: accept      no: accept, another program's      no: count, drop
//
// Its outer headers are not tracked: each flow within has a source port of its own, and a tenant with many flows would fill the host's table. Nor may a process of the host send
// what the far end takes for a tenant's:
//
//   raw prerouting, raw output ─► UDP to 4789, VNI of a network that is here? ─► sent by a process's socket? ─► not tracked
//                                   no: accept                                     yes: count, drop
//
// An end that nobody has told us of yet is closed out. After a restart the ends that are found in the kernel stay until all routes have been learnt again.

/// <summary>
/// Lets in VXLAN of a network only from the network's known tunnel ends. The chain exists only while there is a network here. What changes in one network costs that network's
/// elements, not all networks'. Owned by the dataplane's loop.
/// </summary>
internal sealed class TunnelGuard(FilterTables tables)
{
    public const string Chain = "tunnels", Arriving = "tunnels-in", Leaving = "tunnels-out", Vnis = "tunnel-vnis", From4 = "tunnel-from4", From6 = "tunnel-from6";

    private const byte IPv4 = 2, IPv6 = 10, Udp = 17;
    private const ushort VxlanPort = 4789;

    // With the reserved octet.
    private const int VniWidth = 4;

    /// <summary>UDP to the port of VXLAN (RFC 7348 §5).</summary>
    public static IReadOnlyList<FilterStatement> IsVxlan { get; } =
        [new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(Udp)), new FilterCompare(FilterField.DestinationPort, NftValue.Port(VxlanPort))];

    private static readonly FilterName s_vnis = Name(Vnis), s_from4 = Name(From4), s_from6 = Name(From6);

    private readonly Dictionary<NetworkName, IReadOnlyCollection<Element>> _networks = [];

    /// <summary>How many networks want each: two have one VNI for a moment when they exchange theirs.</summary>
    private readonly Dictionary<Element, int> _users = [];

    private readonly HashSet<Element> _kept = [];
    private bool _learnt;
    private bool _found;

    private readonly record struct Element(FilterName Set, FilterElementKey Key);

    public void Want(TunnelsChanged change)
    {
        foreach (NetworkTunnel network in change.Networks)
        {
            IReadOnlyCollection<Element> before = _networks.GetValueOrDefault(network.Network, []), now = [.. ElementsOf(network)];
            if (now.Count == 0) _networks.Remove(network.Network);
            else _networks[network.Network] = now;
            if (_networks.Count > 0) Declare();
            foreach (Element element in now) Use(element);
            foreach (Element element in before) Leave(element);
        }
        if (change.Learnt) Settle();
        if (_networks.Count > 0) return;
        _users.Clear();
        _kept.Clear();
        foreach (string chain in (string[])[Chain, Arriving, Leaving]) tables.RemoveChain(Name(chain));
        foreach (FilterName set in (FilterName[])[s_vnis, s_from4, s_from6]) tables.RemoveSet(set);
    }

    /// <summary>The tables were read back: ends found there by the first reading count as known until everything has been learnt.</summary>
    public void KeepFound()
    {
        if (_found) return;
        _found = true;
        if (_learnt || _networks.Count == 0) return;
        foreach (FilterName set in (FilterName[])[s_from4, s_from6])
        {
            foreach (FilterElementKey found in tables.ActualElements(set))
                if (_kept.Add(new Element(set, found))) Use(new Element(set, found));
        }
    }

    /// <summary>Nothing more will be learnt of what was found.</summary>
    public void Settle()
    {
        _learnt = true;
        foreach (Element kept in _kept) Leave(kept);
        _kept.Clear();
    }

    /// <summary>The kernel holds the guard of this network: its tunnel may be opened.</summary>
    public bool Guards(uint vni) => tables.IsApplied(s_vnis, KeyOf(vni)) && tables.IsApplied(Name(Chain));

    private void Declare()
    {
        tables.SetSet(new FilterSet(FilterFamily.Inet, Vnis, [FilterField.VxlanVni]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, From4, [FilterField.SourceV4, FilterField.VxlanVniWord]));
        tables.SetSet(new FilterSet(FilterFamily.Inet, From6, [FilterField.SourceV6, FilterField.VxlanVniWord]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, Chain, new FilterBase(FilterHook.Input, -10), [.. Rules()]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, Arriving, new FilterBase(FilterHook.Prerouting, -300), [.. IfOurs(), s_untracked]));
        tables.SetChain(new FilterChain(FilterFamily.Inet, Leaving, new FilterBase(FilterHook.Output, -300), [.. IfOurs(), s_ofProcess, s_untracked]));
    }

    private void Use(Element element)
    {
        if ((_users[element] = _users.GetValueOrDefault(element) + 1) == 1) tables.SetElement(element.Set, element.Key);
    }

    private void Leave(Element element)
    {
        if (--_users[element] > 0) return;
        _users.Remove(element);
        tables.RemoveElement(element.Set, element.Key);
    }

    private static IEnumerable<Element> ElementsOf(NetworkTunnel network)
    {
        if (network.Vni is not { } vni) yield break;
        yield return new Element(s_vnis, KeyOf(vni));
        foreach (InetAddress end in network.Ends.Distinct()) yield return new Element(end.IsIPv4 ? s_from4 : s_from6, KeyOf(end, vni));
    }

    private static IEnumerable<FilterRule> Rules()
    {
        FilterStatement Family(byte family) => new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(family));

        foreach (FilterRule rule in IfOurs()) yield return rule;
        yield return new FilterRule("tunnel end of the network", Family(IPv4), new FilterLookup([FilterField.SourceV4, FilterField.VxlanVniWord], From4), FilterVerdict.Accept);
        yield return new FilterRule("tunnel end of the network", Family(IPv6), new FilterLookup([FilterField.SourceV6, FilterField.VxlanVniWord], From6), FilterVerdict.Accept);
        yield return new FilterRule("no tunnel end of the network", new FilterCounter(), FilterVerdict.Drop);
    }

    private static IEnumerable<FilterRule> IfOurs()
    {
        yield return new FilterRule("not UDP", new FilterCompare(FilterField.TransportProtocol, NftValue.Byte(Udp), Negate: true), FilterVerdict.Accept);
        yield return new FilterRule("not VXLAN", new FilterCompare(FilterField.DestinationPort, NftValue.Port(VxlanPort), Negate: true), FilterVerdict.Accept);
        yield return new FilterRule("no network of ours", new FilterLookup(FilterField.VxlanVni, Vnis, negate: true), FilterVerdict.Accept);
    }

    private static FilterElementKey KeyOf(uint vni) => NftValue.FromBytes([(byte)(vni >> 16), (byte)(vni >> 8), (byte)vni]);

    private static FilterElementKey KeyOf(InetAddress end, uint vni)
    {
        byte[] bytes = new byte[end.ByteLength + VniWidth];
        end.WriteBytes(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(end.ByteLength), vni << 8);
        return NftValue.FromBytes(bytes);
    }

    private static readonly FilterRule s_untracked = new("not tracked", new FilterNotrack());

    // Any user id: the kernel's own tunnels send without one.
    private static readonly FilterRule s_ofProcess = new("of a process", new FilterCompare(FilterField.SocketUser, NftValue.Native(uint.MaxValue), Negate: true), new FilterCounter(), FilterVerdict.Drop);

    private static FilterName Name(string name) => new(FilterFamily.Inet, name);
}
