using System.Globalization;
using System.Text;
using Margay.Bgp.Wire;
using Margay.Lab.Processes;

namespace Margay.Interop.Peers;

/// <summary>GoBGP. Its own routes are added by its command line, after it answers.</summary>
internal sealed class GoBgp(string networkNamespace, string folder) : PeerDaemon(networkNamespace, folder)
{
    internal override async Task StartAsync(PeerSetup setup)
    {
        Start(Render(setup), setup.Restarting);
        foreach (string p in setup.Of(FamilySet.IPv4Unicast)) await AnnounceAsync(setup, p);
        foreach (string p in setup.Of(FamilySet.IPv6Unicast)) await AnnounceAsync(setup, p);
    }

    private Task AnnounceAsync(PeerSetup s, string prefix)
    {
        bool v6 = prefix.Contains(':', StringComparison.Ordinal);
        string[] community = s.Asn <= ushort.MaxValue ? ["community", $"{s.Asn}:77"] : [];
        return AskAsync(["global", "rib", "add", "-a", v6 ? "ipv6" : "ipv4", prefix, "nexthop", v6 || s.ExtendedNextHop ? s.Address6 : s.Address, .. community, "large-community", $"{s.Asn}:1:2"]);
    }

    internal void Start(string config, bool restarting = false) =>
        Launch("gobgpd", ["gobgpd", "-f", Write("gobgpd.toml", config), "-t", "toml", "--pprof-disable", "--api-hosts=127.0.0.1:50051", .. restarting ? new[] { "-r" } : []]);

    private protected override Task<CommandResult> LookAsync(string prefix) => CommandAsync(["global", "rib", "-a", prefix.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4", prefix]);

    private protected override Task<CommandResult> CommandAsync(string[] command) => RunAsync(["gobgp", .. command]);

    private static string Render(PeerSetup s)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"""
            [global.config]
              as = {s.Asn}
              router-id = "{s.Address}"
            {s.MoreGlobal}
            [[neighbors]]
              [neighbors.config]
                neighbor-address = "{s.Neighbour}"
                peer-as = {s.NeighbourAsn}
                {(s.Password is null ? "" : $"auth-password = \"{s.Password}\"")}
              [neighbors.timers.config]
                connect-retry = 1
                idle-hold-time-after-reset = 1
                hold-time = {s.HoldTime}
              [neighbors.transport.config]
                passive-mode = {(s.Passive ? "true" : "false")}
                local-address = "{s.LocalAddress}"

            """);
        if (s.TtlSecurity) text.Append("  [neighbors.ttl-security.config]\n    enabled = true\n    ttl-min = 255\n");
        if (s.RestartTime > 0)
            text.Append(CultureInfo.InvariantCulture, $"  [neighbors.graceful-restart.config]\n    enabled = true\n    restart-time = {s.RestartTime}\n    long-lived-enabled = {(s.LongLivedTime > 0 ? "true" : "false")}\n");
        text.Append(s.More).Append('\n');
        foreach ((FamilySet family, string name) in (IEnumerable<(FamilySet, string)>)
            [(FamilySet.IPv4Unicast, "ipv4-unicast"), (FamilySet.IPv6Unicast, "ipv6-unicast"), (FamilySet.Evpn, "l2vpn-evpn"), (FamilySet.VpnIPv4, "l3vpn-ipv4-unicast"),
             (FamilySet.VpnIPv6, "l3vpn-ipv6-unicast"), (FamilySet.RouteTarget, "rtc")])
        {
            if (!s.Has(family)) continue;
            text.Append(CultureInfo.InvariantCulture, $"  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n      afi-safi-name = \"{name}\"\n");
            if (s.AddPath) text.Append("    [neighbors.afi-safis.add-paths.config]\n      receive = true\n      send-max = 8\n");
            if (s.RestartTime > 0) text.Append("    [neighbors.afi-safis.mp-graceful-restart.config]\n      enabled = true\n");
            if (s.LongLivedTime > 0) text.Append(CultureInfo.InvariantCulture, $"    [neighbors.afi-safis.long-lived-graceful-restart.config]\n      enabled = true\n      restart-time = {s.LongLivedTime}\n");
            if (s.PrefixLimit > 0) text.Append(CultureInfo.InvariantCulture, $"    [neighbors.afi-safis.prefix-limit.config]\n      max-prefixes = {s.PrefixLimit}\n");
        }
        return text.ToString();
    }
}
