using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;

namespace Margay.Dataplane.Managers;

// Limits of endpoints. Each direction has a base chain and a map from interface to a chain of that endpoint's limits, there only while some endpoint has a limit in it:
//
//   limit-egress   prerouting −250, after anti-spoofing and before conntrack   limit-egress-chains:  interface ─► le-<endpoint>
//   limit-ingress  postrouting 60, what policy let through                     limit-ingress-chains: interface ─► li-<endpoint>
//
// What is over is dropped (policing): the sender of a TCP connection slows down. A queue on the link would delay it instead, but holds memory, and for egress needs a second device.

/// <summary>Keeps the chains of endpoints' limits. Owned by the dataplane's loop.</summary>
internal sealed class LimitManager(FilterTables tables)
{
    /// <summary>Bytes per second from which on nothing is limited: the kernel counts in nanoseconds, in 64 bits (100 Gbit/s).</summary>
    private const ulong MaxBytes = 12_500_000_000;

    private readonly Dictionary<(PolicyType Direction, string Interface), string> _owners = [];
    private readonly Dictionary<string, string> _interfaces = [];

    /// <summary>The endpoint has these limits, and no other.</summary>
    public void Set(string id, string name, QosView? limits)
    {
        if (_interfaces.TryGetValue(id, out string? before) && before != name) Remove(id);
        Set(PolicyType.Ingress, id, name, limits?.IngressPacketRate, limits?.IngressBandwidth);
        Set(PolicyType.Egress, id, name, limits?.EgressPacketRate, limits?.EgressBandwidth);
    }

    public void Remove(string id)
    {
        if (!_interfaces.TryGetValue(id, out string? name)) return;
        Remove(PolicyType.Ingress, id, name);
        Remove(PolicyType.Egress, id, name);
    }

    private void Set(PolicyType direction, string id, string name, PacketRateView? packets, BandwidthView? bandwidth)
    {
        FilterRule[] rules = [.. Rules(packets, bandwidth)];
        if (rules.Length == 0)
        {
            Remove(direction, id, name);
            return;
        }
        string chain = ChainNames.Limits(direction, id);
        if (_owners.TryGetValue((direction, name), out string? other) && other != id) Remove(direction, other, name);
        _owners[(direction, name)] = id;
        _interfaces[id] = name;
        tables.SetSet(new FilterSet(FilterFamily.Inet, Map(direction).Name, [FilterField.InputInterface], FilterSetData.Verdict, Late: true));
        tables.SetChain(Base(direction));
        tables.SetChain(new FilterChain(FilterFamily.Inet, chain, null, [.. rules]));
        tables.SetElement(Map(direction), NftValue.IfName(name), new FilterElementData(0, chain));
    }

    private void Remove(PolicyType direction, string id, string name)
    {
        if (!_owners.TryGetValue((direction, name), out string? owner) || owner != id) return;
        _owners.Remove((direction, name));
        if (!_owners.ContainsKey((PolicyType.Ingress, name)) && !_owners.ContainsKey((PolicyType.Egress, name))) _interfaces.Remove(id);
        tables.RemoveElement(Map(direction), NftValue.IfName(name));
        tables.RemoveChain(new FilterName(FilterFamily.Inet, ChainNames.Limits(direction, id)));
        if (_owners.Keys.Any(k => k.Direction == direction)) return;
        tables.RemoveChain(new FilterName(FilterFamily.Inet, Base(direction).Name));
        tables.RemoveSet(Map(direction));
    }

    private static IEnumerable<FilterRule> Rules(PacketRateView? packets, BandwidthView? bandwidth)
    {
        if (packets is not null) yield return new FilterRule("packet rate", new FilterOver(packets.Rate, packets.Burst, Bytes: false), new FilterCounter(), FilterVerdict.Drop);
        if (bandwidth is null || (ulong)bandwidth.Rate / 8 is not (> 0 and < MaxBytes and { } rate)) yield break;
        yield return new FilterRule("bandwidth", new FilterOver(rate, (uint)Math.Min(bandwidth.Burst / 8, uint.MaxValue), Bytes: true), new FilterCounter(), FilterVerdict.Drop);
    }

    private static FilterChain Base(PolicyType direction)
    {
        bool egress = direction == PolicyType.Egress;
        return new FilterChain(FilterFamily.Inet, $"limit-{ChainNames.Direction(direction)}", egress ? new FilterBase(FilterHook.Prerouting, -250) : new FilterBase(FilterHook.Postrouting, 60),
            [.. LinkControl.Uncounted(fromWorkload: egress), new FilterRule("limits", new FilterVerdictMap(egress ? FilterField.InputInterface : FilterField.OutputInterface, Map(direction).Name))]);
    }

    private static FilterName Map(PolicyType direction) => new(FilterFamily.Inet, $"limit-{ChainNames.Direction(direction)}-chains");
}
