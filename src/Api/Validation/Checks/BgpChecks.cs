using System.Globalization;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Api.Validation.Checks;

/// <summary>The BGP configuration and the BGP side of nodes; peers are <see cref="BgpPeerChecks"/>.</summary>
internal static class BgpChecks
{
    // RFC 4724 gives the restart time 12 bits.
    public static readonly TimeSpan MaxRestartTime = TimeSpan.FromSeconds(4095);

    public static void Check(Findings findings, BGPConfiguration configuration)
    {
        FieldPath at = FieldPath.Root["spec"];
        BGPConfigurationSpec spec = configuration.Spec;
        if (configuration.Name.StartsWith("node.", StringComparison.Ordinal)) CheckOnlyInDefault(findings, at, spec);
        Values.As(findings, at["asNumber"], spec.AsNumber);
        Values.InRange(findings, at["listenPort"], spec.ListenPort, 1, 65535, "port");
        Values.OneOf(findings, at["bindMode"], spec.BindMode, "None", "NodeIP");
        Values.OneOf(findings, at["logSeverityScreen"], spec.LogSeverityScreen, "Debug", "Info", "Warning", "Error", "Fatal");
        CheckServiceRanges(findings, at["serviceClusterIPs"], spec.ServiceClusterIPs);
        CheckServiceRanges(findings, at["serviceExternalIPs"], spec.ServiceExternalIPs);
        CheckServiceRanges(findings, at["serviceLoadBalancerIPs"], spec.ServiceLoadBalancerIPs);
        CheckCommunities(findings, at, spec);
        CheckMesh(findings, at, spec);
        CheckIgnoredInterfaces(findings, at["ignoredInterfaces"], spec.IgnoredInterfaces);
        Values.InRange(findings, at["ipv4NormalRoutePriority"], spec.Ipv4NormalRoutePriority, 1, int.MaxValue - 1, "priority");
        Values.InRange(findings, at["ipv6NormalRoutePriority"], spec.Ipv6NormalRoutePriority, 1, int.MaxValue - 1, "priority");
        Values.NotImplemented(findings, at["logSeverityScreen"], spec.LogSeverityScreen is not (null or "Info"), "set the level with margay-agent --log-level");
        if (spec.RouteReflection is { } reflection) CheckReflection(findings, at["routeReflection"], reflection);
    }

    public static void Check(Findings findings, Node node)
    {
        FieldPath at = FieldPath.Root["spec"];
        if (node.Spec.Bgp is { } bgp)
        {
            Values.As(findings, at["bgp"]["asNumber"], bgp.AsNumber);
            Addresses.WithLength(findings, at["bgp"]["ipv4Address"], bgp.Ipv4Address, 4);
            Addresses.WithLength(findings, at["bgp"]["ipv6Address"], bgp.Ipv6Address, 6);
            if (bgp.RouteReflectorClusterID is { Length: > 0 } id && !(InetAddress.TryParse(id, out InetAddress cluster) && cluster.IsIPv4))
                findings.Add(at["bgp"]["routeReflectorClusterID"], FaultReason.Invalid, $"\"{Leaf.Printable(id)}\" is no cluster id: write it like an IPv4 address, such as 244.0.0.1 (RFC 4456)");
        }

        for (int i = 0; i < (node.Spec.Addresses?.Count ?? 0); i++)
        {
            FieldPath entry = at["addresses"][i];
            NodeAddress address = node.Spec.Addresses![i];
            // Calico writes its node address with the length of the subnet here too.
            if (Values.Required(findings, entry["address"], address.Address, "an IP address") && !IpPrefix.TryParseWithHostBits(address.Address, out _, out _))
                findings.Add(entry["address"], FaultReason.Invalid, $"\"{Leaf.Printable(address.Address!)}\" is no IP address");
            Values.OneOf(findings, entry["type"], address.Type, "CalicoNodeIP", "InternalIP", "ExternalIP");
        }
    }

