using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>Cluster network policies (policy.networking.k8s.io).</summary>
internal static class ClusterPolicyChecks
{
    private const int MaxItems = 25;
    private const int MaxNameLength = 100;

    public static void Check(Findings findings, ClusterNetworkPolicySpec spec)
    {
        FieldPath at = FieldPath.Root["spec"];
        if (Values.Required(findings, at["tier"], spec.Tier, "Admin or Baseline")) Values.OneOf(findings, at["tier"], spec.Tier, "Admin", "Baseline");
        if (spec.Priority is null) findings.Add(at["priority"], FaultReason.Required, "is missing: 0 (first) to 1000");
        Values.InRange(findings, at["priority"], spec.Priority, 0, 1000, "priority");
        if (spec.Subject is null) findings.Add(at["subject"], FaultReason.Required, "is missing: namespaces or pods");
        else CheckSubject(findings, at["subject"], spec.Subject, others: 0);
        Values.AtMost(findings, at["ingress"], spec.Ingress, MaxItems);
        Values.AtMost(findings, at["egress"], spec.Egress, MaxItems);
        for (int i = 0; i < (spec.Ingress?.Count ?? 0); i++)
        {
            CheckRule(findings, at["ingress"][i], spec.Ingress![i]);
            CheckPeers(findings, at["ingress"][i]["from"], spec.Ingress[i].From, CheckSource);
        }

        for (int i = 0; i < (spec.Egress?.Count ?? 0); i++)
        {
            CheckRule(findings, at["egress"][i], spec.Egress![i]);
            CheckPeers(findings, at["egress"][i]["to"], spec.Egress[i].To, CheckDestination);
        }
    }

    private static void CheckRule(Findings findings, FieldPath at, ClusterRule rule)
    {
        if (rule.Name?.Length > MaxNameLength) findings.Add(at["name"], FaultReason.TooLong, $"has {rule.Name.Length} characters, at most {MaxNameLength} are allowed");
        if (rule.Action is null) findings.Add(at["action"], FaultReason.Required, "is missing: Accept, Deny or Pass");
        Values.AtMost(findings, at["protocols"], rule.Protocols, MaxItems);
        for (int i = 0; i < (rule.Protocols?.Count ?? 0); i++) CheckProtocol(findings, at["protocols"][i], rule.Protocols![i]);
    }

    private static void CheckPeers<T>(Findings findings, FieldPath at, IReadOnlyList<T>? peers, Action<Findings, FieldPath, T> check)
    {
        if (peers is not { Count: > 0 }) findings.Add(at, FaultReason.Required, "is missing: at least one peer");
        Values.AtMost(findings, at, peers, MaxItems);
        for (int i = 0; i < (peers?.Count ?? 0); i++) check(findings, at[i], peers![i]);
    }

    private static void CheckSource(Findings findings, FieldPath at, ClusterSubject peer) => CheckSubject(findings, at, peer, others: 0);

    private static void CheckDestination(Findings findings, FieldPath at, ClusterEgressPeer peer)
    {
        int others = (peer.Nodes is null ? 0 : 1) + (peer.Networks is null ? 0 : 1) + (peer.DomainNames is null ? 0 : 1);
        CheckSubject(findings, at, peer, others);
        if (peer.Nodes is not null) findings.Add(at["nodes"], FaultReason.NotSupported, "this version cannot match nodes by label; name their prefixes in networks");
        if (peer.DomainNames is not null) findings.Add(at["domainNames"], FaultReason.NotSupported, "this version cannot match domain names; name prefixes in networks");
        if (peer.Networks is { Count: 0 }) findings.Add(at["networks"], FaultReason.Required, "is empty: at least one prefix");
        Values.AtMost(findings, at["networks"], peer.Networks, MaxItems);
        for (int i = 0; i < (peer.Networks?.Count ?? 0); i++) Addresses.Prefix(findings, at["networks"][i], peer.Networks![i]);
    }

    private static void CheckSubject(Findings findings, FieldPath at, ClusterSubject subject, int others)
    {
        int given = (subject.Namespaces is null ? 0 : 1) + (subject.Pods is null ? 0 : 1) + others;
        if (given != 1) findings.Add(at, given == 0 ? FaultReason.Required : FaultReason.Forbidden, "exactly one of its fields must be given");
        LabelSelectorChecks.Check(findings, at["namespaces"], subject.Namespaces);
        LabelSelectorChecks.Check(findings, at["pods"]["namespaceSelector"], subject.Pods?.NamespaceSelector);
        LabelSelectorChecks.Check(findings, at["pods"]["podSelector"], subject.Pods?.PodSelector);
    }

    private static void CheckProtocol(Findings findings, FieldPath at, ClusterProtocol protocol)
    {
        int given = (protocol.Tcp is null ? 0 : 1) + (protocol.Udp is null ? 0 : 1) + (protocol.Sctp is null ? 0 : 1) + (protocol.DestinationNamedPort is null ? 0 : 1);
        if (given != 1) findings.Add(at, given == 0 ? FaultReason.Required : FaultReason.Forbidden, "exactly one of tcp, udp, sctp, destinationNamedPort must be given");
        CheckTransport(findings, at["tcp"]["destinationPort"], protocol.Tcp);
        CheckTransport(findings, at["udp"]["destinationPort"], protocol.Udp);
        CheckTransport(findings, at["sctp"]["destinationPort"], protocol.Sctp);
        if (protocol.DestinationNamedPort is { } name && !Names.IsServiceName(name)) findings.Add(at["destinationNamedPort"], FaultReason.Invalid, $"\"{Leaf.Printable(name)}\" is no port name");
    }

    private static void CheckTransport(Findings findings, FieldPath at, ClusterTransport? transport)
    {
        if (transport?.DestinationPort is not { } port) return;
        if (port.Number is null == port.Range is null) findings.Add(at, FaultReason.Invalid, "needs either number or range");
        Values.InRange(findings, at["number"], port.Number, 1, 65535, "port");
        if (port.Range is not { } range) return;
        if (range.Start is null) findings.Add(at["range"]["start"], FaultReason.Required, "is missing: 1 to 65535");
        if (range.End is null) findings.Add(at["range"]["end"], FaultReason.Required, "is missing: 1 to 65535");
        Values.InRange(findings, at["range"]["start"], range.Start, 1, 65535, "port");
        Values.InRange(findings, at["range"]["end"], range.End, 1, 65535, "port");
        if (range.Start > range.End) findings.Add(at["range"]["end"], FaultReason.Invalid, "must not be less than start");
    }
}
