using System.Globalization;
using Margay.Core.Net;
using YamlDotNet.RepresentationModel;

namespace Margay.Lab.Topologies;

/// <summary>
/// One value of a YAML document with the path that leads to it. Reading never throws: what is not as asked for is noted in
/// <see cref="Faults"/> and read as a default, so that one pass finds every fault.
/// </summary>
internal readonly struct YamlField(YamlNode? node, string path, long parentLine, List<TopologyFault> faults)
{
    internal List<TopologyFault> Faults => faults;
    internal string Path => path;

    /// <summary>Neither left out nor null.</summary>
    internal bool IsPresent => node is not null && node is not YamlScalarNode { Value: null or "" or "~" or "null", Style: YamlDotNet.Core.ScalarStyle.Plain };

    /// <summary>Where it stands, or where what should contain it stands.</summary>
    private long Line => node?.Start.Line ?? parentLine;

    internal void Fault(string message) => faults.Add(new TopologyFault(path, Line, message));

    internal YamlMap Map(params ReadOnlySpan<string> keys)
    {
        if (IsPresent && node is not YamlMappingNode) Fault("must be a mapping");
        return new YamlMap(node as YamlMappingNode, path, Line, faults, keys);
    }

    /// <summary>The entries of a mapping whose keys are names.</summary>
    internal IEnumerable<(string Name, YamlField Value)> Entries()
    {
        if (IsPresent && node is not YamlMappingNode) Fault("must be a mapping of names");
        if (node is not YamlMappingNode mapping) yield break;
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            string name = (key as YamlScalarNode)?.Value ?? "";
            yield return (name, new YamlField(value, path.Length == 0 ? name : $"{path}.{name}", key.Start.Line, faults));
        }
    }

    internal IReadOnlyList<YamlField> Items()
    {
        if (IsPresent && node is not YamlSequenceNode) Fault("must be a list");
        if (node is not YamlSequenceNode sequence) return [];
        List<YamlField> items = [];
        foreach (YamlNode item in sequence.Children) items.Add(new YamlField(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{items.Count}]"), Line, faults));
        return items;
    }

    /// <summary>A list, or one value in place of a list of one.</summary>
    internal IReadOnlyList<YamlField> ItemsOrOne() => node is YamlScalarNode && IsPresent ? [this] : Items();

    internal string Text()
    {
        if (!IsPresent) Fault("is missing");
        else if (node is YamlScalarNode { Value: { } value }) return value;
        else Fault("must be text");
        return "";
    }

    internal string? OptionalText() => IsPresent ? Text() : null;

    internal uint Number(uint low, uint high)
    {
        string text = Text();
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number >= low && number <= high) return number;
        if (text.Length > 0) Fault(string.Create(CultureInfo.InvariantCulture, $"'{text}' is not a number from {low} to {high}"));
        return low;
    }

    internal T Parsed<T>(string what) where T : struct, ISpanParsable<T>
    {
        string text = Text();
        if (T.TryParse(text, CultureInfo.InvariantCulture, out T value)) return value;
        if (text.Length > 0) Fault($"'{text}' is not {what}");
        return default;
    }

    internal InetAddress Address() => Parsed<InetAddress>("an IP address");

    internal IReadOnlyList<InetAddress> Addresses() => ParsedItems<InetAddress>("an IP address");

    internal IReadOnlyList<IpPrefix> Prefixes() => ParsedItems<IpPrefix>("a prefix with zero host bits, such as 192.0.2.0/24");

    /// <summary>Those that can be read; the others are noted and left out, so that they do not cause more faults further on.</summary>
    private IReadOnlyList<T> ParsedItems<T>(string what) where T : struct, ISpanParsable<T>
    {
        List<T> values = [];
        foreach (YamlField item in Items())
        {
            int before = faults.Count;
            T value = item.Parsed<T>(what);
            if (faults.Count == before) values.Add(value);
        }
        return values;
    }

    internal IReadOnlyList<string> Texts() => [.. ItemsOrOne().Select(i => i.Text())];

    internal IReadOnlyDictionary<string, string> TextMap() =>
        Entries().ToDictionary(e => e.Name, e => e.Value.Text(), StringComparer.Ordinal);

    internal T OneOf<T>(params ReadOnlySpan<(string Word, T Value)> choices)
    {
        string text = Text();
        foreach ((string word, T value) in choices)
            if (word == text) return value;
        if (text.Length > 0)
        {
            List<string> words = [];
            foreach ((string word, _) in choices) words.Add(word);
            Fault($"'{text}' is not one of {string.Join(", ", words)}");
        }
        return choices[0].Value;
    }
}

/// <summary>A mapping of which the keys are known; any other key is a fault.</summary>
internal readonly struct YamlMap
{
    private readonly YamlMappingNode? _node;
    private readonly string _path;
    private readonly long _line;
    private readonly List<TopologyFault> _faults;

    internal YamlMap(YamlMappingNode? node, string path, long line, List<TopologyFault> faults, ReadOnlySpan<string> keys)
    {
        (_node, _path, _line, _faults) = (node, path, line, faults);
        if (node is null) return;
        foreach (YamlNode key in node.Children.Keys)
        {
            string name = (key as YamlScalarNode)?.Value ?? "";
            if (!keys.Contains(name)) faults.Add(new TopologyFault(PathOf(name), key.Start.Line, $"is not known here; known are {string.Join(", ", keys.ToArray())}"));
        }
    }

    /// <summary>The value of a key; not present when the key is not there.</summary>
    internal YamlField this[string key] =>
        new(_node is not null && _node.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? value) ? value : null, PathOf(key), _line, _faults);

    private string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";
}
