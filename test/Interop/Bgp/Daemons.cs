namespace Margay.Interop.Bgp;

/// <summary>Configurations of the real daemons, as the tests vary them.</summary>
internal static class Daemons
{
    /// <summary>BIRD 2 with routes 192.0.2.0/24 and 2001:db8:b::/48 of its own.</summary>
    internal static string Bird(uint asn = 65002, string session = "", string channels = "ipv4 { import all; export where proto = \"own4\"; next hop self; }; ipv6 { import all; export where proto = \"own6\"; next hop self; };", uint remote = 65001, string neighbour = BgpLab.Us) => $$"""
        router id {{BgpLab.Peer}};
        protocol device { }
        protocol direct { ipv4; ipv6; }
        protocol static own4 { ipv4; route 192.0.2.0/24 blackhole { bgp_large_community.add((65002, 1, 2)); bgp_community.add((65002, 77)); }; }
        protocol static own6 { ipv6; route 2001:db8:b::/48 blackhole; }
        protocol bgp margay {
          local as {{asn}};
          neighbor {{neighbour}} as {{remote}};
          connect delay time 1; connect retry time 1; error wait time 1, 2;
          {{session}}
          {{channels}}
        }
        """;

    /// <summary>bgpd of FRR with 198.51.100.0/24 and 2001:db8:f::/48 of its own.</summary>
    internal static string Frr(uint asn = 65003, string neighbour = "", string families = "", uint remote = 65001, string address = BgpLab.Us, string router = "") => $"""
        router bgp {asn}
         bgp router-id {BgpLab.Peer}
         no bgp ebgp-requires-policy
         no bgp network import-check
         coalesce-time 10
         {router}
         neighbor {address} remote-as {remote}
         neighbor {address} timers connect 1
         neighbor {address} advertisement-interval 0
         {neighbour}
         address-family ipv4 unicast
          network 198.51.100.0/24
          neighbor {address} activate
         exit-address-family
         address-family ipv6 unicast
          network 2001:db8:f::/48
          neighbor {address} activate
         exit-address-family
         {families}
        """;

    /// <summary>GoBGP; routes are added with its command line.</summary>
    internal static string GoBgp(uint asn = 65004, string neighbour = "", params string[] families) => $"""
        [global.config]
          as = {asn}
          router-id = "{BgpLab.Peer}"
        [[neighbors]]
          [neighbors.config]
            neighbor-address = "{BgpLab.Us}"
            peer-as = 65001
            {neighbour}
          [neighbors.timers.config]
            connect-retry = 1
            idle-hold-time-after-reset = 1
        {string.Concat(families.Select(f => $"  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n      afi-safi-name = \"{f}\"\n"))}
        """;
}
