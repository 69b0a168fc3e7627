using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>A BGP peering: which nodes, with whom, and how.</summary>
internal static class BgpPeerChecks
{
    public static void Check(Findings findings, BGPPeer peer)
    {
        FieldPath at = FieldPath.Root["spec"];
        BGPPeerSpec spec = peer.Spec;
        CheckLocalSide(findings, at, spec);
        InetAddress? remote = CheckRemoteSide(findings, at, spec);
        CheckNextHop(findings, at, spec);
        Values.As(findings, at["asNumber"], spec.AsNumber);
        Values.As(findings, at["localASNumber"], spec.LocalASNumber);
        Values.Secret(findings, at["password"], spec.Password);
        Values.OneOf(findings, at["sourceAddress"], spec.SourceAddress, "UseNodeIP", "None");
        Values.OneOf(findings, at["reversePeering"], spec.ReversePeering, "Auto", "Manual");
        Values.Duration(findings, at["maxRestartTime"], spec.MaxRestartTime, BgpChecks.MaxRestartTime);
        // A third of the longest hold time (RFC 4271).
        Values.Duration(findings, at["keepaliveTime"], spec.KeepaliveTime, TimeSpan.FromSeconds(21845));
        Values.InRange(findings, at["numAllowedLocalASNumbers"], spec.NumAllowedLocalASNumbers, 0, 255, "number of occurrences");
        Values.InRange(findings, at["ttlSecurity"], spec.TtlSecurity, 0, 255, "number of hops");
        CheckReachableBy(findings, at["reachableBy"], spec, remote);
        Values.Unique(findings, at["filters"], spec.Filters);
        for (int i = 0; i < (spec.Filters?.Count ?? 0); i++) Values.ResourceName(findings, at["filters"][i], spec.Filters![i]);
        if (spec.Bfd is { } bfd) CheckBfd(findings, at["bfd"], bfd);
        NetworkChecks.CheckTargets(findings, at["routeTargets"], spec.RouteTargets);
        NetworkChecks.CheckNames(findings, at["networks"], spec.Networks);
        CheckFamilies(findings, at, spec);
    }

    private static void CheckFamilies(Findings findings, FieldPath at, BGPPeerSpec spec)
    {
        if (spec.AddressFamilies is not { } families) return;
        if (families.Count == 0) findings.Add(at["addressFamilies"], FaultReason.Required, "is empty, and a session carries something: name families, or leave the field out");
        Values.Unique(findings, at["addressFamilies"], families);
        for (int i = 0; i < families.Count; i++)
            Values.OneOf(findings, at["addressFamilies"][i], families[i], BgpAddressFamilies.IPv4Unicast, BgpAddressFamilies.IPv6Unicast, BgpAddressFamilies.Evpn);
        if (families.Contains(BgpAddressFamilies.Evpn)) return;
        const string idle = "would have no effect: add l2vpnEvpn to addressFamilies";
        if (spec.Networks is not null) findings.Add(at["networks"], FaultReason.Forbidden, idle);
        if (spec.RouteTargets is not null) findings.Add(at["routeTargets"], FaultReason.Forbidden, idle);
    }

    internal static void CheckBfd(Findings findings, FieldPath at, BfdSettings bfd)
    {
        CheckInterval(findings, at["minRxInterval"], bfd.MinRxInterval);
        CheckInterval(findings, at["minTxInterval"], bfd.MinTxInterval);
        Values.InRange(findings, at["multiplier"], bfd.Multiplier, 1, 255, "number of packets");
    }

    private static void CheckInterval(Findings findings, FieldPath at, string? text)
    {
        Values.Duration(findings, at, text, TimeSpan.FromSeconds(60));
        if (text is not null && GoDuration.TryParse(text, out TimeSpan value) && value < TimeSpan.FromMilliseconds(10))
            findings.Add(at, FaultReason.Invalid, $"{text} is too short: at least 10ms");
    }

    private static void CheckLocalSide(Findings findings, FieldPath at, BGPPeerSpec spec)
    {
        bool selects = !string.IsNullOrWhiteSpace(spec.NodeSelector);
        if (!string.IsNullOrEmpty(spec.Node) && selects) findings.Add(at["nodeSelector"], FaultReason.Forbidden, "excludes node: keep one of them");
        Values.ResourceName(findings, at["node"], spec.Node is { Length: > 0 } node ? node : null);
        Values.SelectorText(findings, at["nodeSelector"], spec.NodeSelector);
    }

