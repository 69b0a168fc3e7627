using System.CommandLine;
using System.Globalization;
using System.Net;
using Margay.Agent.Routing;
using Margay.Agent.Underlay;
using Margay.Bgp.Bmp;
using Margay.Core.Net;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Networks;
using Microsoft.Extensions.Logging;

namespace Margay.Agent;

/// <summary>The flags of margay-agent. Every fault of a command line is reported at once.</summary>
internal static class CommandLine
{
    public static RootCommand Build(Func<AgentOptions, CancellationToken, Task<int>> run)
    {
        Option<bool> reflector = new("--reflector") { Description = "Be a BGP route reflector and nothing else: no workloads, no kernel, no privileges" };
        Option<string> node = new("--node") { Description = "Name of the Node object of this host", DefaultValueFactory = _ => Dns.GetHostName().Split('.')[0].ToLowerInvariant() };
        Option<string> server = new("--server") { Description = "URL of margay-server (or environment MARGAY_SERVER)", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("MARGAY_SERVER") ?? "http://127.0.0.1:7443" };
        Option<string?> token = new("--token-file") { Description = "File with the bearer token (or environment MARGAY_TOKEN_FILE)", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("MARGAY_TOKEN_FILE") };
        Option<string?> authority = new("--ca-file") { Description = "PEM file of the authorities that may have signed the server's certificate" };
        Option<string> state = new("--state-dir") { Description = "What must survive a restart", DefaultValueFactory = _ => AgentOptions.DefaultStateDirectory };
        Option<string> runtime = new("--run-dir") { Description = "Directory of the attach socket, agent.sock", DefaultValueFactory = _ => AgentOptions.DefaultRunDirectory };
        Option<string?> socket = new("--socket") { Description = "Path of the attach socket, instead of one in --run-dir" };
        Option<string> ip = new("--ip") { Description = "IPv4 address of this host on the underlay: ADDRESS[/LENGTH], none, or auto (source address of the default route)", DefaultValueFactory = _ => "auto" };
        Option<string> ip6 = new("--ip6") { Description = "The same for IPv6", DefaultValueFactory = _ => "auto" };
        Option<int?> mtu = new("--mtu") { Description = "MTU of workload interfaces; that of the uplink when not given" };
        Option<string?> networks = new("--network-prefix") { Description = "Call the namespaces of virtual networks PREFIX-NETWORK instead of margay_NODE_NETWORK" };
        Option<string[]> services = new("--network-service") { Description = "ADDRESS:PORT[/udp]=TARGET:PORT ([ADDRESS] for IPv6): virtual networks reach TARGET of this host under ADDRESS, as 169.254.169.254:80=127.0.0.1:8775; may be repeated", AllowMultipleArgumentsPerToken = true };
        Option<string> bgp = new("--bgp-listen") { Description = "Where BGP listens: ADDRESS[,ADDRESS…], :PORT, or none. Default: every address, on the port of the BGPConfiguration", DefaultValueFactory = _ => "" };
        Option<string[]> stations = new("--bmp-station") { Description = "ADDRESS:PORT ([ADDRESS]:PORT for IPv6) of a monitoring station that is told of BGP peers and routes (BMP, RFC 7854); may be repeated", AllowMultipleArgumentsPerToken = true };
        Option<string> metrics = new("--metrics-listen") { Description = "Where /metrics, /readyz and /livez are served: ADDRESS:PORT or none", DefaultValueFactory = _ => "127.0.0.1:9091" };
        Option<string> dropGroup = new("--drop-log-group") { Description = "NFLOG group by which this agent hears of dropped packets (margay drops): 0 to 65535, or none", DefaultValueFactory = _ => "78" };
        Option<int> dropRate = new("--drop-log-rate") { Description = "Dropped packets per second that one rule tells of; all are counted", DefaultValueFactory = _ => 10 };
        Option<string> format = new("--log-format") { Description = "text or json, on standard error", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        Option<string> level = new("--log-level") { Description = "debug, info, warning or error", DefaultValueFactory = _ => "info" };
        level.AcceptOnlyFromAmong("debug", "info", "warning", "error");
        Option<string[]> labels = new("--labels") { Description = "KEY=VALUE, put on the Node object; may be repeated", AllowMultipleArgumentsPerToken = true };

        RootCommand command = new("margay-agent: keeps this host as the cluster wants it, attaches workloads, speaks BGP.")
        {
            reflector, node, server, token, authority, state, runtime, socket, ip, ip6, mtu, networks, services, bgp, stations, metrics, dropGroup, dropRate, format, level, labels,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            List<string> faults = [];
            AgentOptions options = new()
            {
                Reflector = parsed.GetValue(reflector),
                Node = Checked(parsed.GetValue(node)!, IsObjectName, "--node", "must be a DNS subdomain in lower case", faults),
                Server = ServerUrl(parsed.GetValue(server)!, faults),
                TokenFile = parsed.GetValue(token),
                CaFile = parsed.GetValue(authority),
                StateDirectory = Path.GetFullPath(parsed.GetValue(state)!),
                Socket = Path.GetFullPath(parsed.GetValue(socket) ?? Path.Combine(parsed.GetValue(runtime)!, "agent.sock")),
                Ip = Address(parsed.GetValue(ip)!, false, "--ip", faults),
                Ip6 = Address(parsed.GetValue(ip6)!, true, "--ip6", faults),
                Mtu = parsed.GetValue(mtu),
                NetworkPrefix = Checked(parsed.GetValue(networks), p => p is null || IsObjectName(p), "--network-prefix", "must be a DNS subdomain in lower case", faults),
                NetworkServices = Services(parsed.GetValue(services) ?? [], faults),
                Bgp = Listen(parsed.GetValue(bgp)!, faults),
                BmpStations = Stations(parsed.GetValue(stations) ?? [], faults),
                Metrics = Endpoint(parsed.GetValue(metrics)!, faults),
                DropLog = DropLog(parsed.GetValue(dropGroup)!, parsed.GetValue(dropRate), faults),
                JsonLog = parsed.GetValue(format) == "json",
                LogLevel = parsed.GetValue(level) switch { "debug" => LogLevel.Debug, "warning" => LogLevel.Warning, "error" => LogLevel.Error, _ => LogLevel.Information },
                Labels = Labels(parsed.GetValue(labels) ?? [], faults),
            };
            if (options.Mtu is < 576 or > 65535) faults.Add("--mtu: must be from 576 to 65535");
            if (faults.Count == 0) return await run(options, cancel).ConfigureAwait(false);
            foreach (string fault in faults) await Console.Error.WriteLineAsync($"margay-agent: {fault}").ConfigureAwait(false);
            return 2;
        });
        return command;
    }

