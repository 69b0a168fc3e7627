using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>Virtual networks.</summary>
internal static class NetworkChecks
{
    private const int MaxVni = (1 << 24) - 1;
    private const int MinMtu = 1280, MaxMtu = 65535 - 70;
    private const int MaxSubnets = 64, MaxTargets = 64, MaxReferences = 256, MaxReserved = 256;

    /// <summary>Gateway and services inside every network.</summary>
    private static readonly IpPrefix LinkLocalV4 = IpPrefix.Parse("169.254.0.0/16");

    private static readonly IpPrefix LinkLocalV6 = IpPrefix.Parse("fe80::/10");

    /// <summary>Of every network's leg to its host, as the agents have it (the IPv4 range is link-local).</summary>
    private static readonly IpPrefix TransitV6 = IpPrefix.Parse("fd6d:6172:6761:7900::/64");

    /// <summary>RFC 791 §3.2: sources of hosts that do not know their address yet.</summary>
    private static readonly IpPrefix ThisNetwork = IpPrefix.Parse("0.0.0.0/8");

    public static void Check(Findings findings, VirtualNetwork network)
    {
        FieldPath at = FieldPath.Root["spec"];
        VirtualNetworkSpec spec = network.Spec;
        if (spec.Subnets is not { Count: > 0 }) findings.Add(at["subnets"], FaultReason.Required, "is missing: the ranges of the network, such as [{\"cidr\": \"10.0.0.0/16\"}]");
        Values.AtMost(findings, at["subnets"], spec.Subnets, MaxSubnets);
        CheckSubnets(findings, at["subnets"], spec.Subnets ?? []);
        Values.InRange(findings, at["vni"], spec.Vni, 1, MaxVni, "VXLAN network identifier");
        Values.InRange(findings, at["mtu"], spec.Mtu, MinMtu, MaxMtu, "MTU of a virtual network");
        if (spec.Egress is { } egress)
        {
            Values.OneOf(findings, at["egress"]["mode"], egress.Mode, NetworkEgress.None, NetworkEgress.Snat);
            if (egress.NodeSelector is not null) Values.SelectorText(findings, at["egress"]["nodeSelector"], egress.NodeSelector);
            if (egress is { NodeSelector: not null, Mode: not NetworkEgress.Snat }) findings.Add(at["egress"]["nodeSelector"], FaultReason.Forbidden, $"would have no effect: set mode to {NetworkEgress.Snat}");
        }
        CheckReferences(findings, at["imports"], spec.Imports, "imports say which, one by one");
        CheckReferences(findings, at["exports"], spec.Exports, null);
        CheckTargets(findings, at["routeTargets"]["import"], spec.RouteTargets?.Import);
        CheckTargets(findings, at["routeTargets"]["export"], spec.RouteTargets?.Export);
        CheckTargets(findings, at["routeTargets"]["exportAggregates"], spec.RouteTargets?.ExportAggregates);
        if (spec.Limits is { } limits) CheckLimits(findings, at["limits"], limits);
    }

    private static void CheckLimits(Findings findings, FieldPath at, NetworkLimits limits)
    {
        Values.InRange(findings, at["endpoints"], limits.Endpoints, 1, int.MaxValue, "number of endpoints");
        Values.InRange(findings, at["routes"], limits.Routes, 1, int.MaxValue, "number of routes");
        Values.InRange(findings, at["connections"], limits.Connections, 1, int.MaxValue, "number of connections");
        // The kernel limits by whole packets a second; below that nobody could speak.
        Values.InRange(findings, at["neighbours"], limits.Neighbours, 128, int.MaxValue, "number of neighbours");
    }

    /// <summary>Networks by NAMESPACE/NAME, for objects that belong to no namespace.</summary>
    internal static void CheckNames(Findings findings, FieldPath at, IReadOnlyList<string>? names)
    {
        Values.AtMost(findings, at, names, MaxReferences);
        Values.Unique(findings, at, names);
        for (int i = 0; i < (names?.Count ?? 0); i++)
            if (names![i].Split('/') is not { Length: 2 } parts || !parts.All(p => Names.IsDnsLabel(p)))
                findings.Add(at[i], FaultReason.Invalid, $"\"{Leaf.Printable(names[i])}\" is no network: write NAMESPACE/NAME of a VirtualNetwork");
    }

    /// <param name="notAny">Why * is no answer here; null where it is.</param>
    private static void CheckReferences(Findings findings, FieldPath at, IReadOnlyList<NetworkReference>? references, string? notAny)
    {
        Values.AtMost(findings, at, references, MaxReferences);
        for (int i = 0; i < (references?.Count ?? 0); i++)
        {
            if (!Values.Required(findings, at[i]["network"], references![i].Network, "the network, as NAMESPACE/NAME or NAME")) continue;
            string name = references[i].Network!;
            if (name == NetworkLeaks.Any && notAny is null) continue;
            if (name == NetworkLeaks.Any) findings.Add(at[i]["network"], FaultReason.Invalid, $"\"*\" is no network: {notAny}");
            else if (name.Split('/') is not { Length: <= 2 } parts || !parts.All(p => Names.IsDnsLabel(p)) || parts[^1] == "default")
                findings.Add(at[i]["network"], FaultReason.Invalid, $"\"{Leaf.Printable(name)}\" is no network: write NAMESPACE/NAME, or NAME of a VirtualNetwork of this namespace");
        }
    }

