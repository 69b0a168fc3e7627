using System.Text;
using System.Text.Json;
using Margay.Core.Net;
using Margay.Lab.Processes;
using Margay.Lab.Topologies;

namespace Margay.Lab.Workloads;

/// <summary>
/// Runs the CNI plugin as a container runtime would (CNI specification 1.0.0, section 2): parameters in the environment, configuration on standard input,
/// in the network namespace of the host.
/// </summary>
internal sealed class CniPlugin(string program, string agentSocket, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>ADD; the addresses that the workload got. Throws <see cref="LabException"/> with the plugin's own words.</summary>
    internal async Task<(IReadOnlyList<string> Addresses, TimeSpan Took)> AddAsync(Enclosure host, Workload workload, string containerId, string namespacePath, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        CommandResult result = await Launcher.RunAsync(
            host, [program], Limit, time, Configuration(workload, agentSocket), Environment("ADD", workload, containerId, namespacePath), cancel).ConfigureAwait(false);
        if (!result.Succeeded) throw new LabException($"CNI ADD of {workload.Id} on {workload.Host} failed: {Reason(result)}");
        return (ReadAddresses(result.Output), time.GetElapsedTime(start));
    }

    private Dictionary<string, string> Environment(string command, Workload workload, string containerId, string namespacePath) => new()
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = containerId,
        ["CNI_NETNS"] = namespacePath,
        ["CNI_IFNAME"] = "eth0",
        ["CNI_PATH"] = Path.GetDirectoryName(program) ?? "/",
        ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE={workload.Namespace};K8S_POD_NAME={workload.Name}",
    };

    internal static string Configuration(Workload workload, string agentSocket)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", "1.0.0");
            json.WriteString("name", "margay");
            json.WriteString("type", "margay-cni");
            json.WriteString("agentSocket", agentSocket);
            json.WriteString("namespace", workload.Namespace);
            if (workload.Network is not null) json.WriteString("network", workload.Network);
            if (workload.Addresses.Count > 0)
            {
                json.WriteStartObject("args");
                json.WriteStartObject("cni");
                json.WriteStartArray("ips");
                foreach (InetAddress address in workload.Addresses) json.WriteStringValue(address.ToString());
                json.WriteEndArray();
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteStartObject("labels");
            foreach ((string key, string value) in workload.Labels) json.WriteString(key, value);
            json.WriteEndObject();
            if (workload.PortNames.Count > 0)
            {
                json.WriteStartArray("ports");
                foreach ((string name, TransportPort port) in workload.PortNames)
                {
                    json.WriteStartObject();
                    json.WriteString("name", name);
                    json.WriteNumber("port", port.Number);
                    json.WriteString("protocol", port.Transport.ToString().ToUpperInvariant());
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            if (workload.Profiles.Count > 0)
            {
                json.WriteStartArray("profiles");
                foreach (string profile in workload.Profiles) json.WriteStringValue(profile);
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray());
    }

    internal static IReadOnlyList<string> ReadAddresses(string output)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            return [.. document.RootElement.GetProperty("ips").EnumerateArray().Select(ip => ip.GetProperty("address").GetString() ?? "")];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new LabException($"the CNI plugin's answer is no result: {e.Message}", e);
        }
    }

    /// <summary>An error result has "msg" and "details"; anything else is shown as it is.</summary>
    private static string Reason(CommandResult result)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(result.Output);
            string message = document.RootElement.GetProperty("msg").GetString() ?? "";
            return document.RootElement.TryGetProperty("details", out JsonElement details) ? $"{message}: {details.GetString()}" : message;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return result.Words;
        }
    }
}
