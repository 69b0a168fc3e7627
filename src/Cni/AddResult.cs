using Margay.Cni.Config;

namespace Margay.Cni;

/// <summary>The result of ADD in the form of the asked version (specification, section 5), after what earlier plugins of the chain returned.</summary>
internal static class AddResult
{
    public static byte[] Write(RuntimeEnvironment environment, NetworkConfig config, AttachAnswer attach)
    {
        PreviousResult before = config.Previous ?? new PreviousResult();
        JsonText json = new JsonText().BeginObject().Property("cniVersion", config.CniVersion);

        json.Name("interfaces").BeginArray();
        foreach (PreviousInterface item in before.Interfaces) json.Raw(item.Json);
        json.BeginObject().Property("name", attach.HostInterface).Property("mac", attach.HostMac).EndObject();
        json.BeginObject().Property("name", environment.Interface).Property("mac", attach.Mac).Property("sandbox", environment.NetworkNamespace).EndObject();
        json.EndArray();

        int inside = before.Interfaces.Count + 1;
        json.Name("ips").BeginArray();
        foreach (PreviousIp item in before.Ips) json.Raw(item.Json);
        foreach (string address in attach.Addresses) Address(json, config.CniVersion, address, GatewayOf(address, attach), inside);
        json.EndArray();

        json.Name("routes").BeginArray();
        foreach (string item in before.Routes) json.Raw(item);
        if (attach.Ipv4Gateway is not null) Route(json, "0.0.0.0/0", attach.Ipv4Gateway);
        if (attach.Ipv6Gateway is not null) Route(json, "::/0", attach.Ipv6Gateway);
        json.EndArray();

        return json.Name("dns").Raw(config.Dns ?? "{}").EndObject().ToUtf8();
    }

    private static void Address(JsonText json, string version, string address, string? gateway, int index)
    {
        json.BeginObject();
        if (CniVersion.HasIpVersionField(version)) json.Property("version", IsV6(address) ? "6" : "4");
        json.Property("address", address).OptionalProperty("gateway", gateway).Property("interface", index).EndObject();
    }

    private static void Route(JsonText json, string destination, string gateway) =>
        json.BeginObject().Property("dst", destination).Property("gw", gateway).EndObject();

    private static string? GatewayOf(string address, AttachAnswer attach) => IsV6(address) ? attach.Ipv6Gateway : attach.Ipv4Gateway;

    private static bool IsV6(string address) => address.Contains(':', StringComparison.Ordinal);
}
