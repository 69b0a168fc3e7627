using System.Text.Json.Nodes;

namespace Margay.Interop.Netlink;

/// <summary>
/// The same thing made twice: in one namespace by the tool, in the other by the library. What the tool then shows of both must be the same, but for
/// what cannot be: indices, handles, random MACs.
/// </summary>
internal static class Twin
{
    private static readonly string[] Volatile =
        ["ifindex", "link_index", "link_netnsid", "ifi_index", "handle", "index", "preferred_life_time", "valid_life_time", "cacheinfo", "used", "gc_timer"];

    internal static void AssertSame(Action<Sandbox> byTool, Action<Sandbox> byLibrary, Func<Sandbox, JsonNode?> look, params string[] ignore)
    {
        using Sandbox tool = new();
        using Sandbox library = new();
        byTool(tool);
        byLibrary(library);
        string expected = Text(look(tool), ignore);
        string actual = Text(look(library), ignore);
        Assert.Equal(expected, actual);
    }

    private static string Text(JsonNode? node, string[] ignore)
    {
        Strip(node, [.. Volatile, .. ignore]);
        return node?.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }) ?? "";
    }

    private static void Strip(JsonNode? node, HashSet<string> names)
    {
        switch (node)
        {
            case JsonObject o:
                foreach (string name in o.Select(p => p.Key).Where(names.Contains).ToList()) o.Remove(name);
                foreach ((_, JsonNode? child) in o) Strip(child, names);
                break;
            case JsonArray a:
                foreach (JsonNode? child in a) Strip(child, names);
                break;
        }
    }
}
