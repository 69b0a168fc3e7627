using Margay.Api.Resources;

namespace Margay.Api.Validation.Checks;

/// <summary>Endpoint slices: the addresses behind a service.</summary>
internal static class SliceChecks
{
    public static void Check(Findings findings, EndpointSlice slice)
    {
        if (Values.Required(findings, FieldPath.Root["addressType"], slice.AddressType, "IPv4, IPv6 or FQDN")) Values.OneOf(findings, FieldPath.Root["addressType"], slice.AddressType, "IPv4", "IPv6", "FQDN");
        int? family = slice.AddressType switch { "IPv4" => 4, "IPv6" => 6, _ => null };
        for (int i = 0; i < (slice.Endpoints?.Count ?? 0); i++)
        {
            FieldPath at = FieldPath.Root["endpoints"][i]["addresses"];
            IReadOnlyList<string>? addresses = slice.Endpoints![i].Addresses;
            if (addresses is not { Count: > 0 }) findings.Add(at, FaultReason.Required, "is missing: at least one address");
            for (int a = 0; family is not null && a < (addresses?.Count ?? 0); a++) Addresses.Address(findings, at[a], addresses![a], family);
        }

        for (int i = 0; i < (slice.Ports?.Count ?? 0); i++)
        {
            SlicePort port = slice.Ports![i];
            FieldPath at = FieldPath.Root["ports"][i];
            if (port.Protocol is { Number: not (Protocol.Tcp or Protocol.Udp or Protocol.Sctp) }) findings.Add(at["protocol"], FaultReason.NotSupported, "must be TCP, UDP or SCTP");
            Values.InRange(findings, at["port"], port.Port, 1, 65535, "port");
            Values.NotImplemented(findings, at["port"], port.Port is null, "rules that match the service do not match ports without a number");
        }
    }
}
