using System.Globalization;

namespace Margay.Policy;

/// <summary>Whether a criterion holds for a packet, and how to say so.</summary>
internal static class Matching
{
    /// <summary>Whether the rule matches, with all that held, or for each alternative the first criterion that did not.</summary>
    public static (bool Matches, string Reason) Check(CompiledRule rule, Packet packet, AddressSets sets)
    {
        if (rule.Clauses.IsEmpty) return (false, $"never matches IP{packet.Family.ToString().ToLowerInvariant()}: {rule.NeverBecause}");
        List<string> failures = [];
        foreach (RuleClause clause in rule.Clauses)
        {
            RuleMatch? failed = clause.Matches.FirstOrDefault(m => !Holds(m, packet, sets));
            if (failed is null)
                return (true, clause.Matches.IsEmpty ? "matches every packet" : string.Join("; ", clause.Matches.Select(m => Describe(m, packet, sets, holds: true))));
            failures.Add(Describe(failed, packet, sets, holds: false));
        }
        return (false, string.Join(", or ", failures.Distinct()));
    }

    internal static bool Holds(RuleMatch match, Packet packet, AddressSets sets) => match.Negated != match switch
    {
        ProtocolMatch m => m.Protocols.AsSpan().Contains(packet.Protocol),
        IcmpMatch m => packet.IsIcmp && packet.IcmpType == m.Type && (m.Code is null || packet.IcmpCode == m.Code),
        PortMatch m => packet.Port(m.Side) is { } port && m.Ranges.Any(r => r.Contains(port)),
        NetMatch m => m.Nets.Any(n => n.Contains(packet.Address(m.Side))),
        SetMatch m => sets.Contains(m.SetId, packet.Address(m.Side)),
        PortSetMatch m => packet.Port(m.Side) is { } port && sets.Contains(m.SetId, packet.Address(m.Side), packet.Protocol, port),
        _ => throw new InvalidOperationException($"unknown match {match.GetType().Name}"),
    };

    private static string Describe(RuleMatch match, Packet packet, AddressSets sets, bool holds)
    {
        // What the criterion asks is inverted twice when it is negated and failed.
        string isOrNot = holds != match.Negated ? "is" : "is not";
        return match switch
        {
            ProtocolMatch m => $"protocol {Name(packet.Protocol)} {isOrNot} {string.Join(" or ", m.Protocols.Select(Name))}",
            IcmpMatch m => $"ICMP type {Text(packet.IcmpType)} code {Text(packet.IcmpCode)} {isOrNot} type {m.Type}{(m.Code is { } code ? $" code {code}" : "")}",
            PortMatch m => $"{Side(m.Side)} port {Text(packet.Port(m.Side))} {isOrNot} in {string.Join(",", m.Ranges)}",
            NetMatch m => $"{Side(m.Side)} {packet.Address(m.Side)} {isOrNot} in {NetText(m, packet)}",
            SetMatch m => $"{Side(m.Side)} {packet.Address(m.Side)} {isOrNot} in the set of [{sets.Describe(m.SetId)}]",
            PortSetMatch m => $"{Side(m.Side)} {packet.Address(m.Side)} port {Text(packet.Port(m.Side))} {isOrNot} in the named ports [{sets.Describe(m.SetId)}]",
            _ => match.ToString()!,
        };
    }

    /// <summary>The one that contains the address, else the list, cut short.</summary>
    private static string NetText(NetMatch match, Packet packet)
    {
        foreach (Core.Net.IpPrefix net in match.Nets)
        {
            if (net.Contains(packet.Address(match.Side))) return net.ToString();
        }
        return string.Join(",", match.Nets.Take(4)) + (match.Nets.Count > 4 ? $",… ({match.Nets.Count})" : "");
    }

    private static string Side(PacketSide side) => side == PacketSide.Source ? "source" : "destination";
    private static string Text<T>(T? value) where T : struct, IFormattable => value?.ToString(null, CultureInfo.InvariantCulture) ?? "(none)";

    private static string Name(byte protocol) => protocol switch
    {
        Api.Resources.Protocol.Icmp => "icmp",
        Api.Resources.Protocol.Tcp => "tcp",
        Api.Resources.Protocol.Udp => "udp",
        Api.Resources.Protocol.IcmpV6 => "icmpv6",
        Api.Resources.Protocol.Sctp => "sctp",
        Api.Resources.Protocol.UdpLite => "udplite",
        _ => protocol.ToString(CultureInfo.InvariantCulture),
    };
}
