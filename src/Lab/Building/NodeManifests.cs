using System.Text;
using System.Text.Json;
using Margay.Lab.Topologies;

namespace Margay.Lab.Building;

/// <summary>The Node objects that a topology implies: each host with its labels, AS number and addresses.</summary>
internal static class NodeManifests
{
    /// <summary>As a List, in JSON.</summary>
    internal static string Render(Topology topology)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion", "v1");
            json.WriteString("kind", "List");
            json.WriteStartArray("items");
            foreach (Host host in topology.Hosts) WriteNode(json, topology, host);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static void WriteNode(Utf8JsonWriter json, Topology topology, Host host)
    {
        json.WriteStartObject();
        json.WriteString("apiVersion", "projectcalico.org/v3");
        json.WriteString("kind", "Node");
        json.WriteStartObject("metadata");
        json.WriteString("name", host.Name);
        json.WriteStartObject("labels");
        foreach ((string key, string value) in host.Labels) json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("spec");
        json.WriteStartObject("bgp");
        json.WriteNumber("asNumber", host.As);
        foreach (var address in host.Addresses)
        {
            int length = topology.RackNamed(host.Rack).Subnets.First(s => s.Contains(address)).Length;
            json.WriteString(address.IsIPv6 ? "ipv6Address" : "ipv4Address", $"{address}/{length}");
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
