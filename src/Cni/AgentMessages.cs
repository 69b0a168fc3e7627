using Margay.Api.Resources;
using Margay.Cni.Config;

namespace Margay.Cni;

/// <summary>
/// Writes the agent's requests (<see cref="Api.Attach.AgentRequest"/>) as JSON. A test holds every member against the
/// serialiser's reading of it.
/// </summary>
internal static class AgentMessages
{
    public static byte[] Attach(RuntimeEnvironment environment, NetworkConfig config)
    {
        CniArgs args = environment.Args;
        JsonText json = Begin("attach");
        // What is said of this workload wins over what stands in a file for all.
        Identity(json, environment)
            .OptionalProperty("network", config.PodNetwork ?? args.Network ?? config.ArgsNetwork ?? config.Network)
            .OptionalProperty("namespace", config.Namespace ?? args.PodNamespace)
            .Property("orchestrator", args.PodName is null ? "cni" : "k8s")
            .OptionalProperty("workload", args.PodName);
        Labels(json, config);
        json.OptionalList("profiles", config.Profiles);
        Ports(json, config.Ports);
        json.OptionalList("addresses", Addresses(config, args))
            .OptionalList("ipv4Pools", config.Ipv4Pools)
            .OptionalList("ipv6Pools", config.Ipv6Pools);
        if (config.Mtu is { } mtu) json.Property("mtu", mtu);
        return End(json.OptionalProperty("mac", config.RuntimeMac ?? args.Mac));
    }

    public static byte[] Detach(RuntimeEnvironment environment) => End(Identity(Begin("detach"), environment));

    public static byte[] Check(RuntimeEnvironment environment, PreviousResult previous)
    {
        List<string> addresses = [];
        foreach (PreviousIp ip in previous.Ips)
        {
            // Other plugins of the chain may have made interfaces of their own.
            bool ours = ip.Interface is not { } i || (i < previous.Interfaces.Count && previous.Interfaces[i].Name == environment.Interface);
            if (ours) addresses.Add(ip.Address);
        }
        return End(Identity(Begin("check"), environment).OptionalList("addresses", addresses));
    }

    public static byte[] Status() => End(Begin("query").Property("topic", "status"));

    private static JsonText Begin(string member) => new JsonText().BeginObject().Name(member).BeginObject();

    private static byte[] End(JsonText json) => json.EndObject().EndObject().ToUtf8();

    private static JsonText Identity(JsonText json, RuntimeEnvironment environment) => json
        .Property("containerId", environment.ContainerId)
        .Property("interface", environment.Interface)
        .OptionalProperty("networkNamespace", environment.NetworkNamespace.Length == 0 ? null : environment.NetworkNamespace);

    // What the runtime says at run time wins over what stands in a file.
    private static IReadOnlyList<string>? Addresses(NetworkConfig config, CniArgs args) =>
        config.RuntimeIps ?? config.ArgsIps ?? (args.Ip is null ? null : args.Ip.Split(','));

    private static void Labels(JsonText json, NetworkConfig config)
    {
        Dictionary<string, string> labels = config.Labels is null ? [] : new(config.Labels);
        foreach ((string key, string value) in config.ArgsLabels) labels[key] = value;
        if (labels.Count == 0) return;
        json.Name("labels").BeginObject();
        foreach ((string key, string value) in labels) json.Property(key, value);
        json.EndObject();
    }

    private static void Ports(JsonText json, IReadOnlyList<EndpointPort>? ports)
    {
        if (ports is null) return;
        json.Name("ports").BeginArray();
        foreach (EndpointPort port in ports)
        {
            json.BeginObject().OptionalProperty("name", port.Name).OptionalProperty("protocol", port.Protocol?.Text);
            if (port.Port is { } number) json.Property("port", number);
            json.EndObject();
        }
        json.EndArray();
    }
}
