using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.Cni.Config;

/// <summary>
/// Reads a network configuration. A field that it does not know is a fault, not silence: a mistyped "ipv4pools" would otherwise put
/// a workload on the wrong addresses. Fields of other plugins that users copy along get the remedy named.
/// </summary>
internal sealed class NetworkConfigReader
{
    private readonly Faults _faults;
    private readonly FieldReader _read;

    private NetworkConfigReader(Faults faults)
    {
        _faults = faults;
        _read = new FieldReader(faults);
    }

    /// <summary>The configuration as far as it can be read; it is to be used only if there are no faults.</summary>
    public static NetworkConfig Read(JsonElement root, Faults faults)
    {
        NetworkConfigReader reader = new(faults);
        NetworkConfig config = new();
        if (!reader._read.IsObject(root, "network configuration")) return config;
        foreach (JsonProperty property in root.EnumerateObject()) config = reader.Field(config, property.Name, property.Value);
        if (config.CniVersion.Length == 0) faults.Invalid("cniVersion", "is missing");
        if (config.Name.Length == 0) faults.Invalid("name", "is missing");
        return config;
    }

    private NetworkConfig Field(NetworkConfig config, string name, JsonElement value)
    {
        switch (name)
        {
            case "cniVersion": return config with { CniVersion = _read.NonEmptyString(value, name) ?? "" };
            case "name": return config with { Name = _read.NonEmptyString(value, name) ?? "" };
            case "agentSocket": return config with { AgentSocket = AbsolutePath(value, name) ?? config.AgentSocket };
            case "network": return config with { Network = _read.NonEmptyString(value, name) };
            case "namespace": return config with { Namespace = _read.NonEmptyString(value, name) };
            case "labels": return config with { Labels = _read.StringMap(value, name) };
            case "profiles": return config with { Profiles = _read.Strings(value, name) };
            case "ipv4Pools": return config with { Ipv4Pools = _read.Strings(value, name) };
            case "ipv6Pools": return config with { Ipv6Pools = _read.Strings(value, name) };
            case "ports": return config with { Ports = Ports(value, name) };
            case "mtu": return config with { Mtu = _read.Integer(value, name, 68, 65535) };
            case "dns": return config with { Dns = _read.IsObject(value, name) ? value.GetRawText() : null };
            case "args": return Args(config, value);
            case "runtimeConfig": return RuntimeConfig(config, value);
            case "prevResult": return config with { Previous = PreviousResultReader.Read(value, _read) };
            case "type" or "capabilities" or "disableCheck" or "disableGC" or "cniVersions" or "loadOnlyInlinedPlugins": return config;
            case "ipam" when value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any(): return config;
            case "ipam":
                _faults.Unsupported(name, "addresses come from the agent, which takes them from IPPools; remove it, and choose pools with ipv4Pools and ipv6Pools");
                return config;
            case "ipMasq" when value.ValueKind == JsonValueKind.False: return config;
            case "ipMasq":
                _faults.Unsupported(name, "set natOutgoing on the IPPool instead");
                return config;
            default:
                // The specification reserves this prefix for what runtimes tell plugins.
                if (!name.StartsWith("cni.dev/", StringComparison.Ordinal))
                    _faults.Invalid(name, "is not a field of this plugin; known are agentSocket, network, namespace, labels, profiles, ipv4Pools, ipv6Pools, ports, mtu and dns");
                return config;
        }
    }

    private string? AbsolutePath(JsonElement value, string path)
    {
        string? text = _read.NonEmptyString(value, path);
        if (text is null || text[0] == '/') return text;
        _faults.Invalid(path, "must be an absolute path");
        return null;
    }

