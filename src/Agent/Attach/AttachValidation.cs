using System.Globalization;
using Margay.Api.Attach;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Agent.Attach;

/// <summary>Checks requests before anything is done with them: every fault with its field, or none.</summary>
internal static class AttachValidation
{
    private const int MinMtu = 68;       // RFC 791
    private const int MinMtuIPv6 = 1280; // RFC 8200

    public static AgentError? Check(AttachRequest request)
    {
        List<string> faults = [];
        Identity(faults, request.ContainerId, request.Interface);
        if (string.IsNullOrEmpty(request.NetworkNamespace) || request.NetworkNamespace[0] != '/' || HasControl(request.NetworkNamespace))
            faults.Add("networkNamespace: must be an absolute path");
        CheckNetwork(faults, request.Network, request.Namespace ?? "default");
        if (request.Namespace is { } ns && !IsLabel(ns)) faults.Add("namespace: must be a DNS label (lower-case letters, digits and '-', at most 63 characters)");
        if (request.Orchestrator is { } orchestrator && !IsLabel(orchestrator)) faults.Add("orchestrator: must be a DNS label");
        if (request.Workload is { } workload && (workload.Length is 0 or > 253 || HasControl(workload))) faults.Add("workload: must have 1 to 253 printable characters");
        bool v6 = Addresses(faults, request.Addresses);
        if (request.Mtu is { } mtu && (mtu < (v6 ? MinMtuIPv6 : MinMtu) || mtu > 65535))
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"mtu: must be from {(v6 ? MinMtuIPv6 : MinMtu)} to 65535"));
        if (request.Mac is { } mac && (!MacAddress.TryParse(mac, out MacAddress parsed) || (parsed.Value >> 40 & 1) != 0 || parsed.Value == 0))
            faults.Add("mac: must be a unicast address of six hexadecimal octets joined by colons");
        Ports(faults, request.Ports);
        return ToError(faults);
    }

    public static AgentError? Check(DetachRequest request)
    {
        List<string> faults = [];
        Identity(faults, request.ContainerId, request.Interface);
        return ToError(faults);
    }

    public static AgentError? Check(CheckRequest request)
    {
        List<string> faults = [];
        Identity(faults, request.ContainerId, request.Interface);
        Addresses(faults, request.Addresses);
        return ToError(faults);
    }

    /// <summary>An address with or without its full length.</summary>
    public static bool TryParseHost(string text, out InetAddress address)
    {
        address = default;
        if (!IpPrefix.TryParse(text, out IpPrefix prefix) || !prefix.IsHost) return false;
        address = prefix.Address;
        return true;
    }

    private static void CheckNetwork(List<string> faults, string? network, string ns)
    {
        if (network is null or "default") return;
        string[] parts = network.Split('.');
        if (parts.Length > 2 || !parts.All(IsLabel)) faults.Add($"network: '{network}' must be default, the NAME of a VirtualNetwork in the workload's namespace, or NAMESPACE.NAME");
        else if (parts.Length == 2 && parts[0] != ns) faults.Add($"network: '{network}' belongs to namespace {parts[0]}; a workload of namespace {ns} attaches to networks of that, or to default");
    }

    private static void Identity(List<string> faults, string? containerId, string? iface)
    {
        if (string.IsNullOrEmpty(containerId) || containerId.Length > 256 || containerId.Contains('/', StringComparison.Ordinal) || HasControl(containerId))
            faults.Add("containerId: must have 1 to 256 printable characters without '/'");
        if (string.IsNullOrEmpty(iface) || iface.Length > 15 || iface is "." or ".." || iface.AsSpan().ContainsAny("/: \t") || HasControl(iface))
            faults.Add("interface: must have 1 to 15 characters without '/', ':' and blanks");
    }

    /// <summary>Whether there is an IPv6 address among them.</summary>
    private static bool Addresses(List<string> faults, IReadOnlyList<string>? addresses)
    {
        bool v6 = false;
        for (int i = 0; i < (addresses?.Count ?? 0); i++)
        {
            if (!TryParseHost(addresses![i], out InetAddress address)) faults.Add($"addresses[{i}]: '{addresses[i]}' is not an address, nor one with /32 or /128");
            else v6 |= address.IsIPv6;
        }
        return v6;
    }

    private static void Ports(List<string> faults, IReadOnlyList<EndpointPort>? ports)
    {
        for (int i = 0; i < (ports?.Count ?? 0); i++)
        {
            if (ports![i].Port is not (>= 1 and <= 65535)) faults.Add($"ports[{i}].port: must be from 1 to 65535");
            if (string.IsNullOrEmpty(ports[i].Name)) faults.Add($"ports[{i}].name: is missing");
        }
    }

    private static bool IsLabel(string text) =>
        text.Length is > 0 and <= 63 && !text.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-") && text[0] != '-' && text[^1] != '-';

    private static bool HasControl(string text)
    {
        foreach (char c in text)
            if (char.IsControl(c)) return true;
        return false;
    }

    private static AgentError? ToError(List<string> faults) => faults.Count == 0 ? null : Errors.InvalidRequest(string.Join("; ", faults));
}
