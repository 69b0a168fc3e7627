using Margay.Api.NodeSync;

namespace Margay.CalcGraph.Nodes;

/// <summary>
/// A set that rules of active policies refer to: the addresses of what a selector matches, or the named ports there. Its members are not stored: they follow from
/// the classes that the selector matches. Only changes of a set that a node has seen are noted, until the flush. Owned by <see cref="IpSetCalculator"/>.
/// </summary>
internal sealed class IpSetNode(string id, SelectorNode selector, string? portName) : Shared(id)
{
    public SelectorNode Selector => selector;

    /// <summary>Null for a set of addresses; empty for the ports of a service, whatever their names.</summary>
    public string? PortName => portName;

    public string Network => selector.Network!;

    /// <summary>How many policies and profiles that are active on some node use it.</summary>
    public int Users { get; set; }

    /// <summary>For members that something has touched since the last flush: whether they belonged then.</summary>
    public Dictionary<MemberKey, bool> Touched { get; } = [];

    /// <summary>The view last made, while someone still holds it and nothing has changed since.</summary>
    public WeakReference<IpSetView>? View { get; set; }

    public string Origin =>
        selector.Service is { } service ? $"service {service}" :
        portName is null ? selector.Selector.Canonical : $"port {portName} of {selector.Selector.Canonical}";
}