    public static void Check(Findings findings, FloatingIP floating)
    {
        FieldPath at = FieldPath.Root["spec"];
        if (Values.Required(findings, at["network"], floating.Spec.Network, "the name of a VirtualNetwork of this namespace") && (!Names.IsDnsLabel(floating.Spec.Network!) || floating.Spec.Network == "default"))
            findings.Add(at["network"], FaultReason.Invalid, $"\"{Leaf.Printable(floating.Spec.Network!)}\" is no name of a VirtualNetwork: give the bare name of one of this namespace");
        InetAddress? target = Values.Required(findings, at["target"], floating.Spec.Target, "the address in the network that it stands for") ? Addresses.Address(findings, at["target"], floating.Spec.Target) : null;
        if (floating.Spec.Address is not null) Addresses.Address(findings, at["address"], floating.Spec.Address, target is { } of ? of.IsIPv6 ? 6 : 4 : null);
        if (floating.Spec.Pool is not null) Values.ResourceName(findings, at["pool"], floating.Spec.Pool);
    }

    private static void CheckSubnets(Findings findings, FieldPath at, IReadOnlyList<NetworkSubnet> subnets)
    {
        List<IpPrefix> seen = [];
        for (int i = 0; i < subnets.Count; i++)
        {
            if (!Values.Required(findings, at[i]["cidr"], subnets[i].Cidr, "the range, such as 10.0.0.0/16") || Addresses.Prefix(findings, at[i]["cidr"], subnets[i].Cidr) is not { } cidr) continue;
            if (cidr.Overlaps(cidr.IsIPv6 ? LinkLocalV6 : LinkLocalV4)) findings.Add(at[i]["cidr"], FaultReason.Invalid, $"{cidr} overlaps the link-local range, which every network uses for its gateway");
            else if (cidr.IsIPv6 && cidr.Overlaps(TransitV6)) findings.Add(at[i]["cidr"], FaultReason.Invalid, $"{cidr} overlaps {TransitV6}, which every network uses on its way out");
            else if (!cidr.IsIPv6 && cidr.Overlaps(ThisNetwork)) findings.Add(at[i]["cidr"], FaultReason.Invalid, $"{cidr} is no unicast range");
            else if (cidr.Address.IsMulticast || cidr.Address.IsLoopback || cidr.Length == 0) findings.Add(at[i]["cidr"], FaultReason.Invalid, $"{cidr} is no unicast range");
            foreach (IpPrefix other in seen.Where(s => s.Overlaps(cidr))) findings.Add(at[i]["cidr"], FaultReason.Invalid, $"{cidr} overlaps {other} of the same network: an address must belong to one subnet");
            seen.Add(cidr);
            CheckBlockSize(findings, at[i]["blockSize"], cidr, subnets[i].BlockSize);
            CheckReserved(findings, at[i]["reserved"], cidr, subnets[i].Reserved);
        }
    }

    private static void CheckReserved(Findings findings, FieldPath at, IpPrefix cidr, IReadOnlyList<string>? reserved)
    {
        Values.AtMost(findings, at, reserved, MaxReserved);
        Values.Unique(findings, at, reserved);
        for (int i = 0; i < (reserved?.Count ?? 0); i++)
        {
            if (!AddressRange.TryParse(reserved![i], out AddressRange range))
                findings.Add(at[i], FaultReason.Invalid, IpPrefix.TryParseWithHostBits(reserved[i], out _, out IpPrefix masked)
                    ? $"{reserved[i]} has bits set beyond its length: write {masked}"
                    : $"\"{Leaf.Printable(reserved[i])}\" is no range: write a prefix (10.0.0.0/28), an address, or FIRST-LAST (10.0.0.1-10.0.0.9)");
            else if (!cidr.Contains(range.First) || !cidr.Contains(range.Last)) findings.Add(at[i], FaultReason.Invalid, $"{reserved[i]} is not within {cidr}");
        }
    }

    private static void CheckBlockSize(Findings findings, FieldPath at, IpPrefix cidr, int? blockSize)
    {
        (int first, int last) = cidr.IsIPv6 ? (116, 128) : (20, 32);
        Values.InRange(findings, at, blockSize, Math.Max(first, cidr.Length), last, "prefix length of blocks of this subnet");
    }

    internal static void CheckTargets(Findings findings, FieldPath at, IReadOnlyList<string>? targets)
    {
        Values.AtMost(findings, at, targets, MaxTargets);
        Values.Unique(findings, at, targets);
        for (int i = 0; i < (targets?.Count ?? 0); i++)
            if (!IsTarget(targets![i])) findings.Add(at[i], FaultReason.Invalid, $"\"{Leaf.Printable(targets[i])}\" is no route target: write ASN:NUMBER (64512:10001) or ADDRESS:NUMBER (192.0.2.1:7); the number has 16 bits after an AS above 65535 or an address, else 32");
    }

    /// <summary>RFC 4360 §4, RFC 5668.</summary>
    private static bool IsTarget(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0) return false;
        ReadOnlySpan<char> administrator = text.AsSpan(0, colon), number = text.AsSpan(colon + 1);
        if (!IsNumber(administrator, out uint asn)) return InetAddress.TryParse(administrator, null, out InetAddress address) && address.IsIPv4 && IsNumber(number, out uint small) && small <= ushort.MaxValue;
        return IsNumber(number, out uint value) && (asn <= ushort.MaxValue || value <= ushort.MaxValue);
    }

    private static bool IsNumber(ReadOnlySpan<char> text, out uint value) =>
        uint.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out value);
}
