using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Margay.Lab.Topologies;

/// <summary>
/// Reads a topology file. Two passes: the shape of the document here, what its parts say about each other in <see cref="TopologyRules"/>.
/// Both note every fault; only a file without any gives a <see cref="Topology"/>.
/// </summary>
public static class TopologyReader
{
    /// <summary>Reads the file and resolves the manifests beside it. An unreadable file is a fault too.</summary>
    public static TopologyResult ReadFile(string path)
    {
        try
        {
            string full = Path.GetFullPath(path);
            return Read(File.ReadAllText(full), Path.GetDirectoryName(full) ?? "/");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new TopologyResult(null, [new TopologyFault("", 0, e.Message)]);
        }
    }

    /// <param name="yaml">One document.</param>
    /// <param name="directory">What relative paths of manifests are relative to.</param>
    public static TopologyResult Read(string yaml, string directory)
    {
        List<TopologyFault> faults = [];
        YamlStream stream = [];
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            return new TopologyResult(null, [new TopologyFault("", e.Start.Line, $"is not YAML: {e.Message}")]);
        }
        if (stream.Documents.Count != 1) return new TopologyResult(null, [new TopologyFault("", 0, "must hold one YAML document")]);
        Topology topology = ReadTopology(new YamlField(stream.Documents[0].RootNode, "", 1, faults), directory);
        TopologyRules.Check(topology, faults);
        return new TopologyResult(faults.Count == 0 ? topology : null, faults);
    }

    private static Topology ReadTopology(YamlField root, string directory)
    {
        YamlMap map = root.Map("name", "description", "racks", "switches", "links", "server", "hosts", "workloads", "manifests", "expectations");
        return new Topology
        {
            Name = map["name"].Text(),
            Description = map["description"].OptionalText(),
            Racks = [.. map["racks"].Entries().Select(e => new Rack(e.Name, e.Value.Map("subnets")["subnets"].Prefixes()))],
            Switches = [.. map["switches"].Entries().Select(e => ReadSwitch(e.Name, e.Value))],
            Cables = [.. map["links"].Items().Select(ReadCable)],
            Server = map["server"].IsPresent ? ReadServer(map["server"]) : null,
            Hosts = [.. map["hosts"].Entries().Select(e => ReadHost(e.Name, e.Value))],
            Workloads = [.. map["workloads"].Entries().Select(e => ReadWorkload(e.Name, e.Value))],
            Manifests = [.. map["manifests"].Items().Select(m => ReadManifest(m, directory))],
            Expectations = [.. map["expectations"].Items().Select(ReadExpectation)],
        };
    }

    private static Switch ReadSwitch(string name, YamlField field)
    {
        YamlMap map = field.Map("daemon", "as", "routerId", "rack");
        return new Switch
        {
            Name = name,
            Daemon = map["daemon"].OneOf(("frr", SwitchDaemon.Frr), ("bird", SwitchDaemon.Bird)),
            As = map["as"].Number(1, uint.MaxValue),
            RouterId = map["routerId"].Address(),
            Rack = map["rack"].OptionalText(),
        };
    }

    private static Cable ReadCable(YamlField field)
    {
        YamlMap map = field.Map("ends", "subnets");
        IReadOnlyList<string> ends = map["ends"].Texts();
        if (ends.Count != 2) map["ends"].Fault("must name two switches");
        return new Cable(ends.ElementAtOrDefault(0) ?? "", ends.ElementAtOrDefault(1) ?? "", map["subnets"].Prefixes());
    }

    private static Server ReadServer(YamlField field)
    {
        YamlMap map = field.Map("name", "switch", "subnets", "flags");
        return new Server(map["name"].OptionalText() ?? "server", map["switch"].Text(), map["subnets"].Prefixes(), map["flags"].Texts());
    }

    private static Host ReadHost(string name, YamlField field)
    {
        YamlMap map = field.Map("rack", "addresses", "as", "labels", "flags", "ports", "publish");
        return new Host
        {
            Name = name,
            Rack = map["rack"].Text(),
            Addresses = map["addresses"].Addresses(),
            As = map["as"].Number(1, uint.MaxValue),
            Labels = map["labels"].TextMap(),
            Flags = map["flags"].Texts(),
            Ports = ReadPorts(map["ports"]),
            Published = [.. map["publish"].Entries().Select(e => ReadPublished(e.Name, e.Value))],
        };
    }

    private static PublishedPort ReadPublished(string name, YamlField field)
    {
        if (!TransportPort.TryParse(name, out TransportPort port) || port.Transport is not (Transport.Tcp or Transport.Udp)) field.Fault("must be a port such as 30080/tcp");
        string text = field.Text();
        string[] parts = text.Split(':');
        if (parts.Length == 2 && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number is > 0 and <= ushort.MaxValue)
            return new PublishedPort(port, parts[0], (int)number);
        if (text.Length > 0) field.Fault($"'{text}' is not NAMESPACE/NAME:PORT");
        return new PublishedPort(port, "", 0);
    }

    private static Workload ReadWorkload(string id, YamlField field)
    {
        YamlMap map = field.Map("host", "network", "addresses", "floating", "labels", "ports", "portNames", "profiles");
        string[] parts = id.Split('/');
        if (parts.Length != 2) field.Fault("must be named NAMESPACE/NAME");
        return new Workload
        {
            Namespace = parts[0],
            Name = parts.Length == 2 ? parts[1] : "",
            Host = map["host"].Text(),
            Network = map["network"].OptionalText(),
            Addresses = map["addresses"].Addresses(),
            Floating = map["floating"].Addresses(),
            Labels = map["labels"].TextMap(),
            Ports = ReadPorts(map["ports"]),
            PortNames = map["portNames"].Entries().ToDictionary(e => e.Name, e => ReadPort(e.Value), StringComparer.Ordinal),
            Profiles = map["profiles"].Texts(),
        };
    }

    /// <summary>Where somebody listens.</summary>
    private static List<TransportPort> ReadPorts(YamlField field)
    {
        List<TransportPort> ports = [];
        foreach (YamlField item in field.Items())
        {
            TransportPort port = ReadPort(item);
            if (port.Transport == Transport.Icmp) item.Fault("listens on ports such as 80/tcp, 53/udp or 7000/sctp");
            else if (ports.Contains(port)) item.Fault($"{port} is named twice");
            else ports.Add(port);
        }
        return ports;
    }

    private static TransportPort ReadPort(YamlField field)
    {
        string text = field.Text();
        if (TransportPort.TryParse(text, out TransportPort port)) return port;
        if (text.Length > 0) field.Fault($"'{text}' is not a port such as 80/tcp, 53/udp or 7000/sctp");
        return new TransportPort(Transport.Tcp, 0);
    }

    private static string ReadManifest(YamlField field, string directory)
    {
        string text = field.Text();
        string path = Path.GetFullPath(text, directory);
        if (text.Length > 0 && !Path.Exists(path)) field.Fault($"'{text}' is not there: it is looked for beside the topology file");
        return path;
    }

    private static Expectation ReadExpectation(YamlField field)
    {
        YamlMap map = field.Map("from", "to", "ports", "families", "expect");
        IReadOnlyList<YamlField> ports = map["ports"].ItemsOrOne();
        bool v4 = true, v6 = true;
        if (map["families"].IsPresent)
        {
            IReadOnlyList<uint> families = [.. map["families"].ItemsOrOne().Select(ReadFamily)];
            (v4, v6) = (families.Contains(4u), families.Contains(6u));
        }
        return new Expectation
        {
            From = map["from"].Texts(),
            To = map["to"].Texts(),
            Ports = ports.Count == 0 ? [TransportPort.Icmp] : [.. ports.Select(ReadPort)],
            Ipv4 = v4,
            Ipv6 = v6,
            Allow = map["expect"].OneOf(("allow", true), ("deny", false)),
        };
    }

    private static uint ReadFamily(YamlField field) => field.OneOf(("4", 4u), ("6", 6u));
}
