using System.Globalization;
using System.Text;
using Margay.Bgp.Wire;
using Margay.Lab.Processes;

namespace Margay.Interop.Peers;

/// <summary>OpenBGPD, portable edition: no kernel routes, no TCP MD5 on Linux; over an IPv4 session the next hop of its IPv6 routes is ::1.</summary>
internal sealed class OpenBgpd(string networkNamespace, string folder) : PeerDaemon(networkNamespace, folder, [("/run/openbgpd", Path.Combine(folder, "empty"))])
{
    private string Control => Path.Combine(Folder, "bgpd.sock");

    internal override Task StartAsync(PeerSetup setup)
    {
        // It insists on a directory of root's, and on a configuration that nobody else can write.
        File.SetUnixFileMode(Path.Combine(Folder, "empty"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Launch("openbgpd", "/usr/sbin/bgpd", "-d", "-v", "-f", Write("bgpd.conf", Render(setup), UnixFileMode.UserRead | UnixFileMode.UserWrite));
        return Task.CompletedTask;
    }

    private protected override Task<CommandResult> LookAsync(string prefix) => CommandAsync(["show", "rib", "detail", prefix]);

    private protected override Task<CommandResult> CommandAsync(string[] command) => RunAsync(["bgpctl", "-s", Control, .. command]);

    private string Render(PeerSetup s)
    {
        StringBuilder text = new();
        string communities = $"{(s.Asn <= ushort.MaxValue ? $"community {s.Asn}:77 " : "")}large-community {s.Asn}:1:2";
        text.Append(CultureInfo.InvariantCulture, $"""
            AS {s.Asn}
            router-id {s.Address}
            listen on {s.LocalAddress}
            fib-update no
            socket "{Control}"
            {s.MoreGlobal}

            """);
        foreach (FamilySet family in (FamilySet[])[FamilySet.IPv4Unicast, FamilySet.IPv6Unicast])
            foreach (string p in s.Of(family)) text.Append(CultureInfo.InvariantCulture, $"network {p} set {{ {communities} nexthop {(family == FamilySet.IPv4Unicast ? s.Address : s.Address6)} }}\n");
        text.Append(CultureInfo.InvariantCulture, $$"""
            neighbor {{s.Neighbour}} {
              remote-as {{s.NeighbourAsn}}
              local-address {{s.LocalAddress}}
              holdtime {{s.HoldTime}}
              announce IPv4 {{(s.Has(FamilySet.IPv4Unicast) ? "unicast" : "none")}}
              announce IPv6 {{(s.Has(FamilySet.IPv6Unicast) ? "unicast" : "none")}}
              announce refresh yes
              announce enhanced refresh {{YesNo(s.EnhancedRefresh)}}
              announce restart {{YesNo(s.RestartTime > 0)}}
              announce as-4byte {{YesNo(!s.TwoOctetAs)}}
              announce add-path recv {{YesNo(s.AddPath)}}
              announce add-path send {{(s.AddPath ? "all" : "no")}}
              {{(s.TtlSecurity ? "ttl-security yes" : "")}}
              {{(s.Passive ? "passive" : "")}}
              {{(s.Has(FamilySet.VpnIPv4) ? "announce IPv4 vpn" : "")}}
              {{(s.Has(FamilySet.VpnIPv6) ? "announce IPv6 vpn" : "")}}
              {{(s.PrefixLimit > 0 ? $"max-prefix {s.PrefixLimit}" : "")}}
              {{(s.Password is not null ? $"tcp md5sig password {s.Password}" : "")}}
              {{s.More}}
            }
            allow from any
            allow to any

            """);
        return text.ToString();
    }

    private static string YesNo(bool value) => value ? "yes" : "no";
}
