using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>What other calculations need of a Node object.</summary>
internal sealed record NodeInfo(string Name)
{
    public InetAddress? Ipv4 { get; init; }
    public InetAddress? Ipv6 { get; init; }
    public uint? AsNumber { get; init; }
    public string? ClusterId { get; init; }
    public bool IsReflector => ClusterId is not null;
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public InetAddress? Address(bool isIPv6) => isIPv6 ? Ipv6 : Ipv4;

    public static NodeInfo Of(Node node) => new(node.Name)
    {
        Ipv4 = AddressOf(node.Spec.Bgp?.Ipv4Address, isIPv6: false),
        Ipv6 = AddressOf(node.Spec.Bgp?.Ipv6Address, isIPv6: true),
        AsNumber = node.Spec.Bgp?.AsNumber?.Value,
        ClusterId = node.Spec.Bgp?.RouteReflectorClusterID is { Length: > 0 } id ? id : null,
        Labels = node.Metadata.Labels ?? new Dictionary<string, string>(),
    };

    /// <summary>Whether nothing differs that anyone here looks at; status reports come often.</summary>
    public bool IsLike(NodeInfo other) =>
        this with { Labels = other.Labels } == other
        && Labels.Count == other.Labels.Count && Labels.All(l => other.Labels.TryGetValue(l.Key, out string? value) && value == l.Value);

    private static InetAddress? AddressOf(string? text, bool isIPv6) =>
        text is not null && IpPrefix.TryParseWithHostBits(text, out InetAddress address, out _) && address.IsIPv6 == isIPv6 ? address : null;
}
