using Margay.Bgp.Wire;
using Margay.Lab.Processes;

namespace Margay.Interop.Peers;

internal sealed class Bird(string networkNamespace, string folder) : PeerDaemon(networkNamespace, folder)
{
    private string Control => Path.Combine(Folder, "bird.ctl");

    internal override Task StartAsync(PeerSetup setup)
    {
        Start(Render(setup));
        return Task.CompletedTask;
    }

    internal void Start(string config) =>
        Launch("bird2", "bird", "-f", "-c", Write("bird.conf", $"log \"{Path.Combine(Folder, "log")}\" all;\n{config}"), "-s", Control, "-P", Path.Combine(Folder, "bird.pid"));

    private protected override Task<CommandResult> LookAsync(string prefix) => CommandAsync(["show", "route", prefix, "all"]);

    private protected override Task<CommandResult> CommandAsync(string[] command) => RunAsync(["birdc", "-r", "-s", Control, .. command]);

    /// <summary>A command that changes something.</summary>
    internal async Task<string> DoAsync(params string[] command) => (await RunAsync(["birdc", "-s", Control, .. command])).Output;

    /// <summary>Reads a changed configuration without a restart.</summary>
    internal async Task ReconfigureAsync(PeerSetup setup)
    {
        Write("bird.conf", $"log \"{Path.Combine(Folder, "log")}\" all;\n{Render(setup)}");
        Assert.Contains("Reconfigur", await DoAsync("configure"), StringComparison.Ordinal);
    }

    private static string Render(PeerSetup s) => $$"""
        router id {{s.Address}};
        {{(s.RestartTime > 0 ? "graceful restart wait 10;" : "")}}
        protocol device { scan time 1; }
        protocol direct { ipv4; ipv6; }
        {{(s.KernelRoutes ? "protocol kernel { ipv4 { export where source = RTS_BGP; }; }\nprotocol kernel { ipv6 { export where source = RTS_BGP; }; }" : "")}}
        protocol static own4 { ipv4; {{string.Concat(s.Of(FamilySet.IPv4Unicast).Select(p => $"route {p} blackhole {{ {Communities(s)} }};"))}} }
        protocol static own6 { ipv6; {{string.Concat(s.Of(FamilySet.IPv6Unicast).Select(p => $"route {p} blackhole {{ {Communities(s)} }};"))}} }
        {{s.MoreGlobal}}
        protocol bgp margay {
          local {{s.LocalAddress}} as {{s.Asn}};
          neighbor {{s.Neighbour}} as {{s.NeighbourAsn}};
          connect delay time 1; connect retry time 1; error wait time 1, 2; hold time {{s.HoldTime}};
          {{If(s.Password is not null, $"password \"{s.Password}\";")}} {{If(s.TtlSecurity, "ttl security on;")}} {{If(s.Passive, "passive on;")}}
          {{If(s.TwoOctetAs, "enable as4 off;")}} {{If(s.ExtendedMessages, "enable extended messages on;")}}
          {{(s.RestartTime > 0 ? $"graceful restart on; graceful restart time {s.RestartTime};" : "graceful restart off;")}}
          {{If(s.LongLivedTime > 0, $"long lived graceful restart on; long lived stale time {s.LongLivedTime};")}}
          {{s.More}}
          {{If(s.Has(FamilySet.IPv4Unicast), $"ipv4 {{ import all; export where source = RTS_STATIC; next hop self; {If(s.ExtendedNextHop, "extended next hop on;")} {Channel(s)} }};")}}
          {{If(s.Has(FamilySet.IPv6Unicast), $"ipv6 {{ import all; export where source = RTS_STATIC; next hop self; {Channel(s)} }};")}}
          {{If(s.Has(FamilySet.VpnIPv4), "vpn4 mpls { table vpn4tab; import all; export where source = RTS_STATIC; };")}}
          {{If(s.Has(FamilySet.VpnIPv6), "vpn6 mpls { table vpn6tab; import all; export where source = RTS_STATIC; extended next hop on; };")}}
        }
        """;

    private static string Channel(PeerSetup s) =>
        $"{If(s.AddPath, "add paths on;")} {If(s.PrefixLimit > 0, $"import limit {s.PrefixLimit} action disable;")}";

    // A community holds 16 bits of an AS.
    private static string Communities(PeerSetup s) => $"{If(s.Asn <= ushort.MaxValue, $"bgp_community.add(({s.Asn}, 77));")} bgp_large_community.add(({s.Asn}, 1, 2));";

    private static string If(bool condition, string text) => condition ? text : "";
}
