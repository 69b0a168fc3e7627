using System.Globalization;

namespace Margay.Api.Resources;

/// <summary>
/// Limits as annotations of an endpoint: <c>qos.projectcalico.org/FIELD</c>, and for bandwidth also <c>kubernetes.io/ingress-bandwidth</c> and
/// <c>kubernetes.io/egress-bandwidth</c>. Numbers may carry the suffixes of Kubernetes quantities (k, M, G, T, P, Ki, Mi, Gi, Ti, Pi).
/// </summary>
public static class QosAnnotations
{
    public const string Prefix = "qos.projectcalico.org/";

    /// <summary>The code point of what leaves the cluster; of host endpoints too.</summary>
    public const string Dscp = Prefix + "dscp";

    /// <summary>All that is given, by field first and annotation second; null when nothing is. An annotation that is no number counts as absent.</summary>
    public static QosControls? Merge(QosControls? fields, IReadOnlyDictionary<string, string>? annotations)
    {
        if (annotations is null || !annotations.Keys.Any(IsOne)) return fields;
        QosControls f = fields ?? new QosControls();
        long? Read(string field, string? other = null) =>
            (annotations.TryGetValue(Prefix + field, out string? text) || (other is not null && annotations.TryGetValue(other, out text))) && TryQuantity(text, out long value) ? value : null;
        return new QosControls
        {
            IngressBandwidth = f.IngressBandwidth ?? Read("ingressBandwidth", "kubernetes.io/ingress-bandwidth"),
            EgressBandwidth = f.EgressBandwidth ?? Read("egressBandwidth", "kubernetes.io/egress-bandwidth"),
            IngressBurst = f.IngressBurst ?? Read("ingressBurst"),
            EgressBurst = f.EgressBurst ?? Read("egressBurst"),
            IngressPeakrate = f.IngressPeakrate ?? Read("ingressPeakrate"),
            EgressPeakrate = f.EgressPeakrate ?? Read("egressPeakrate"),
            IngressMinburst = f.IngressMinburst ?? Read("ingressMinburst"),
            EgressMinburst = f.EgressMinburst ?? Read("egressMinburst"),
            IngressPacketRate = f.IngressPacketRate ?? Read("ingressPacketRate"),
            EgressPacketRate = f.EgressPacketRate ?? Read("egressPacketRate"),
            IngressPacketBurst = f.IngressPacketBurst ?? Read("ingressPacketBurst"),
            EgressPacketBurst = f.EgressPacketBurst ?? Read("egressPacketBurst"),
            IngressMaxConnections = f.IngressMaxConnections ?? Read("ingressMaxConnections"),
            EgressMaxConnections = f.EgressMaxConnections ?? Read("egressMaxConnections"),
            Dscp = f.Dscp ?? (annotations.TryGetValue(Dscp, out string? dscp) ? new Dscp(dscp) : null),
        };
    }

    /// <summary>Whether the annotation is one of these.</summary>
    public static bool IsOne(string key) =>
        key.StartsWith(Prefix, StringComparison.Ordinal) || key is "kubernetes.io/ingress-bandwidth" or "kubernetes.io/egress-bandwidth";

    /// <summary>A whole number with an optional suffix (Kubernetes <c>resource.Quantity</c>).</summary>
    public static bool TryQuantity(string? text, out long value)
    {
        value = 0;
        if (text is null) return false;
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? end : text.Length;
        long? factor = text.AsSpan(digits) switch
        {
            "" => 1, "k" => 1_000, "M" => 1_000_000, "G" => 1_000_000_000, "T" => 1_000_000_000_000, "P" => 1_000_000_000_000_000,
            "Ki" => 1L << 10, "Mi" => 1L << 20, "Gi" => 1L << 30, "Ti" => 1L << 40, "Pi" => 1L << 50,
            _ => null,
        };
        if (factor is null || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > long.MaxValue / factor) return false;
        value = number * factor.Value;
        return true;
    }
}