    private static InetAddress? CheckRemoteSide(Findings findings, FieldPath at, BGPPeerSpec spec)
    {
        bool address = !string.IsNullOrEmpty(spec.PeerIP), peers = !string.IsNullOrEmpty(spec.PeerSelector), workloads = !string.IsNullOrEmpty(spec.LocalWorkloadSelector), link = !string.IsNullOrEmpty(spec.PeerInterface);
        if (!address && !peers && !workloads && !link) findings.Add(at["peerIP"], FaultReason.Required, "is missing: the peer's address, a peerSelector, or a peerInterface");
        if (address && peers) findings.Add(at["peerSelector"], FaultReason.Forbidden, "excludes peerIP: keep one of them");
        if (workloads && (address || peers || link)) findings.Add(at["localWorkloadSelector"], FaultReason.Forbidden, "excludes peerIP, peerSelector and peerInterface: keep one of them");
        if (peers && spec.AsNumber is not null) findings.Add(at["asNumber"], FaultReason.Forbidden, "the nodes that peerSelector selects know their own AS: remove the field");
        if (spec.AsNumber is null && (address || workloads) && !peers && !link) findings.Add(at["asNumber"], FaultReason.Required, "is missing: the AS of the peer");
        CheckInterface(findings, at, spec, peers);
        Values.SelectorText(findings, at["peerSelector"], spec.PeerSelector);
        Values.SelectorText(findings, at["localWorkloadSelector"], spec.LocalWorkloadSelector);
        Values.NotImplemented(findings, at["localWorkloadSelector"], workloads, "no session with workloads is held");
        if (!address) return null;
        if (PeerAddress.TryParse(spec.PeerIP!, out PeerAddress remote))
        {
            bool isLinkLocal = remote.Address is { IsIPv6: true, IsLinkLocal: true };
            if (isLinkLocal && !link) findings.Add(at["peerInterface"], FaultReason.Required, $"is missing: {remote.Address} is link-local, so the interface of the node must be named");
            return remote.Address;
        }
        findings.Add(at["peerIP"], FaultReason.Invalid, $"\"{Leaf.Printable(spec.PeerIP!)}\" is no peer address: write it like 192.0.2.1, 192.0.2.1:1790 or [2001:db8::1]:1790");
        return null;
    }

    private static void CheckInterface(Findings findings, FieldPath at, BGPPeerSpec spec, bool peers)
    {
        Values.Interface(findings, at["peerInterface"], spec.PeerInterface is { Length: > 0 } name ? name : null);
        Values.OneOf(findings, at["peerType"], spec.PeerType, "External", "Internal");
        if (string.IsNullOrEmpty(spec.PeerInterface))
        {
            if (spec.PeerType is not null) findings.Add(at["peerType"], FaultReason.Forbidden, "needs peerInterface: give the peer's asNumber instead");
            return;
        }
        if (peers) findings.Add(at["peerInterface"], FaultReason.Forbidden, "excludes peerSelector: keep one of them");
        if (spec.PeerType is not null && spec.AsNumber is not null) findings.Add(at["peerType"], FaultReason.Forbidden, "excludes asNumber, which says more: keep one of them");
    }

    private static void CheckNextHop(Findings findings, FieldPath at, BGPPeerSpec spec)
    {
        Values.OneOf(findings, at["nextHopMode"], spec.NextHopMode, "Auto", "Self", "Keep");
        if (spec.KeepOriginalNextHop is true && spec.NextHopMode is not null) findings.Add(at["keepOriginalNextHop"], FaultReason.Forbidden, "excludes nextHopMode, which replaces it: write nextHopMode: Keep alone");
    }

    private static void CheckReachableBy(Findings findings, FieldPath at, BGPPeerSpec spec, InetAddress? remote)
    {
        if (string.IsNullOrEmpty(spec.ReachableBy)) return;
        InetAddress? gateway = Addresses.Address(findings, at, spec.ReachableBy);
        if (string.IsNullOrEmpty(spec.PeerIP)) findings.Add(at, FaultReason.Forbidden, "needs peerIP");
        else if (gateway is { } via && remote is { } to && via.IsIPv6 != to.IsIPv6) findings.Add(at, FaultReason.Invalid, $"{via} and the peer {to} are of different families");
        Values.NotImplemented(findings, at, isGiven: true, "no static route to the peer is made; add it to the host yourself");
    }
}
