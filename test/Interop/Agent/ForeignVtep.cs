using System.Collections.Immutable;
using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane.Networks;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// A tunnel end made by hand beside a <see cref="NetworkLab"/>, 192.0.2.77, whose BGP speaker says of it what a test likes. An address of each family behind it answers, by two routes that are as
/// they should be.
/// </summary>
internal sealed class ForeignVtep : IAsyncDisposable
{
    internal const string Address = "192.0.2.77", V4 = "10.9.0.1", V6 = "fd09::1";
    private const uint As = 64512;
    private const int Number = 77;

    private readonly NetworkLab _lab;
    private readonly uint _vni;
    private readonly string _vrf;
    private readonly Speaker _speaker = new(new SpeakerOptions());

    private ForeignVtep(NetworkLab lab, uint vni) => (_lab, _vni, _vrf) = (lab, vni, lab.Cluster.NameOf("n77-vrf"));

    internal static MacAddress Mac { get; } = MacAddress.Parse("02:77:00:00:00:01");

    /// <param name="near">A workload of n1 that is reached from behind the tunnel end.</param>
    internal static async Task<ForeignVtep> StartAsync(NetworkLab lab, Tenant near)
    {
        ForeignVtep vtep = new(lab, await lab.VniAsync("n1", $"{near.Network}.net"));
        try
        {
            lab.Cluster.AddForeign(Number);
            await lab.Cluster.PutAsync("POST", "bgppeers", $$$"""{"metadata":{"name":"foreign"},"spec":{"peerIP":"{{{Address}}}","asNumber":{{{As}}},"nodeSelector":"!has(reflector)","networks":["red/net"]}}""");
            vtep.MakeTunnel(near);
            await vtep.SpeakAsync();
            await vtep.AnnounceAsync(V4 + "/32");
            await vtep.AnnounceAsync(V6 + "/128");
            return vtep;
        }
        catch
        {
            await vtep.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says something of a prefix; what is not given is as it should be.</summary>
    internal Task AnnounceAsync(string prefix, Trap? trap = null)
    {
        trap ??= new Trap();
        EvpnRoute route = Route(prefix, trap);
        ImmutableArray<ExtendedCommunity>.Builder communities = ImmutableArray.CreateBuilder<ExtendedCommunity>();
        communities.Add(ExtendedCommunity.RouteTarget(As, _vni));
        if (trap.Encapsulation is { } encapsulation) communities.Add(ExtendedCommunity.Encapsulation(encapsulation));
        if (trap.Mac is { } mac) communities.Add(ExtendedCommunity.RouterMac(mac));
        return _speaker.UpdateLocalRoutesAsync([new LocalRouteChange(route.Nlri, new LocalRoute
        {
            NextHop = InetAddress.Parse(trap.NextHop), NlriPayload = route.Payload, ExtendedCommunities = communities.ToImmutable(), LocalPref = trap.LocalPref,
        })]);
    }

    internal Task WithdrawAsync(string prefix, Trap? trap = null) => _speaker.UpdateLocalRoutesAsync([new LocalRouteChange(Route(prefix, trap ?? new Trap()).Nlri, null)]);

    private EvpnRoute Route(string prefix, Trap trap)
    {
        RouteDistinguisher rd = RouteDistinguisher.Of(InetAddress.Parse(Address), trap.Distinguisher);
        IpPrefix destination = IpPrefix.Parse(prefix);
        uint label = trap.Label ?? _vni;
        EvpnRoute route = trap.Type == 5
            ? EvpnRoute.IpPrefix(rd, destination, label)
            : EvpnRoute.MacIp(rd, MacAddress.Parse("02:00:00:00:99:01"), destination.Address, trap.Labels == 2 ? 4242 : label, trap.Labels == 2 ? label : null);
        byte[] key = route.Nlri.Key.ToArray(), payload = route.Payload.ToArray();
        // RFC 9136 §3.1: after type, length and route distinguisher the Ethernet tag; what is not in the key begins with the ESI, then the gateway.
        key[13] = trap.EthernetTag;
        payload[9] = trap.Segment;
        if (trap.Gateway) destination.Address.ToBytes().CopyTo(payload, 10);
        return new EvpnRoute(new Nlri(Family.Evpn, key), payload);
    }

    private async Task SpeakAsync()
    {
        _lab.Cluster.Namespace("n77").Run(_speaker.Start);
        ImmutableArray<string> faults = await _speaker.ApplyAsync(new SpeakerConfig
        {
            LocalAs = As, RouterId = InetAddress.Parse(Address), Listen = [new ListenEndpoint(InetAddress.AnyV4)],
            Peers = [.. ((string[])["192.0.2.1", "192.0.2.2"]).Select(a => new PeerSpec { Name = a, RemoteAddress = InetAddress.Parse(a), RemoteAs = As, Passive = true, Families = FamilySet.Evpn })],
        });
        Assert.True(faults.IsEmpty, string.Join('\n', faults));
        await Eventually.Async(async () => (await _speaker.GetPeersAsync()).All(p => p.State == SessionState.Established), NetworkLab.Patience);
    }

    private void MakeTunnel(Tenant near)
    {
        string host = _lab.Cluster.NameOf("n77");
        MacAddress nearMac = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500).RouterMac;
        NetworkNamespace.Create(_vrf).Value.Dispose();
        Ip(host, $"link add vx0 address {Mac} mtu 1450 netns {_vrf} type vxlan id {_vni} local {Address} dstport 4789 nolearning");
        foreach (string command in (string[])
            [
                "link set lo up", "link set vx0 up", $"address add {V4}/32 dev lo", $"address add {V6}/128 dev lo", $"neigh add fe80::1 lladdr {nearMac} dev vx0",
                $"route add {near.V4}/32 via inet6 fe80::1 dev vx0 src {V4}", $"route add {near.V6}/128 via fe80::1 dev vx0 src {V6}",
            ]) Ip(_vrf, command);
        Tool.Run("bridge", "-n", _vrf, "fdb", "append", nearMac.ToString(), "dev", "vx0", "dst", "192.0.2.1");
    }

    private static void Ip(string space, string command) => Tool.Run("ip", ["-n", space, .. command.Split(' ')]);

    public async ValueTask DisposeAsync()
    {
        await _speaker.DisposeAsync();
        NetworkNamespace.Delete(_vrf);
    }

    /// <summary>What a route says that is not as it should be.</summary>
    /// <param name="Labels">Of type 2.</param>
    internal sealed record Trap(byte Type = 5, ushort? Encapsulation = 8, uint? Label = null, byte EthernetTag = 0, byte Segment = 0, bool Gateway = false, int Labels = 1, ushort Distinguisher = 7, string NextHop = Address, uint? LocalPref = null)
    {
        internal MacAddress? Mac { get; init; } = ForeignVtep.Mac;
    }
}
