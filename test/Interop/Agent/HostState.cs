using System.Text;
using System.Text.RegularExpressions;
using Margay.Interop.Dataplane;
using Margay.Interop.Netlink;

namespace Margay.Interop.Agent;

/// <summary>
/// All that the kernel holds for a namespace, so that what was made step by step can be compared with what was made at once: numbers that the kernel or the agent gives out in the order
/// of events (interface indexes, nexthop ids, transit addresses) are left out or replaced by what they stand for, and what has no order is sorted.
/// </summary>
internal static partial class HostState
{
    /// <param name="space">Name of a network namespace.</param>
    internal static string Of(string space)
    {
        Dictionary<string, string> hops = Nexthops(space);
        string[] lines =
        [
            .. Section("link", Ip(space, "-d", "-o", "link", "show").Select(Link)),
            .. Section("address", Ip(space, "-o", "address", "show").Select(Link)),
            .. Section("route", Ip(space, "-o", "-4", "route", "show", "table", "all").Concat(Ip(space, "-o", "-6", "route", "show", "table", "all")).Select(NumberedHop)),
            .. Section("rule", Ip(space, "-4", "rule", "show").Concat(Ip(space, "-6", "rule", "show"))),
            .. Section("nexthop", hops.Values),
            .. Section("neighbour", Ip(space, "neigh", "show", "nud", "permanent")),
            .. Section("fdb", Tool.Run("bridge", "-n", space, "fdb", "show").Split('\n').Select(Link)),
            .. Section("settings", Tool.Run("ip", "netns", "exec", space, "sysctl", "-a", "-e", "-r", @"^net\.ipv[46]\.(conf|ip_forward)").Split('\n')),
            "== nftables",
            Ruleset(Tool.Run("ip", "netns", "exec", space, "nft", "-s", "list", "ruleset")),
        ];
        return string.Join('\n', lines);
    }

    private static IEnumerable<string> Section(string name, IEnumerable<string> lines) =>
        lines.Select(l => Transit(l.TrimEnd())).Where(l => l.Length > 0).Order(StringComparer.Ordinal).Prepend($"== {name}");

    private static string[] Ip(string space, params string[] command) => Tool.Run("ip", ["-n", space, .. command]).Split('\n');

    private static string Link(string line) => LinkNumbers().Replace(line, "");

    private static string NumberedHop(string line) => NexthopId().Replace(line, "");

    /// <summary>By id, what each is; a group as those that it consists of.</summary>
    private static Dictionary<string, string> Nexthops(string space)
    {
        Dictionary<string, string> hops = [];
        string[][] rows = [.. Ip(space, "nexthop", "show").Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 2)];
        foreach (string[] words in rows.Where(w => w[2] != "group")) hops[words[1]] = string.Join(' ', words[2..]);
        foreach (string[] words in rows.Where(w => w[2] == "group"))
            hops[words[1]] = $"group {string.Join(" / ", words[3].Split('/').Select(id => hops[id.Split(',')[0]]).Order(StringComparer.Ordinal))} {string.Join(' ', words[4..])}";
        return hops;
    }

    /// <summary>Tables, and in each its sets, maps and chains, in the order of their names; elements in the order of their texts; the rules of a chain as they are.</summary>
    private static string Ruleset(string listing)
    {
        List<string> blocks = [];
        StringBuilder block = new();
        string table = "";
        foreach (string line in Elements().Replace(Listing.Settled(listing), SortElements).Split('\n'))
        {
            if (line.StartsWith("table ", StringComparison.Ordinal)) table = line;
            else if (line.StartsWith('\t'))
            {
                block.Append(table).Append(line).Append('\n');
                if (line == "\t}")
                {
                    blocks.Add(block.ToString());
                    block.Clear();
                }
            }
        }
        return string.Concat(blocks.Order(StringComparer.Ordinal));
    }

    private static string SortElements(Match match) =>
        $"elements = {{ {string.Join(", ", match.Groups[1].Value.Split(',').Select(e => Transit(Spaces().Replace(e, " ").Trim())).Order(StringComparer.Ordinal))} }}";

    /// <summary>A transit address is one that was free.</summary>
    private static string Transit(string text) => TransitAddress().Replace(text, "transit");

    [GeneratedRegex(@"^\d+: |@if\d+|link-netnsid \d+ ?|link-netns \S+ ?|\bif\d+\b")]
    private static partial Regex LinkNumbers();

    [GeneratedRegex(@"\bnhid \d+ ")]
    private static partial Regex NexthopId();

    [GeneratedRegex(@"elements = \{([^}]*)\}")]
    private static partial Regex Elements();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"169\.254\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+(?!/18)|fd6d:6172:6761:7900:[0-9a-f:]+(?!/64)")]
    private static partial Regex TransitAddress();
}
