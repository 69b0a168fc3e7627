using System.Diagnostics;
using Margay.Bgp;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Interop.Netlink;

namespace Margay.Interop.Bgp;

/// <summary>An unnumbered peer of FRR ("neighbor v0 interface remote-as external"): found, routed both ways, and pinged.</summary>
public class UnnumberedTests
{
    private const string Frr = """
        router bgp 65003
         bgp router-id 10.9.0.2
         no bgp ebgp-requires-policy
         no bgp network import-check
         coalesce-time 10
         neighbor v0 interface remote-as external
         neighbor v0 timers connect 1
         neighbor v0 advertisement-interval 0
         address-family ipv4 unicast
          network 198.51.100.1/32
          neighbor v0 activate
         exit-address-family
         address-family ipv6 unicast
          network 2001:db8:f::1/128
          neighbor v0 activate
         exit-address-family
        """;

    /// <summary>Installs what the speaker finds, in the simplest way.</summary>
    private sealed class IpRoute(BgpLab lab) : IRouteSink
    {
        internal List<RouteChange> Changes { get; } = [];

        public void Apply(RouteChangeBatch batch)
        {
            foreach (RouteChange c in batch.Changes)
            {
                Changes.Add(c);
                if (c.IsLocal || c.NextHops.IsEmpty) continue;
                NextHop hop = c.NextHops[0];
                Tool.Run("ip", "-n", lab.UsName, hop.Address.IsIPv6 && c.Nlri.Family == Family.IPv6Unicast ? "-6" : "-4", "route", "replace", c.Nlri.ToString(), "via", hop.Address.IsIPv6 ? "inet6" : "inet", hop.Address.ToString(), "dev", hop.Interface ?? "v0");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Frr_FindsUs_WeFindIt_RoutesBothWays(bool withBfd)
    {
        using BgpLab lab = new();
        await lab.StartFrrSuite(Frr.Replace(" neighbor v0 timers", (withBfd ? " neighbor v0 bfd\n" : "") + " neighbor v0 timers", StringComparison.Ordinal));
        Tool.Run("ip", "-n", lab.PeerName, "addr", "add", "198.51.100.1/32", "dev", "lo");
        Tool.Run("ip", "-n", lab.PeerName, "addr", "add", "2001:db8:f::1/128", "dev", "lo");
        Tool.Run("ip", "-n", lab.UsName, "addr", "add", "192.0.2.1/32", "dev", "lo");
        Tool.Run("ip", "-n", lab.UsName, "addr", "add", "2001:db8:a::1/128", "dev", "lo");
        IpRoute sink = new(lab);
        PeerSpec spec = new() { Name = "peer", Interface = "v0", Families = FamilySet.Unicast, Bfd = withBfd ? BfdSpec.Default : null, Timers = PeerTimers.Default with { ConnectRetry = TimeSpan.FromSeconds(1) } };
        Speaker speaker = await lab.StartSpeaker(BgpLab.Config(spec), new SpeakerOptions { Sink = sink });
        await speaker.AnnounceAsync(IpPrefix.Parse("192.0.2.1/32"), LocalRoute.Default);
        await speaker.AnnounceAsync(IpPrefix.Parse("2001:db8:a::1/128"), LocalRoute.Default);
        await BgpLab.Up(speaker, seconds: 60);
        await BgpLab.Route(speaker, "198.51.100.1/32");
        await BgpLab.Route(speaker, "2001:db8:f::1/128");
        Assert.All(sink.Changes.Where(c => !c.IsLocal), c => Assert.True(c.NextHops[0] is { Interface: "v0", Address: { IsIPv6: true, IsLinkLocal: true } }, c.ToString()));
        await BgpLab.Shows(() => lab.Vtysh("zebra", "show ip route 192.0.2.1/32"), "* fe80::", "via v0");
        await BgpLab.Shows(() => lab.Vtysh("zebra", "show ipv6 route 2001:db8:a::1/128"), "* fe80::", "via v0");
        await Pings(lab, "198.51.100.1", "192.0.2.1");
        await Pings(lab, "2001:db8:f::1", "2001:db8:a::1");
        if (withBfd)
        {
            Assert.True(await BgpLab.Until(async () => (await speaker.GetPeersAsync())[0].Bfd?.State == BfdState.Up), (await speaker.GetPeersAsync())[0].ToString());
            lab.CutCable();
            await BgpLab.NoRoute(speaker, "198.51.100.1/32", 10);
        }
    }

    private static async Task Pings(BgpLab lab, string to, string from) =>
        await Eventually.Async(() =>
        {
            using Process ping = lab.UsNamespace.Start(new ProcessStartInfo("busybox", ["ping", "-c", "1", "-W", "1", "-I", from, to]) { RedirectStandardOutput = true });
            ping.WaitForExit();
            return Task.FromResult(ping.ExitCode == 0);
        }, TimeSpan.FromSeconds(20));
}