    private List<EndpointPort>? Ports(JsonElement value, string path)
    {
        if (!_read.IsArray(value, path)) return null;
        List<EndpointPort> ports = [];
        int i = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            string at = $"{path}[{i++}]";
            if (!_read.IsObject(item, at)) continue;
            string? name = null, protocol = null;
            int? port = null;
            foreach (JsonProperty field in item.EnumerateObject())
            {
                if (field.Name == "name") name = _read.NonEmptyString(field.Value, $"{at}.name");
                else if (field.Name == "protocol") protocol = _read.NonEmptyString(field.Value, $"{at}.protocol");
                else if (field.Name == "port") port = _read.Integer(field.Value, $"{at}.port", 1, 65535);
                else _faults.Invalid($"{at}.{field.Name}", "is not a field of a port; known are name, protocol and port");
            }
            if (name is null || port is null) _faults.Invalid(at, "needs a name and a port");
            ports.Add(new EndpointPort { Name = name, Port = port, Protocol = protocol is null ? null : new Protocol(protocol) });
        }
        return ports;
    }

    // CONVENTIONS.md of the CNI project: args.cni.labels is a list of {key, value}, args.cni.ips a list of addresses.
    // Other members of args belong to other consumers.
    private NetworkConfig Args(NetworkConfig config, JsonElement value)
    {
        if (!_read.IsObject(value, "args") || !value.TryGetProperty("cni", out JsonElement cni) || !_read.IsObject(cni, "args.cni")) return config;
        if (cni.TryGetProperty("labels", out JsonElement labels) && _read.IsArray(labels, "args.cni.labels"))
        {
            List<KeyValuePair<string, string>> list = [];
            int i = 0;
            foreach (JsonElement item in labels.EnumerateArray())
            {
                string at = $"args.cni.labels[{i++}]";
                if (!_read.IsObject(item, at)) continue;
                string? key = item.TryGetProperty("key", out JsonElement k) ? _read.NonEmptyString(k, $"{at}.key") : null;
                string? text = item.TryGetProperty("value", out JsonElement v) ? _read.String(v, $"{at}.value") : null;
                if (key is null || text is null) _faults.Invalid(at, "needs a key and a value");
                else list.Add(new(key, text));
            }
            config = config with { ArgsLabels = list };
        }
        if (cni.TryGetProperty("network", out JsonElement network)) config = config with { ArgsNetwork = _read.NonEmptyString(network, "args.cni.network") };
        if (cni.TryGetProperty("ips", out JsonElement ips)) config = config with { ArgsIps = _read.Strings(ips, "args.cni.ips") };
        return config;
    }

    private NetworkConfig RuntimeConfig(NetworkConfig config, JsonElement value)
    {
        if (!_read.IsObject(value, "runtimeConfig")) return config;
        foreach (JsonProperty property in value.EnumerateObject())
        {
            string path = $"runtimeConfig.{property.Name}";
            switch (property.Name)
            {
                case "ips":
                    config = config with { RuntimeIps = _read.Strings(property.Value, path) };
                    break;
                case "mac":
                    config = config with { RuntimeMac = _read.NonEmptyString(property.Value, path) };
                    break;
                case "dns":
                    if (_read.IsObject(property.Value, path)) config = config with { Dns = property.Value.GetRawText() };
                    break;
                case "aliases":
                    break;
                case "io.kubernetes.cri.pod-annotations":
                    // The others are other programs'.
                    if (_read.IsObject(property.Value, path) && property.Value.TryGetProperty(NetworkConfig.NetworkAnnotation, out JsonElement network))
                        config = config with { PodNetwork = _read.NonEmptyString(network, $"{path}.{NetworkConfig.NetworkAnnotation}") };
                    break;
                case "portMappings" when IsEmptyList(property.Value):
                    break;
                case "portMappings":
                    _faults.Unsupported(path, "this plugin publishes no host ports; take the capability out of its configuration and chain the portmap plugin behind it");
                    break;
                default:
                    _faults.Unsupported(path, "this plugin offers the capabilities ips, mac and dns only");
                    break;
            }
        }
        return config;
    }

    private static bool IsEmptyList(JsonElement value) => value.ValueKind == JsonValueKind.Null || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0);
}
