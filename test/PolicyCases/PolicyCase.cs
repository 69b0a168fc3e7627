using System.Globalization;
using System.Text;
using System.Text.Json;
using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Api.Validation.Manifests;
using Margay.Core.Net;

namespace Margay.PolicyCases;

/// <summary>One case: the objects in force and what becomes of each packet. README.md says what the fields mean.</summary>
/// <param name="Name">FILE: NAME.</param>
/// <param name="Objects">The world with the case's own objects, valid and with defaults.</param>
/// <param name="Packets">Each in one family.</param>
public sealed record PolicyCase(string Name, IReadOnlyList<Resource> Objects, IReadOnlyList<CasePacket> Packets)
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "PolicyCases");

    /// <summary>What is always there.</summary>
    public static IReadOnlyList<Resource> World() =>
        [.. ManifestReader.Read(File.ReadAllBytes(Path.Combine(Folder, "World.yaml")), "World.yaml").Select(o => Valid(o.Admit(), "World.yaml"))];

    public static IReadOnlyList<PolicyCase> All()
    {
        IReadOnlyList<Resource> world = World();
        return [.. Directory.EnumerateFiles(Path.Combine(Folder, "Cases"), "*.yaml").Order(StringComparer.Ordinal).SelectMany(f => Read(f, world))];
    }

    private static IEnumerable<PolicyCase> Read(string file, IReadOnlyList<Resource> world)
    {
        string source = Path.GetFileName(file);
        YamlDocument document = YamlConverter.Read(new StringReader(File.ReadAllText(file, Encoding.UTF8))).Single();
        if (document.Fault is { } fault) throw new InvalidDataException($"{source}: line {fault.Line}: {fault.Message}");
        foreach (JsonElement item in document.Json!.Value.GetProperty("cases").EnumerateArray())
        {
            string name = $"{source}: {item.GetProperty("name").GetString()}";
            Resource[] own = item.TryGetProperty("objects", out JsonElement objects)
                ? [.. objects.EnumerateArray().Select(o => Valid(ResourceDecoder.Admit(ResourceDecoder.Decode(o)), name))]
                : [];
            CasePacket[] packets = [.. item.GetProperty("packets").EnumerateArray().SelectMany(p => CasePacket.Read(p, name))];
            yield return new PolicyCase(name, [.. world.Where(w => !own.Any(o => o.Key == w.Key)), .. own], packets);
        }
    }

    private static Resource Valid(Decoded decoded, string name) =>
        decoded.IsValid ? decoded.Resource! : throw new InvalidDataException($"{name}: {string.Join("; ", decoded.Findings.Faults)}");

    public override string ToString() => Name;
}

/// <summary>One packet in one family, and its fate.</summary>
public sealed record CasePacket
{
    public required string Text { get; init; }

    /// <summary>The name, or an address.</summary>
    public required string From { get; init; }

    public required string To { get; init; }
    public required InetAddress Source { get; init; }
    public required InetAddress Destination { get; init; }
    public required byte Protocol { get; init; }
    public ushort? SourcePort { get; init; }
    public ushort? DestinationPort { get; init; }
    public byte? IcmpType { get; init; }
    public byte? IcmpCode { get; init; }
    public required bool Allowed { get; init; }
    public string? By { get; init; }

    /// <summary>The namespace of a workload of the world; null for what is none.</summary>
    public static string? NamespaceOf(string name) => name switch { "web" or "db" => "blue", "shop" or "plain" => "green", _ => null };

    /// <summary>One packet as it is written, for each family that it is meant for.</summary>
    internal static IEnumerable<CasePacket> Read(JsonElement item, string name)
    {
        string text = item.GetRawText();
        HashSet<string> known = ["from", "to", "tcp", "udp", "sctp", "icmp", "protocol", "sport", "ip", "expect", "by"];
        if (item.EnumerateObject().Select(p => p.Name).FirstOrDefault(n => !known.Contains(n)) is { } odd) throw new InvalidDataException($"{name}: {text}: what is {odd}?");
        string from = item.GetProperty("from").GetString()!, to = item.GetProperty("to").GetString()!;
        int[] families = item.TryGetProperty("ip", out JsonElement ip) ? [ip.GetInt32()]
            : InetAddress.TryParse(from, out InetAddress a) || InetAddress.TryParse(to, out a) ? [a.IsIPv6 ? 6 : 4] : [4, 6];
        foreach (int family in families)
        {
            CasePacket packet = new()
            {
                Text = $"{text} IPv{family.ToString(CultureInfo.InvariantCulture)}", From = from, To = to, Source = AddressOf(from, family), Destination = AddressOf(to, family), Protocol = 0,
                Allowed = item.GetProperty("expect").GetString() switch { "allow" => true, "deny" => false, var other => throw new InvalidDataException($"{name}: {text}: expect {other}?") },
                By = item.TryGetProperty("by", out JsonElement by) ? by.GetString() : null,
            };
            yield return WithProtocol(packet, item, family);
        }
    }

    private static CasePacket WithProtocol(CasePacket packet, JsonElement item, int family)
    {
        (string Key, byte Number)[] withPorts = [("tcp", Api.Resources.Protocol.Tcp), ("udp", Api.Resources.Protocol.Udp), ("sctp", Api.Resources.Protocol.Sctp)];
        foreach ((string key, byte number) in withPorts)
        {
            if (!item.TryGetProperty(key, out JsonElement port)) continue;
            return packet with { Protocol = number, DestinationPort = port.GetUInt16(), SourcePort = item.TryGetProperty("sport", out JsonElement sport) ? sport.GetUInt16() : (ushort)40000 };
        }
        if (!item.TryGetProperty("icmp", out JsonElement icmp)) return packet with { Protocol = item.GetProperty("protocol").GetByte() };
        bool isObject = icmp.ValueKind == JsonValueKind.Object;
        return packet with
        {
            Protocol = family == 4 ? Api.Resources.Protocol.Icmp : Api.Resources.Protocol.IcmpV6,
            IcmpType = isObject ? icmp.GetProperty("type").GetByte() : icmp.GetByte(),
            IcmpCode = isObject && icmp.TryGetProperty("code", out JsonElement code) ? code.GetByte() : (byte)0,
        };
    }

    private static InetAddress AddressOf(string name, int family) => InetAddress.Parse((name, family) switch
    {
        ("web", 4) => "10.65.0.1", ("web", _) => "fd00:65::1",
        ("db", 4) => "10.65.0.2", ("db", _) => "fd00:65::2",
        ("shop", 4) => "10.65.0.3", ("shop", _) => "fd00:65::3",
        ("plain", 4) => "10.65.0.4", ("plain", _) => "fd00:65::4",
        ("host", 4) => "192.0.2.1", ("host", _) => "2001:db8::1",
        ("outside", 4) => "192.0.2.50", ("outside", _) => "2001:db8::50",
        ("far", 4) => "198.51.100.9", ("far", _) => "2001:db8:9::9",
        _ => name,
    });
}
