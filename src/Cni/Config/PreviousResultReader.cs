using System.Text.Json;

namespace Margay.Cni.Config;

/// <summary>Reads prevResult (specification, section 5, "Success"). Objects of other plugins are kept as they are.</summary>
internal static class PreviousResultReader
{
    public static PreviousResult? Read(JsonElement value, FieldReader read)
    {
        if (!read.IsObject(value, "prevResult")) return null;
        return new PreviousResult
        {
            Interfaces = [.. Items(value, "interfaces", read).Select((item, i) => new PreviousInterface(
                item.TryGetProperty("name", out JsonElement name) ? read.String(name, $"prevResult.interfaces[{i}].name") ?? "" : "",
                item.TryGetProperty("sandbox", out JsonElement sandbox) ? read.String(sandbox, $"prevResult.interfaces[{i}].sandbox") : null,
                item.GetRawText()))],
            Ips = [.. Items(value, "ips", read).Select((item, i) => new PreviousIp(
                item.TryGetProperty("address", out JsonElement address) ? read.String(address, $"prevResult.ips[{i}].address") ?? "" : "",
                item.TryGetProperty("interface", out JsonElement index) ? read.Integer(index, $"prevResult.ips[{i}].interface", 0, int.MaxValue) : null,
                item.GetRawText()))],
            Routes = [.. Items(value, "routes", read).Select(item => item.GetRawText())],
        };
    }

    private static IEnumerable<JsonElement> Items(JsonElement value, string list, FieldReader read)
    {
        string path = $"prevResult.{list}";
        if (!value.TryGetProperty(list, out JsonElement items) || items.ValueKind == JsonValueKind.Null || !read.IsArray(items, path)) yield break;
        int i = 0;
        foreach (JsonElement item in items.EnumerateArray())
            if (read.IsObject(item, $"{path}[{i++}]")) yield return item;
    }
}
