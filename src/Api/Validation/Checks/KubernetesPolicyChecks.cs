using System.Globalization;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>Network policies of Kubernetes.</summary>
internal static class KubernetesPolicyChecks
{
    public static void Check(Findings findings, KubernetesNetworkPolicySpec spec)
    {
        FieldPath at = FieldPath.Root["spec"];
        LabelSelectorChecks.Check(findings, at["podSelector"], spec.PodSelector);
        for (int i = 0; i < (spec.PolicyTypes?.Count ?? 0); i++)
            if (spec.PolicyTypes!.Take(i).Contains(spec.PolicyTypes![i])) findings.Add(at["policyTypes"][i], FaultReason.Duplicate, $"{spec.PolicyTypes[i]} is given twice: keep one");
        for (int i = 0; i < (spec.Ingress?.Count ?? 0); i++)
        {
            CheckPeers(findings, at["ingress"][i]["from"], spec.Ingress![i].From);
            CheckPorts(findings, at["ingress"][i]["ports"], spec.Ingress[i].Ports);
        }

        for (int i = 0; i < (spec.Egress?.Count ?? 0); i++)
        {
            CheckPeers(findings, at["egress"][i]["to"], spec.Egress![i].To);
            CheckPorts(findings, at["egress"][i]["ports"], spec.Egress[i].Ports);
        }
    }

    private static void CheckPeers(Findings findings, FieldPath at, IReadOnlyList<KubernetesPeer>? peers)
    {
        for (int i = 0; i < (peers?.Count ?? 0); i++)
        {
            KubernetesPeer peer = peers![i];
            if (peer is { IpBlock: null, PodSelector: null, NamespaceSelector: null }) findings.Add(at[i], FaultReason.Required, "names no peer: give podSelector, namespaceSelector or ipBlock");
            if (peer.IpBlock is not null && (peer.PodSelector ?? peer.NamespaceSelector) is not null) findings.Add(at[i]["ipBlock"], FaultReason.Forbidden, "excludes podSelector and namespaceSelector: write a peer of its own");
            LabelSelectorChecks.Check(findings, at[i]["podSelector"], peer.PodSelector);
            LabelSelectorChecks.Check(findings, at[i]["namespaceSelector"], peer.NamespaceSelector);
            if (peer.IpBlock is { } block) CheckBlock(findings, at[i]["ipBlock"], block);
        }
    }

    private static void CheckBlock(Findings findings, FieldPath at, IPBlock block)
    {
        if (!Values.Required(findings, at["cidr"], block.Cidr, "a prefix such as 10.0.0.0/8")) return;
        IpPrefix? cidr = Addresses.Prefix(findings, at["cidr"], block.Cidr);
        for (int i = 0; i < (block.Except?.Count ?? 0); i++)
        {
            if (Addresses.Prefix(findings, at["except"][i], block.Except![i]) is { } except && cidr is { } within && (!within.Contains(except) || within == except))
                findings.Add(at["except"][i], FaultReason.Invalid, $"{except} is not a part of {within}");
        }
    }

    private static void CheckPorts(Findings findings, FieldPath at, IReadOnlyList<KubernetesPort>? ports)
    {
        for (int i = 0; i < (ports?.Count ?? 0); i++) CheckPort(findings, at[i], ports![i]);
    }

    private static void CheckPort(Findings findings, FieldPath at, KubernetesPort port)
    {
        if (port.Protocol is { Number: not (Protocol.Tcp or Protocol.Udp or Protocol.Sctp) } other)
            findings.Add(at["protocol"], FaultReason.NotSupported, $"\"{Leaf.Printable(other.Text)}\" is none of TCP, UDP, SCTP");
        int first = 0;
        if (port.Port is { } given)
        {
            bool isNumber = int.TryParse(given.Text, NumberStyles.None, CultureInfo.InvariantCulture, out first);
            if (isNumber ? first is < 1 or > 65535 : !Names.IsServiceName(given.Text))
                findings.Add(at["port"], FaultReason.Invalid, $"\"{Leaf.Printable(given.Text)}\" is no port: 1 to 65535, or a name of at most 15 lower-case letters, digits and '-', with a letter");
        }

        if (port.EndPort is not { } end) return;
        if (port.Port is not { IsNumeric: true }) findings.Add(at["endPort"], FaultReason.Forbidden, "needs a port that is a number");
        else if (end > 65535 || end < first) findings.Add(at["endPort"], FaultReason.Invalid, $"{end} is no end of a range that begins with {first}: {first} to 65535 are allowed");
    }
}
