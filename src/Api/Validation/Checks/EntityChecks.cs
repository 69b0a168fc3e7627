using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>The fields of one side of a rule.</summary>
internal static class EntityChecks
{
    private const int MaxNets = 256;
    private const int MaxPorts = 50;

    public static void CheckNets(Findings findings, FieldPath at, IReadOnlyList<string>? nets, List<(FieldPath At, IpPrefix Prefix)> all, bool isNegated)
    {
        Values.AtMost(findings, at, nets, MaxNets);
        for (int i = 0; i < Math.Min(nets?.Count ?? 0, MaxNets); i++)
        {
            if (Addresses.Prefix(findings, at[i], nets![i]) is not { } prefix) continue;
            all.Add((at[i], prefix));
            if (isNegated && prefix.Length == 0) findings.Add(at[i], FaultReason.Invalid, $"\"not {prefix}\" excludes every address: the rule could never match");
        }
    }

    public static void CheckPorts(Findings findings, FieldPath at, IReadOnlyList<Port>? ports, Protocol? protocol)
    {
        if (ports is null) return;
        Values.AtMost(findings, at, ports, MaxPorts);
        for (int i = 0; i < Math.Min(ports.Count, MaxPorts); i++) CheckPort(findings, at[i], ports[i]);
        bool hasPorts = protocol?.Number is Protocol.Tcp or Protocol.Udp or Protocol.Sctp;
        if (ports.Count == 0 || hasPorts) return;
        if (protocol is { Number: not null } other) findings.Add(at, FaultReason.Forbidden, $"{other} has no ports: the protocol must be TCP, UDP or SCTP");
        else if (protocol is null && ports.Any(p => p.IsNumeric)) findings.Add(at, FaultReason.Forbidden, "numbered ports need protocol TCP, UDP or SCTP in the same rule");
    }

    public static void CheckServiceAccounts(Findings findings, FieldPath at, ServiceAccountMatch? match)
    {
        if (match is null) return;
        for (int i = 0; i < (match.Names?.Count ?? 0); i++) Values.ResourceName(findings, at["names"][i], match.Names![i]);
        Values.SelectorText(findings, at["selector"], match.Selector);
    }

    private static void CheckPort(Findings findings, FieldPath at, Port port)
    {
        string shown = Leaf.Printable(port.Text ?? "");
        if (port.Text is not { Length: > 0 }) findings.Add(at, FaultReason.Invalid, "is empty: a number, a range \"first:last\" or a name");
        else if (port.IsNumeric && !port.TryGetRange(out _)) findings.Add(at, FaultReason.Invalid, $"\"{shown}\" is no port: 1 to 65535, or a range \"first:last\" with first ≤ last");
        else if (!port.IsNumeric && (!Names.IsRulePort(port.Text) || port.Text is ['-', >= '0' and <= '9', ..])) findings.Add(at, FaultReason.Invalid, $"\"{shown}\" is no port: a number, a range \"first:last\", or a name of 1 to 128 letters, digits, '_', '.' and '-'");
    }
}
