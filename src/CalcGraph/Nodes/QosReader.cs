using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.CalcGraph.Nodes;

/// <summary>The limits of an endpoint: fields of its spec, then annotations, then defaults. What cannot be read counts as absent.</summary>
internal static class QosReader
{
    // libcalico-go: 4 Gi bits, five packets.
    private const long DefaultBurst = 4L << 30;
    private const uint DefaultPacketBurst = 5;

    public static QosView? Of(WorkloadEndpoint endpoint)
    {
        QosControls? given = QosAnnotations.Merge(endpoint.Spec.QosControls, endpoint.Metadata.Annotations);
        return given is null ? null : new QosView
        {
            IngressBandwidth = Bandwidth(given.IngressBandwidth, given.IngressBurst, given.IngressPeakrate, given.IngressMinburst),
            EgressBandwidth = Bandwidth(given.EgressBandwidth, given.EgressBurst, given.EgressPeakrate, given.EgressMinburst),
            IngressPacketRate = Packets(given.IngressPacketRate, given.IngressPacketBurst),
            EgressPacketRate = Packets(given.EgressPacketRate, given.EgressPacketBurst),
            IngressMaxConnections = Count(given.IngressMaxConnections),
            EgressMaxConnections = Count(given.EgressMaxConnections),
            Dscp = given.Dscp?.Value,
        };
    }

    public static byte? DscpOf(IReadOnlyDictionary<string, string>? annotations) => QosAnnotations.Merge(null, annotations)?.Dscp?.Value;

    private static BandwidthView? Bandwidth(long? rate, long? burst, long? peak, long? minBurst) =>
        rate is > 0 and { } limit ? new BandwidthView(limit, burst ?? DefaultBurst, peak, minBurst) : null;

    private static PacketRateView? Packets(long? rate, long? burst) => Count(rate) is { } limit ? new PacketRateView(limit, Count(burst) ?? DefaultPacketBurst) : null;

    private static uint? Count(long? value) => value is > 0 and <= uint.MaxValue and { } count ? (uint)count : null;
}
