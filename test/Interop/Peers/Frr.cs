using System.Text;
using Margay.Bgp.Wire;
using Margay.Lab.Processes;
using Margay.Lab.Switches;
using Margay.Lab.Topologies;

namespace Margay.Interop.Peers;

/// <summary>bgpd of FRR. Alone its next hops count as valid and nothing goes to the kernel; with <see cref="PeerSetup.KernelRoutes"/> zebra is there too.</summary>
internal sealed class Frr(string networkNamespace, string folder)
    : PeerDaemon(networkNamespace, folder, [("/etc/frr", Path.Combine(folder, "etc")), ("/run/frr", Path.Combine(folder, "run"))])
{
    private string Etc => Path.Combine(Folder, "etc");
    private string Run => Path.Combine(Folder, "run");

    internal override async Task StartAsync(PeerSetup setup)
    {
        if (!setup.KernelRoutes)
        {
            Start(Render(setup));
            return;
        }
        RoutingDaemons daemons = new(Enclosure, "peer", Etc, Run, _ => Path.Combine(Folder, "log"));
        await daemons.StartAsync(SwitchDaemon.Frr, "log stdout informational\n" + Render(setup), p => Adopt(p.Identity), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    internal void Start(string config)
    {
        OpenToAll(Etc);
        OpenToAll(Run);
        Write("etc/bgpd.conf", "frr defaults datacenter\nlog stdout informational\n" + config);
        Write("etc/vtysh.conf", "no service integrated-vtysh-config\n");
        Launch("frr", RoutingDaemons.ProgramOfFrr("bgpd"), "-f", "/etc/frr/bgpd.conf", "-Z", "-S", "-P", "0", "-A", "127.0.0.1");
    }

    private protected override Task<CommandResult> LookAsync(string prefix) =>
        CommandAsync([$"show bgp {(prefix.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4")} unicast {prefix}"]);

    private protected override Task<CommandResult> CommandAsync(string[] command) => RunAsync(["vtysh", "-d", "bgpd", .. command.SelectMany(c => new[] { "-c", c })]);

    private static string Render(PeerSetup s)
    {
        StringBuilder text = new();
        void Line(string line, bool when = true)
        {
            if (when) text.Append(line).Append('\n');
        }
        string n = $" neighbor {s.Neighbour}";
        Line("route-map own permit 10");
        Line($" set community {s.Asn}:77", s.Asn <= ushort.MaxValue);
        Line($" set large-community {s.Asn}:1:2");
        // Without zebra it knows no address of the interface, and would announce an IPv4-mapped one.
        Line($"route-map to6 permit 10\n set ipv6 next-hop global {s.Address6}");
        Line($"router bgp {s.Asn}");
        Line($" bgp router-id {s.Address}");
        Line(" no bgp ebgp-requires-policy");
        Line(" no bgp network import-check");
        Line(" no bgp default ipv4-unicast");
        Line(" coalesce-time 10");
        Line($" bgp graceful-restart\n bgp graceful-restart restart-time {s.RestartTime}\n bgp graceful-restart preserve-fw-state", s.RestartTime > 0);
        Line($" bgp long-lived-graceful-restart stale-time {s.LongLivedTime}", s.LongLivedTime > 0);
        Line($"{n} remote-as {s.NeighbourAsn}");
        Line($"{n} timers connect 1");
        Line($"{n} timers {Math.Max(1, s.HoldTime / 3)} {s.HoldTime}");
        Line($"{n} advertisement-interval 0");
        Line($"{n} password {s.Password}", s.Password is not null);
        Line($"{n} ttl-security hops 1", s.TtlSecurity);
        Line($"{n} passive", s.Passive);
        Line($"{n} capability extended-nexthop", s.ExtendedNextHop);
        if (s.More.Length > 0) Line(s.More.Replace("NEIGHBOR", n.Trim(), StringComparison.Ordinal));
        foreach ((FamilySet family, string name) in (IEnumerable<(FamilySet, string)>)
            [(FamilySet.IPv4Unicast, "ipv4 unicast"), (FamilySet.IPv6Unicast, "ipv6 unicast"), (FamilySet.VpnIPv4, "ipv4 vpn"), (FamilySet.VpnIPv6, "ipv6 vpn"), (FamilySet.Evpn, "l2vpn evpn")])
        {
            if (!s.Has(family)) continue;
            Line($" address-family {name}");
            if ((family & FamilySet.Unicast) != 0)
                foreach (string p in s.Of(family)) Line($"  network {p} route-map own");
            Line($" {n} activate");
            Line($" {n} route-map to6 out", family == FamilySet.IPv6Unicast && !s.KernelRoutes);
            Line($" {n} addpath-tx-all-paths", s.AddPath && (family & FamilySet.Unicast) != 0);
            Line($" {n} maximum-prefix {s.PrefixLimit}", s.PrefixLimit > 0 && (family & FamilySet.Unicast) != 0);
            Line(" exit-address-family");
        }
        Line("exit");
        Line(s.MoreGlobal, s.MoreGlobal.Length > 0);
        return text.ToString();
    }
}
