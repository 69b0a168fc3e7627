using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>How each node guards itself: its own FelixConfiguration ("node.NAME"), then the cluster's ("default"), then built-in values, field by field.</summary>
internal sealed class FelixCalculator
{
    private const string Cluster = "default";
    private const string NodePrefix = "node.";
    private readonly Dictionary<string, FelixConfigurationSpec> _configurations = [];

    /// <summary>Adds, replaces or (null) removes.</summary>
    public void Set(string name, FelixConfiguration? configuration)
    {
        if (configuration is null) _configurations.Remove(name);
        else _configurations[name] = configuration.Spec;
    }

    public NodeSettings Complete(NodeSettings settings)
    {
        FelixConfigurationSpec? own = _configurations.GetValueOrDefault(NodePrefix + settings.Node), all = _configurations.GetValueOrDefault(Cluster);
        return settings with
        {
            FailsafeInbound = PortsOf(own?.FailsafeInboundHostPorts ?? all?.FailsafeInboundHostPorts) ?? FailsafePort.DefaultInbound,
            FailsafeOutbound = PortsOf(own?.FailsafeOutboundHostPorts ?? all?.FailsafeOutboundHostPorts) ?? FailsafePort.DefaultOutbound,
            EndpointToHostAction = own?.DefaultEndpointToHostAction ?? all?.DefaultEndpointToHostAction ?? "Drop",
        };
    }

    private static List<FailsafePort>? PortsOf(IReadOnlyList<ProtoPort>? ports)
    {
        if (ports is null) return null;
        List<FailsafePort> read = [];
        foreach (ProtoPort port in ports)
        {
            if (port.ProtocolNumber is { } protocol && port.Port is >= 1 and <= ushort.MaxValue and { } number && (port.Net is null || IpPrefix.TryParse(port.Net, out _)))
                read.Add(new FailsafePort(protocol, (ushort)number, port.Net));
        }
        return read;
    }
}