    private static T Checked<T>(T value, Func<T, bool> isGood, string flag, string rule, List<string> faults)
    {
        if (!isGood(value)) faults.Add($"{flag}: '{value}' {rule}");
        return value;
    }

    private static bool IsObjectName(string text) =>
        text.Length is > 0 and <= 253 && text.Split('.').All(l => l.Length is > 0 and <= 63 && !l.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-") && l[0] != '-' && l[^1] != '-');

    private static Uri ServerUrl(string text, List<string> faults)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https") return url;
        faults.Add($"--server: '{text}' is not an http or https URL");
        return new Uri("http://127.0.0.1/");
    }

    private static AddressChoice Address(string text, bool ipv6, string flag, List<string> faults)
    {
        if (AddressChoice.TryParse(text, ipv6, out AddressChoice choice)) return choice;
        faults.Add($"{flag}: '{text}' is not auto, none or an {(ipv6 ? "IPv6" : "IPv4")} address with an optional length");
        return AddressChoice.Auto;
    }

    private static BgpListen Listen(string text, List<string> faults)
    {
        if (text.Length == 0) return BgpListen.Default;
        if (text == "none") return new BgpListen(false, [], null);
        List<InetAddress> addresses = [];
        int? port = null;
        foreach (string part in text.Split(','))
        {
            if (part.StartsWith(':') && ushort.TryParse(part.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0) port = number;
            else if (InetAddress.TryParse(part, out InetAddress address)) addresses.Add(address);
            else faults.Add($"--bgp-listen: '{part}' is not an address, :PORT or none");
        }
        return new BgpListen(true, addresses, port);
    }

    private static List<BmpStationSpec> Stations(string[] texts, List<string> faults)
    {
        List<BmpStationSpec> stations = [];
        foreach (string text in texts.SelectMany(t => t.Split(',')))
        {
            if (!IPEndPoint.TryParse(text, out IPEndPoint? e) || e.Port == 0) faults.Add($"--bmp-station: '{text}' is not ADDRESS:PORT or [ADDRESS]:PORT");
            else if (new BmpStationSpec(InetAddress.FromBytes(e.Address.GetAddressBytes()), (ushort)e.Port) is var station && stations.Contains(station)) faults.Add($"--bmp-station: {text} is there twice; remove one");
            else stations.Add(station);
        }
        return stations;
    }

    private static List<HostService> Services(string[] texts, List<string> faults)
    {
        List<HostService> services = [];
        foreach (string text in texts.SelectMany(t => t.Split(',')))
        {
            if (HostService.Parse(text, out string fault) is not { } service) faults.Add($"--network-service: '{text}' {fault}");
            else if (services.Any(s => (s.Address, s.Port, s.Protocol) == (service.Address, service.Port, service.Protocol))) faults.Add($"--network-service: {text} is there twice; remove one");
            else services.Add(service);
        }
        return services;
    }

    private static DropLogOptions? DropLog(string group, int rate, List<string> faults)
    {
        if (rate is < 1 or > 100_000) faults.Add("--drop-log-rate: must be from 1 to 100000");
        if (group == "none") return null;
        if (ushort.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)) return new DropLogOptions { Group = number, Rate = (uint)Math.Max(rate, 1) };
        faults.Add($"--drop-log-group: '{group}' is not a number from 0 to 65535, or none");
        return null;
    }

    private static IPEndPoint? Endpoint(string text, List<string> faults)
    {
        if (text is "none" or "") return null;
        if (IPEndPoint.TryParse(text, out IPEndPoint? endpoint) && endpoint.Port > 0) return endpoint;
        faults.Add($"--metrics-listen: '{text}' is not ADDRESS:PORT or none");
        return null;
    }

    private static Dictionary<string, string> Labels(string[] texts, List<string> faults)
    {
        Dictionary<string, string> labels = [];
        foreach (string text in texts.SelectMany(t => t.Split(',')))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) labels[text[..equals]] = text[(equals + 1)..];
            else faults.Add($"--labels: '{text}' is not KEY=VALUE");
        }
        return labels;
    }
}
