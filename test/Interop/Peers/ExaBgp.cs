using System.Globalization;
using System.Text.Json;
using System.Text;
using Margay.Bgp.Wire;
using Margay.Lab.Processes;

namespace Margay.Interop.Peers;

/// <summary>
/// ExaBGP. It has no table: it tells a program of ours what it received, a line of JSON each, and does what that program says. The program is a shell that writes
/// the one to a file and reads the other from a file.
/// </summary>
internal sealed class ExaBgp(string networkNamespace, string folder) : PeerDaemon(networkNamespace, folder)
{
    private string Received => Path.Combine(Folder, "received.json");
    private string Commands => Path.Combine(Folder, "commands");

    private protected override IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>
    {
        ["exabgp_log_destination"] = "stdout",
        ["exabgp_daemon_drop"] = "false",
        ["exabgp_daemon_user"] = "root",
        ["exabgp_cli_pipe"] = "",
        ["exabgp_tcp_attempts"] = "0",
        ["exabgp_reactor_speed"] = "0.2",
    };

    internal override Task StartAsync(PeerSetup setup)
    {
        File.WriteAllText(Commands, "");
        File.WriteAllText(Received, "");
        string program = Write("watch", $"#!/bin/sh\ntail --pid=$$ -n +1 -f '{Commands}' &\nexec cat >>'{Received}'\n", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Launch("exabgp", "exabgp", Write("exabgp.conf", Render(setup, program)));
        return Task.CompletedTask;
    }

    /// <summary>A command of its API, as <c>announce route …</c>.</summary>
    internal void Tell(string command) => File.AppendAllText(Commands, command + "\n");

    // The newest line that names the prefix decides.
    private protected override Task<CommandResult> LookAsync(string prefix)
    {
        string last = "";
        foreach (string line in Lines())
        {
            if (!line.Contains($"\"{prefix}\"", StringComparison.Ordinal)) continue;
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement update = json.RootElement.GetProperty("neighbor").GetProperty("message").GetProperty("update");
            last = update.TryGetProperty("announce", out JsonElement announced) && announced.GetRawText().Contains(prefix, StringComparison.Ordinal) ? line : "";
        }
        return Task.FromResult(new CommandResult(0, last, "", false));
    }

    private protected override Task<CommandResult> CommandAsync(string[] command)
    {
        Tell(string.Join(' ', command));
        return Task.FromResult(new CommandResult(0, string.Join('\n', Lines()), "", false));
    }

    /// <summary>All that it received, in its JSON.</summary>
    internal IEnumerable<string> Lines()
    {
        string text = File.Exists(Received) ? File.ReadAllText(Received) : "";
        // The last line may be half written.
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] == '{');
    }

    private static string Render(PeerSetup s, string program)
    {
        StringBuilder announce = new();
        foreach (FamilySet family in (FamilySet[])[FamilySet.IPv4Unicast, FamilySet.IPv6Unicast])
        {
            foreach (string p in s.Of(family))
            {
                string community = s.Asn <= ushort.MaxValue ? $"community [{s.Asn}:77] " : "";
                announce.Append(CultureInfo.InvariantCulture, $"{(family == FamilySet.IPv4Unicast ? "ipv4" : "ipv6")} {{ unicast {p} next-hop {(family == FamilySet.IPv4Unicast && !(s.ExtendedNextHop && s.OverIPv6) ? s.Address : s.Address6)} {community}large-community [{s.Asn}:1:2]; }}\n");
            }
        }
        string families = string.Concat(((IEnumerable<(FamilySet, string)>)
            [(FamilySet.IPv4Unicast, "ipv4 unicast; "), (FamilySet.IPv6Unicast, "ipv6 unicast; "), (FamilySet.VpnIPv4, "ipv4 mpls-vpn; "), (FamilySet.VpnIPv6, "ipv6 mpls-vpn; "),
             (FamilySet.Evpn, "l2vpn evpn; "), (FamilySet.RouteTarget, "ipv4 rtc; ")]).Where(f => s.Has(f.Item1)).Select(f => f.Item2));
        return $$"""
            process watch { run {{program}}; encoder json; }
            {{s.MoreGlobal}}
            neighbor {{s.Neighbour}} {
              router-id {{s.Address}};
              local-address {{s.LocalAddress}};
              local-as {{s.Asn}};
              peer-as {{s.NeighbourAsn}};
              hold-time {{s.HoldTime}};
              {{(s.Password is null ? "" : $"md5-password '{s.Password}';")}}
              {{(s.Passive ? "passive true;" : "")}}
              {{(s.TtlSecurity ? "outgoing-ttl 255; incoming-ttl 255;" : "")}}
              capability {
                asn4 {{(s.TwoOctetAs ? "disable" : "enable")}};
                route-refresh enable;
                {{(s.RestartTime > 0 ? $"graceful-restart {s.RestartTime};" : "")}}
                {{(s.AddPath ? "add-path send/receive;" : "")}}
                extended-message {{(s.ExtendedMessages ? "enable" : "disable")}};
                {{(s.ExtendedNextHop ? "nexthop enable;" : "")}}
              }
              {{s.More}}
              family { {{families}} }
              {{(s.ExtendedNextHop ? "nexthop { ipv4 unicast ipv6; }" : "")}}
              api { processes [ watch ]; receive { parsed; update; notification; refresh; } neighbor-changes; }
              announce { {{announce}} }
            }
            """;
    }
}
