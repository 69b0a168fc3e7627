using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>One rule: each field by itself, then what the fields ask of each other.</summary>
internal sealed class RuleChecks(Findings findings, PolicyType direction, bool isNamespaced)
{
    private readonly List<(FieldPath At, IpPrefix Prefix)> _nets = [];

    public void Check(FieldPath at, Rule rule)
    {
        if (rule.Action is null) findings.Add(at["action"], FaultReason.Required, "is missing: Allow, Deny, Log or Pass");
        if (rule.IpVersion is not (null or 4 or 6)) findings.Add(at["ipVersion"], FaultReason.NotSupported, $"{rule.IpVersion} is no IP version: 4 or 6");
        CheckProtocol(at["protocol"], rule.Protocol, rule.IpVersion);
        CheckProtocol(at["notProtocol"], rule.NotProtocol, rule.IpVersion);
        CheckIcmp(at["icmp"], rule.Icmp, rule.Protocol);
        CheckIcmp(at["notICMP"], rule.NotICMP, rule.Protocol);
        CheckEntity(at["source"], rule.Source, rule, isSource: true);
        CheckEntity(at["destination"], rule.Destination, rule, isSource: false);
        CheckFamilies(at, rule.IpVersion);
        if (rule.Http is not null) HttpChecks.Check(findings, at["http"], rule, direction);
    }

    private void CheckProtocol(FieldPath at, Protocol? protocol, int? ipVersion)
    {
        if (protocol is not { } given) return;
        if (given.Number is null)
        {
            string[] names = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"];
            findings.Add(at, FaultReason.NotSupported, $"\"{Leaf.Printable(given.Text)}\" is no protocol: {string.Join(", ", names)}, or a number from 1 to 255{Suggestion.Hint(given.Text, names)}");
        }
        else if ((given.Number == Protocol.Icmp && ipVersion == 6) || (given.Number == Protocol.IcmpV6 && ipVersion == 4))
        {
            findings.Add(at, FaultReason.Invalid, $"{given} does not exist in IPv{ipVersion}: use {(ipVersion == 6 ? "ICMPv6" : "ICMP")}, or another ipVersion");
        }
    }

    private void CheckIcmp(FieldPath at, IcmpFields? icmp, Protocol? protocol)
    {
        if (icmp is null) return;
        if (protocol?.Number is not (Protocol.Icmp or Protocol.IcmpV6)) findings.Add(at, FaultReason.Forbidden, "needs protocol ICMP or ICMPv6 in the same rule");
        Values.InRange(findings, at["type"], icmp.Type, 0, 254, "ICMP type");
        Values.InRange(findings, at["code"], icmp.Code, 0, 255, "ICMP code");
        if (icmp is { Code: not null, Type: null }) findings.Add(at["type"], FaultReason.Required, "a code means something only with a type: give the type too");
    }

    private void CheckEntity(FieldPath at, EntityRule? entity, Rule rule, bool isSource)
    {
        if (entity is null) return;
        EntityChecks.CheckNets(findings, at["nets"], entity.Nets, _nets, isNegated: false);
        EntityChecks.CheckNets(findings, at["notNets"], entity.NotNets, _nets, isNegated: true);
        EntityChecks.CheckPorts(findings, at["ports"], entity.Ports, rule.Protocol);
        EntityChecks.CheckPorts(findings, at["notPorts"], entity.NotPorts, rule.Protocol);
        Values.SelectorText(findings, at["selector"], entity.Selector);
        Values.SelectorText(findings, at["notSelector"], entity.NotSelector);
        Values.SelectorText(findings, at["namespaceSelector"], entity.NamespaceSelector, isNamespaceSelector: true);
        EntityChecks.CheckServiceAccounts(findings, at["serviceAccounts"], entity.ServiceAccounts);
        ServiceChecks.Check(findings, at, entity, direction, isSource, isNamespaced);
    }

    // One rule is about one family, or about both with neither named.
    private void CheckFamilies(FieldPath at, int? ipVersion)
    {
        foreach ((FieldPath net, IpPrefix prefix) in _nets)
        {
            int family = prefix.IsIPv6 ? 6 : 4;
            if (ipVersion is 4 or 6 && family != ipVersion) findings.Add(net, FaultReason.Invalid, $"{prefix} is IPv{family}, but the rule has ipVersion {ipVersion}");
        }

        if (ipVersion is null && _nets.Any(n => n.Prefix.IsIPv6) && _nets.Any(n => !n.Prefix.IsIPv6))
            findings.Add(at, FaultReason.Invalid, "the rule names both IPv4 and IPv6 prefixes: write one rule for each family");
    }
}