    /// <summary><c>aa:nn</c> (RFC 1997) or <c>aa:nn:mm</c> (RFC 8092).</summary>
    public static bool IsCommunity(string text)
    {
        string[] parts = text.Split(':');
        return parts.Length is 2 or 3 && parts.All(p => uint.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out uint n) && (parts.Length == 3 || n <= ushort.MaxValue));
    }

    private static void CheckReflection(Findings findings, FieldPath at, RouteReflectionSpec spec)
    {
        Values.OneOf(findings, at["mode"], spec.Mode, "Automatic", "Manual");
        Values.InRange(findings, at["meshLimit"], spec.MeshLimit, 2, 10_000, "number of nodes");
        Values.InRange(findings, at["reflectorsPerClient"], spec.ReflectorsPerClient, 2, 8, "number of reflectors");
        Values.InRange(findings, at["clientsPerReflector"], spec.ClientsPerReflector, 10, 10_000, "number of nodes");
        Values.SelectorText(findings, at["nodeSelector"], spec.NodeSelector);
        Values.Duration(findings, at["lossTime"], spec.LossTime, TimeSpan.FromHours(1));
        Values.Duration(findings, at["transitionTime"], spec.TransitionTime, TimeSpan.FromHours(1));
    }

    private static void CheckOnlyInDefault(Findings findings, FieldPath at, BGPConfigurationSpec spec)
    {
        const string message = "concerns the whole cluster: set it in the BGPConfiguration called default";
        if (spec.NodeToNodeMeshEnabled is not null) findings.Add(at["nodeToNodeMeshEnabled"], FaultReason.Forbidden, message);
        if (spec.NodeMeshBfd is not null) findings.Add(at["nodeMeshBfd"], FaultReason.Forbidden, message);
        if (spec.RouteReflection is not null) findings.Add(at["routeReflection"], FaultReason.Forbidden, message);
        if (spec.AsNumber is not null) findings.Add(at["asNumber"], FaultReason.Forbidden, message + ", or a node's own in Node spec.bgp.asNumber");
    }

    private static void CheckServiceRanges(Findings findings, FieldPath at, IReadOnlyList<CidrEntry>? ranges)
    {
        for (int i = 0; i < (ranges?.Count ?? 0); i++)
            if (Values.Required(findings, at[i]["cidr"], ranges![i].Cidr, "a prefix")) Addresses.Prefix(findings, at[i]["cidr"], ranges[i].Cidr);
        Values.NotImplemented(findings, at, ranges is { Count: > 0 }, "no services are known, so none of these prefixes is announced");
    }

    private static void CheckCommunities(Findings findings, FieldPath at, BGPConfigurationSpec spec)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < (spec.Communities?.Count ?? 0); i++)
        {
            FieldPath entry = at["communities"][i];
            CommunityDefinition community = spec.Communities![i];
            if (Values.Required(findings, entry["name"], community.Name, "prefixAdvertisements refer to it") && !names.Add(community.Name!))
                findings.Add(entry["name"], FaultReason.Duplicate, $"\"{Leaf.Printable(community.Name!)}\" is given twice: rename one");
            if (Values.Required(findings, entry["value"], community.Value, "aa:nn or aa:nn:mm") && !IsCommunity(community.Value!)) findings.Add(entry["value"], FaultReason.Invalid, NoCommunity(community.Value!));
        }

        if (spec.Communities is { Count: > 0 } && spec.PrefixAdvertisements is not { Count: > 0 })
            findings.Add(at["prefixAdvertisements"], FaultReason.Required, "communities are attached by prefixAdvertisements: say to which prefixes");
        for (int i = 0; i < (spec.PrefixAdvertisements?.Count ?? 0); i++) CheckAdvertisement(findings, at["prefixAdvertisements"][i], spec.PrefixAdvertisements![i], names);
    }

    private static void CheckAdvertisement(Findings findings, FieldPath at, PrefixAdvertisement advertisement, HashSet<string> names)
    {
        if (Values.Required(findings, at["cidr"], advertisement.Cidr, "the prefix whose routes carry the communities")) Addresses.Prefix(findings, at["cidr"], advertisement.Cidr);
        if (advertisement.Communities is not { Count: > 0 }) findings.Add(at["communities"], FaultReason.Required, "is missing: names from spec.communities, or values");
        for (int i = 0; i < (advertisement.Communities?.Count ?? 0); i++)
        {
            string community = advertisement.Communities![i];
            if (!names.Contains(community) && !IsCommunity(community)) findings.Add(at["communities"][i], FaultReason.Invalid, $"\"{Leaf.Printable(community)}\" is neither a name from spec.communities nor a value aa:nn or aa:nn:mm{Suggestion.Hint(community, names)}");
        }
    }

    public static string NoCommunity(string text) =>
        $"\"{Leaf.Printable(text)}\" is no community: aa:nn with numbers up to 65535 (RFC 1997), or aa:nn:mm with numbers up to 4294967295 (RFC 8092)";

    private static void CheckMesh(Findings findings, FieldPath at, BGPConfigurationSpec spec)
    {
        bool mesh = spec.NodeToNodeMeshEnabled is not false;
        if (!mesh && spec.NodeMeshPassword is not null) findings.Add(at["nodeMeshPassword"], FaultReason.Forbidden, "needs nodeToNodeMeshEnabled: true");
        if (!mesh && spec.NodeMeshMaxRestartTime is not null) findings.Add(at["nodeMeshMaxRestartTime"], FaultReason.Forbidden, "needs nodeToNodeMeshEnabled: true");
        if (!mesh && spec.NodeMeshBfd is not null) findings.Add(at["nodeMeshBfd"], FaultReason.Forbidden, "needs nodeToNodeMeshEnabled: true");
        if (spec.NodeMeshBfd is { } bfd) BgpPeerChecks.CheckBfd(findings, at["nodeMeshBfd"], bfd);
        Values.Secret(findings, at["nodeMeshPassword"], spec.NodeMeshPassword);
        Values.Duration(findings, at["nodeMeshMaxRestartTime"], spec.NodeMeshMaxRestartTime, MaxRestartTime);
    }

    private static void CheckIgnoredInterfaces(Findings findings, FieldPath at, IReadOnlyList<string>? patterns)
    {
        for (int i = 0; i < (patterns?.Count ?? 0); i++)
        {
            if (patterns![i] == "*") findings.Add(at[i], FaultReason.Invalid, "would ignore every interface: name those that are meant, such as vmnet*");
            else if (!Names.IsInterface(patterns[i].Replace('*', 'x'))) findings.Add(at[i], FaultReason.Invalid, $"\"{Leaf.Printable(patterns[i])}\" is no interface name or pattern: 1 to 15 letters, digits, '_', '.', '-' and '*'");
        }

        Values.NotImplemented(findings, at, patterns is { Count: > 0 }, "Margay announces no routes of host interfaces anyway");
    }
}
