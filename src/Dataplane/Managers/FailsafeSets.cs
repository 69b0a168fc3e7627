using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel.Filter;
using Margay.Netlink.NfTables;
using Margay.Policy;

namespace Margay.Dataplane.Managers;

/// <summary>
/// The failsafe ports of the host as sets: protocol and port, and where a port is for some prefixes only, these. There while a host endpoint is. Owned by the dataplane's loop.
/// </summary>
internal sealed class FailsafeSets(FilterTables tables)
{
    private IReadOnlyList<FailsafePort> _inbound = FailsafePort.DefaultInbound;
    private IReadOnlyList<FailsafePort> _outbound = FailsafePort.DefaultOutbound;

    /// <summary>Takes over the node's settings; true when that changed something.</summary>
    public bool Set(IReadOnlyList<FailsafePort> inbound, IReadOnlyList<FailsafePort> outbound)
    {
        if (_inbound.SequenceEqual(inbound) && _outbound.SequenceEqual(outbound)) return false;
        _inbound = inbound;
        _outbound = outbound;
        return true;
    }

    public void Want()
    {
        foreach (PolicyType direction in (ReadOnlySpan<PolicyType>)[PolicyType.Ingress, PolicyType.Egress])
        {
            Fill(Name(direction, null), [FilterField.TransportProtocol, FilterField.DestinationPort], Everyone(direction).Select(p => (FilterElementKey)Key(p)));
            foreach (bool v6 in (ReadOnlySpan<bool>)[false, true])
            {
                FilterElementKey[] some = [.. Some(direction, v6).Select(p => Range(p.Port, p.Net))];
                if (some.Length == 0) tables.RemoveSet(Name(direction, v6));
                else Fill(Name(direction, v6), [FilterField.TransportProtocol, FilterField.DestinationPort, v6 ? FilterField.SourceV6 : FilterField.SourceV4], some, interval: true);
            }
        }
    }

    public void Unwant()
    {
        foreach (PolicyType direction in (ReadOnlySpan<PolicyType>)[PolicyType.Ingress, PolicyType.Egress])
            foreach (bool? v6 in (ReadOnlySpan<bool?>)[null, false, true]) tables.RemoveSet(Name(direction, v6));
    }

    /// <summary>The packet, tracked, is failsafe traffic of this direction.</summary>
    public bool Contains(PolicyType direction, Packet packet) => Ports(direction).Any(p =>
        p.Protocol == packet.Protocol && p.Port == packet.DestinationPort && (p.Net is null || IpPrefix.Parse(p.Net).Contains(packet.Address(direction == PolicyType.Ingress ? PacketSide.Source : PacketSide.Destination))));

    /// <summary>What lets failsafe traffic pass. Where no connection tracking knows the answers of such traffic, they are told by their source port.</summary>
    public IEnumerable<FilterRule> Rules(PolicyType direction, bool stateless)
    {
        foreach (FilterRule rule in Rules(direction, direction, FilterField.DestinationPort, "failsafe")) yield return rule;
        if (!stateless) yield break;
        PolicyType reverse = direction == PolicyType.Ingress ? PolicyType.Egress : PolicyType.Ingress;
        foreach (FilterRule rule in Rules(direction, reverse, FilterField.SourcePort, "answer from a failsafe port")) yield return rule;
    }

    private IEnumerable<FilterRule> Rules(PolicyType travels, PolicyType ports, FilterField port, string label)
    {
        yield return new FilterRule(label, new FilterLookup([FilterField.TransportProtocol, port], Name(ports, null).Name), FilterVerdict.Accept);
        foreach (bool v6 in (bool[])[false, true])
        {
            if (!Some(ports, v6).Any()) continue;
            FilterField other = (travels, v6) switch
            {
                (PolicyType.Ingress, false) => FilterField.SourceV4,
                (PolicyType.Ingress, true) => FilterField.SourceV6,
                (_, false) => FilterField.DestinationV4,
                _ => FilterField.DestinationV6,
            };
            yield return new FilterRule(label, new FilterCompare(FilterField.NetworkProtocol, NftValue.Byte(v6 ? (byte)10 : (byte)2)),
                new FilterLookup([FilterField.TransportProtocol, port, other], Name(ports, v6).Name), FilterVerdict.Accept);
        }
    }

    private IReadOnlyList<FailsafePort> Ports(PolicyType direction) => direction == PolicyType.Ingress ? _inbound : _outbound;

    private IEnumerable<FailsafePort> Everyone(PolicyType direction) => Ports(direction).Where(p => p.Net is null).Distinct();

    /// <summary>Ports that some may use, without those that everyone may, and without prefixes within another of the same port: the kernel refuses overlaps.</summary>
    private IEnumerable<(FailsafePort Port, IpPrefix Net)> Some(PolicyType direction, bool v6)
    {
        HashSet<(byte, ushort)> everyone = [.. Everyone(direction).Select(p => (p.Protocol, p.Port))];
        (FailsafePort Port, IpPrefix Net)[] given = [.. Ports(direction).Where(p => p.Net is not null && !everyone.Contains((p.Protocol, p.Port))).Select(p => (p, IpPrefix.Parse(p.Net!))).Where(p => p.Item2.IsIPv6 == v6).DistinctBy(p => (p.p.Protocol, p.p.Port, p.Item2))];
        return given.Where(p => !given.Any(o => o.Port.Protocol == p.Port.Protocol && o.Port.Port == p.Port.Port && o.Net != p.Net && o.Net.Contains(p.Net)));
    }

    private static NftValue Key(FailsafePort port) => NftValue.Concat(NftValue.Byte(port.Protocol), NftValue.Port(port.Port));

    private static FilterElementKey Range(FailsafePort port, IpPrefix net) => new(
        NftValue.Concat(NftValue.Byte(port.Protocol), NftValue.Port(port.Port), NftValue.From(net.Address)), NftValue.Concat(NftValue.Byte(port.Protocol), NftValue.Port(port.Port), NftValue.From(net.Last)));

    private void Fill(FilterName set, FilterField[] key, IEnumerable<FilterElementKey> elements, bool interval = false)
    {
        tables.SetSet(new FilterSet(FilterFamily.Inet, set.Name, [.. key], Interval: interval));
        tables.SetElements(set, elements);
    }

    private static FilterName Name(PolicyType direction, bool? v6) =>
        new(FilterFamily.Inet, $"failsafe-{(direction == PolicyType.Ingress ? "in" : "out")}{v6 switch { null => "", false => "4", _ => "6" }}");
}
