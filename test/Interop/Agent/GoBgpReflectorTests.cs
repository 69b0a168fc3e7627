using System.Globalization;
using Margay.Interop.Peers;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>GoBGP as the route reflector of our hosts: it hears what each wants (RFC 4684) and passes on that alone, and may die without anybody noticing.</summary>
public sealed class GoBgpReflectorTests
{
    private const string Reflector = "192.0.2.7";

    [Fact]
    public async Task HostsAreToldOfTheirNetworksAlone_AndItsDeath_LosesNoPacket()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync();
        Cluster cluster = lab.Cluster;
        await cluster.SendAsync("DELETE", "/apis/projectcalico.org/v3/bgppeers/rr");
        await cluster.PutAsync("POST", "bgppeers", $$$"""{"metadata":{"name":"gobgp"},"spec":{"peerIP":"{{{Reflector}}}","asNumber":64512,"nodeSelector":"!has(reflector)","addressFamilies":["l2vpnEvpn"]}}""");
        await using GoBgp gobgp = new(cluster.NameOf("n7"), Path.Combine(cluster.AddForeign(7), "daemon"));
        gobgp.Start(s_config);
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), red2 = await lab.AttachAsync("n2", "r2", "red");
        await lab.AttachAsync("n1", "g1", "green");
        await lab.AttachAsync("n2", "b2", "blue");
        uint red = await lab.VniAsync("n1", "red.net"), green = await lab.VniAsync("n1", "green.net"), blue = await lab.VniAsync("n2", "blue.net");
        foreach (string address in red2.Addresses) await lab.CanPingAsync(red1, address);

        // The reflector knows of all, and tells each host of the network alone that both have.
        uint[] networks = [red, green, blue];
        await Eventually.Async(async () => await gobgp.AskAsync("global", "rib", "-a", "evpn") is var known && networks.All(vni => known.Contains($"[64512:{vni}]", StringComparison.Ordinal)), NetworkLab.Patience);
        await IsToldAsync(gobgp, lab, red, green, blue);

        using NetworkNamespace r1 = lab.Inside(red1), r2 = lab.Inside(red2);
        await using NumberedStream there = new(r1, red1.V4, r2, red2.V4), back = new(r2, red2.V6, r1, red1.V6);
        for (int round = 0; round < 2; round++)
        {
            await gobgp.KillAsync();
            await there.GoOnAsync();
            gobgp.Start(s_config, restarting: true);
            await IsToldAsync(gobgp, lab, red, green, blue);
            await there.GoOnAsync();
        }
        foreach (NumberedStream stream in (NumberedStream[])[there, back])
        {
            (int sent, int lost) = await stream.StopAsync();
            Assert.True(lost == 0 && sent > 1000, $"{lost} of {sent} lost: {stream.Lost()}\n{gobgp.Tail()}\n{cluster.Log("n1")}");
        }
    }

    /// <summary>Each host is told the other's route of red, and nothing of what it has no workload of; what it is told names the other host, not the reflector.</summary>
    private static async Task IsToldAsync(GoBgp gobgp, NetworkLab lab, uint red, uint green, uint blue)
    {
        foreach ((string host, string other, uint foreign) in ((string, string, uint)[])[("192.0.2.1", "192.0.2.2", blue), ("192.0.2.2", "192.0.2.1", green)])
        {
            string told = "";
            if (!await Eventually.WithinAsync(async () => (told = await gobgp.AskAsync("neighbor", host, "adj-out", "-a", "evpn")).Contains($"[64512:{red}]", StringComparison.Ordinal), NetworkLab.Patience))
                Assert.Fail($"{host} is told nothing:\n{told}\n{gobgp.Tail()}\n{lab.Cluster.Log("n1")}");
            Assert.DoesNotContain(string.Create(CultureInfo.InvariantCulture, $"[64512:{foreign}]"), told, StringComparison.Ordinal);
            Assert.Contains(other, told, StringComparison.Ordinal);
            Assert.DoesNotContain(Reflector, told, StringComparison.Ordinal);
        }
    }

    private static readonly string s_config = $"""
        [global.config]
          as = 64512
          router-id = "{Reflector}"
        {string.Concat(((string[])["192.0.2.1", "192.0.2.2"]).Select(Client))}
        """;

    private static string Client(string address) => $"""
        [[neighbors]]
          [neighbors.config]
            neighbor-address = "{address}"
            peer-as = 64512
          [neighbors.route-reflector.config]
            route-reflector-client = true
            route-reflector-cluster-id = "7.7.7.7"
          [neighbors.timers.config]
            connect-retry = 1
            idle-hold-time-after-reset = 1
          [neighbors.graceful-restart.config]
            enabled = true
            restart-time = 120
        {Family("l2vpn-evpn")}{Family("rtc")}

        """;

    private static string Family(string name) => $"""
          [[neighbors.afi-safis]]
            [neighbors.afi-safis.config]
              afi-safi-name = "{name}"
            [neighbors.afi-safis.mp-graceful-restart.config]
              enabled = true

        """;
}
