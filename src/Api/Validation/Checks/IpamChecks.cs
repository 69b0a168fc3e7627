using Margay.Api.Resources;
using Margay.Api.Selectors;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>Address pools and blocks.</summary>
internal static class IpamChecks
{
    private static readonly IpPrefix LinkLocalV4 = IpPrefix.Parse("169.254.0.0/16");
    private static readonly IpPrefix LinkLocalV6 = IpPrefix.Parse("fe80::/10");

    public static void Check(Findings findings, IPPool pool)
    {
        FieldPath at = FieldPath.Root["spec"];
        IPPoolSpec spec = pool.Spec;
        IpPrefix? cidr = Values.Required(findings, at["cidr"], spec.Cidr, "the range of the pool, such as 10.65.0.0/16") ? Addresses.Prefix(findings, at["cidr"], spec.Cidr) : null;
        if (cidr is { } range) CheckRange(findings, at, range, spec.BlockSize);
        CheckEncapsulation(findings, at, spec, cidr);
        Selector? nodes = Values.SelectorText(findings, at["nodeSelector"], spec.NodeSelector);
        Values.SelectorText(findings, at["namespaceSelector"], spec.NamespaceSelector);
        Values.NotImplemented(findings, at["namespaceSelector"], !string.IsNullOrWhiteSpace(spec.NamespaceSelector), "workloads of every namespace get addresses from the pool; name the pool in the attach request instead");
        Values.OneOf(findings, at["assignmentMode"], spec.AssignmentMode, "Automatic", "Manual");
        CheckUses(findings, at, spec, nodes);
    }

    public static void Check(Findings findings, IPAMBlock block)
    {
        FieldPath at = FieldPath.Root["spec"];
        if (Values.Required(findings, at["cidr"], block.Spec.Cidr, "the range of the block")) Addresses.Prefix(findings, at["cidr"], block.Spec.Cidr);
        Values.Network(findings, at["network"], block.Spec.Network);
        if (block.Spec.Affinity is { } owner && !(owner.StartsWith("host:", StringComparison.Ordinal) && Names.IsDnsSubdomain(owner.AsSpan(5))))
            findings.Add(at["affinity"], FaultReason.Invalid, $"\"{Leaf.Printable(owner)}\" names no owner: write host:NODE");
    }

    private static void CheckRange(Findings findings, FieldPath at, IpPrefix cidr, int? blockSize)
    {
        if (cidr.Overlaps(cidr.IsIPv6 ? LinkLocalV6 : LinkLocalV4)) findings.Add(at["cidr"], FaultReason.Invalid, $"{cidr} overlaps the link-local range {(cidr.IsIPv6 ? LinkLocalV6 : LinkLocalV4)}, which is not routed");
        else if (cidr.Address.IsMulticast || cidr.Address.IsLoopback) findings.Add(at["cidr"], FaultReason.Invalid, $"{cidr} is no unicast range");
        if (blockSize is not { } size) return;
        (int least, int most) = cidr.IsIPv6 ? (116, 128) : (20, 32);
        if (size < least || size > most) findings.Add(at["blockSize"], FaultReason.Invalid, $"{size} is no block size for IPv{(cidr.IsIPv6 ? 6 : 4)}: {least} to {most} are allowed");
        else if (size < cidr.Length) findings.Add(at["blockSize"], FaultReason.Invalid, $"a /{size} block does not fit into {cidr}: use {cidr.Length} to {most}, or a larger pool");
    }

    private static void CheckEncapsulation(Findings findings, FieldPath at, IPPoolSpec spec, IpPrefix? cidr)
    {
        Values.OneOf(findings, at["ipipMode"], spec.IpipMode, "Never", "Always", "CrossSubnet");
        Values.OneOf(findings, at["vxlanMode"], spec.VxlanMode, "Never", "Always", "CrossSubnet");
        bool ipip = spec.IpipMode is "Always" or "CrossSubnet", vxlan = spec.VxlanMode is "Always" or "CrossSubnet";
        if (ipip && vxlan) findings.Add(at["vxlanMode"], FaultReason.Forbidden, "excludes ipipMode: set one of them to Never");
        if (ipip && cidr is { IsIPv6: true }) findings.Add(at["ipipMode"], FaultReason.Forbidden, "IP in IP is for IPv4 alone: set it to Never");
        const string plain = "packets of this pool are routed without encapsulation";
        Values.NotImplemented(findings, at["ipipMode"], ipip, plain);
        Values.NotImplemented(findings, at["vxlanMode"], vxlan, plain);
    }

    private static void CheckUses(Findings findings, FieldPath at, IPPoolSpec spec, Selector? nodes)
    {
        Values.Unique(findings, at["allowedUses"], spec.AllowedUses);
        for (int i = 0; i < (spec.AllowedUses?.Count ?? 0); i++) Values.OneOf(findings, at["allowedUses"][i], spec.AllowedUses![i], "Workload", "Tunnel", "LoadBalancer", FloatingIPSpec.PoolUse);
        if (spec.AllowedUses?.Contains(FloatingIPSpec.PoolUse) is true)
        {
            if (spec.AllowedUses.Count > 1) findings.Add(at["allowedUses"], FaultReason.Forbidden, $"{FloatingIPSpec.PoolUse} must stand alone: its addresses are no workload's");
            if (spec.NatOutgoing is true) findings.Add(at["natOutgoing"], FaultReason.Forbidden, "would hide floating addresses behind the host's: remove the field");
        }
        if (spec.AllowedUses?.Contains("LoadBalancer") is not true) return;
        if (spec.AllowedUses.Count > 1) findings.Add(at["allowedUses"], FaultReason.Forbidden, "LoadBalancer must stand alone");
        if (spec.IpipMode is "Always" or "CrossSubnet" || spec.VxlanMode is "Always" or "CrossSubnet") findings.Add(at["allowedUses"], FaultReason.Forbidden, "a LoadBalancer pool has no encapsulation: set ipipMode and vxlanMode to Never");
        if (nodes is not null && !nodes.Equals(Selector.All)) findings.Add(at["nodeSelector"], FaultReason.Forbidden, "a LoadBalancer pool is for all nodes: write all()");
        if (spec.DisableBGPExport is true) findings.Add(at["disableBGPExport"], FaultReason.Forbidden, "a LoadBalancer pool is always exported: remove the field");
        Values.NotImplemented(findings, at["allowedUses"], isGiven: true, "nothing takes addresses from LoadBalancer pools");
    }
}
