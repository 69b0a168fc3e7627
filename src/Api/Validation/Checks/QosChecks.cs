using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>Limits of endpoints, as fields and as annotations.</summary>
internal static class QosChecks
{
    private static readonly string[] Numbers =
    [
        "ingressBandwidth", "egressBandwidth", "ingressBurst", "egressBurst", "ingressPeakrate", "egressPeakrate", "ingressMinburst", "egressMinburst",
        "ingressPacketRate", "egressPacketRate", "ingressPacketBurst", "egressPacketBurst", "ingressMaxConnections", "egressMaxConnections",
    ];

    public static void Check(Findings findings, FieldPath at, QosControls? qos)
    {
        if (qos is null) return;
        Bandwidth(findings, at, "ingress", qos.IngressBandwidth, qos.IngressBurst, qos.IngressPeakrate, qos.IngressMinburst);
        Bandwidth(findings, at, "egress", qos.EgressBandwidth, qos.EgressBurst, qos.EgressPeakrate, qos.EgressMinburst);
        Packets(findings, at, "ingress", qos.IngressPacketRate, qos.IngressPacketBurst);
        Packets(findings, at, "egress", qos.EgressPacketRate, qos.EgressPacketBurst);
        Values.InRange(findings, at["ingressMaxConnections"], qos.IngressMaxConnections, 1, uint.MaxValue, "number of connections");
        Values.InRange(findings, at["egressMaxConnections"], qos.EgressMaxConnections, 1, uint.MaxValue, "number of connections");
        if (qos.Dscp is { Value: null } dscp)
            findings.Add(at["dscp"], FaultReason.NotSupported, $"\"{Leaf.Printable(dscp.Text ?? "")}\" is no code point: 0 to 63, DF, EF, AF11 to AF43, or CS0 to CS6");
    }

    public static void CheckAnnotations(Findings findings, IReadOnlyDictionary<string, string>? annotations)
    {
        FieldPath at = FieldPath.Root["metadata"]["annotations"];
        foreach ((string key, string value) in annotations ?? new Dictionary<string, string>())
        {
            if (!QosAnnotations.IsOne(key)) continue;
            string field = key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];
            if (field == "dscp" && new Dscp(value).Value is null) findings.Add(at.Key(key), FaultReason.Invalid, $"\"{Leaf.Printable(value)}\" is no code point");
            else if (field != "dscp" && !QosAnnotations.TryQuantity(value, out _)) findings.Add(at.Key(key), FaultReason.Invalid, $"\"{Leaf.Printable(value)}\" is no whole number, with or without a suffix such as k, M, G, Ki, Mi or Gi");
            if (key.StartsWith(QosAnnotations.Prefix, StringComparison.Ordinal) && field != "dscp" && !Numbers.Contains(field))
                findings.Warn(at.Key(key), FaultReason.NotImplemented, $"is no limit that is known{Suggestion.Hint(field, Numbers)}: it has no effect");
        }

        // The same bounds as for fields, told at the annotations.
        Findings merged = new();
        Check(merged, at, QosAnnotations.Merge(null, annotations));
        foreach (Fault fault in merged.Faults)
        {
            string field = fault.Field[(fault.Field.LastIndexOf('.') + 1)..];
            if (field != "dscp") findings.Add(at.Key(QosAnnotations.Prefix + field), fault.Reason, fault.Message);
        }
    }

    private static void Bandwidth(Findings findings, FieldPath at, string direction, long? rate, long? burst, long? peak, long? minBurst)
    {
        Values.InRange(findings, at[direction + "Bandwidth"], rate, 1_000, 1_000_000_000_000_000, "bandwidth in bits per second");
        Values.InRange(findings, at[direction + "Burst"], burst, 1_000, 34_359_738_360, "burst in bits");
        Values.InRange(findings, at[direction + "Peakrate"], peak, 1_010, 1_010_000_000_000_000, "peak rate in bits per second");
        Values.InRange(findings, at[direction + "Minburst"], minBurst, 1_000, 100_000_000, "minimum burst in bytes");
        Needs(findings, at[direction + "Burst"], burst, rate, direction + "Bandwidth");
        Needs(findings, at[direction + "Peakrate"], peak, rate, direction + "Bandwidth");
        Needs(findings, at[direction + "Minburst"], minBurst, peak, direction + "Peakrate");
        if (peak <= rate) findings.Add(at[direction + "Peakrate"], FaultReason.Invalid, $"must be more than {direction}Bandwidth");
    }

    private static void Packets(Findings findings, FieldPath at, string direction, long? rate, long? burst)
    {
        Values.InRange(findings, at[direction + "PacketRate"], rate, 1, 10_000, "rate in packets per second");
        Values.InRange(findings, at[direction + "PacketBurst"], burst, 1, 10_000, "burst in packets");
        Needs(findings, at[direction + "PacketBurst"], burst, rate, direction + "PacketRate");
    }

    private static void Needs(Findings findings, FieldPath at, long? given, long? needed, string name)
    {
        if (given is not null && needed is null) findings.Add(at, FaultReason.Forbidden, $"means something only with {name}");
    }
}
