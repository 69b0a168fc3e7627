using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>The VXLAN link of a network and the hosts behind it, made, adopted and mended.</summary>
public class TunnelTests
{
    private static readonly TunnelSpec s_spec = new(100, InetAddress.Parse("192.0.2.1"), new MacAddress(0x02_6d_c0_00_02_01), 1450);
    private static readonly MacAddress s_two = new(0x02_6d_c0_00_02_02), s_three = new(0x02_6d_c0_00_02_03);

    private readonly FakeTunnelKernel _kernel = new();
    private readonly Tunnel _tunnel;

    public TunnelTests() => _tunnel = new Tunnel(_kernel);

    private static Dictionary<MacAddress, InetAddress> Peers(params MacAddress[] macs) => macs.ToDictionary(m => m, m => InetAddress.Parse($"192.0.2.{m.Value & 0xff}"));

    private static (MacAddress, InetAddress)[] Sorted(Dictionary<MacAddress, InetAddress> entries) => [.. entries.OrderBy(e => e.Key.Value).Select(e => (e.Key, e.Value))];

    private void Apply(bool mayRemove = true) => Assert.True(_tunnel.Apply(mayRemove, out _), _tunnel.Refused);

    [Fact]
    public void Nothing_IsMade_BeforeItIsWanted()
    {
        Apply();
        Assert.Empty(_kernel.Calls);
    }

    [Fact]
    public void EachHost_GetsBothEntries_AndLosesBoth()
    {
        _tunnel.Want(s_spec);
        _tunnel.SetPeers(Peers(s_two, s_three));
        Apply();
        Assert.Equal((100u, 1450, s_spec.RouterMac), (_kernel.Tunnel!.Vxlan!.Vni, _kernel.Tunnel.Mtu, _kernel.Tunnel.Mac));
        Assert.Equal(Sorted(Peers(s_two, s_three)), Sorted(_kernel.Fdb));
        Assert.Equal(s_two, _kernel.Neighbours[(2, s_two.ToLinkLocal())]);
        _tunnel.SetPeers(Peers(s_three));
        Apply();
        Assert.Equal(Sorted(Peers(s_three)), Sorted(_kernel.Fdb));
        Assert.Equal(s_three.ToLinkLocal(), Assert.Single(_kernel.Neighbours.Keys).Address);
    }

    [Fact]
    public void ARestartedAgent_ChangesNothingThatIsRight_AndRemovesOnlyWhenItMay()
    {
        _tunnel.Want(s_spec);
        _tunnel.SetPeers(Peers(s_two, s_three));
        Apply();
        _kernel.Calls.Clear();
        Tunnel again = new(_kernel);
        again.Want(s_spec);
        again.SetPeers(Peers(s_two));
        Assert.True(again.Apply(mayRemove: false, out bool moved));
        Assert.True(moved);
        Assert.Empty(_kernel.Calls);
        Assert.True(again.Apply(mayRemove: true, out moved));
        Assert.False(moved);
        Assert.Equal(["fdb delete", "neighbour delete"], _kernel.Calls);
        Assert.Equal(Sorted(Peers(s_two)), Sorted(_kernel.Fdb));
    }

    [Fact]
    public void AnotherTunnelOfThatName_IsMadeAnew_WithItsHosts()
    {
        _tunnel.Want(s_spec);
        _tunnel.SetPeers(Peers(s_two));
        Apply();
        _tunnel.Want(s_spec with { Mtu = 8950 });
        Assert.True(_tunnel.Apply(true, out bool moved));
        Assert.True(moved);
        Assert.Equal(8950, _kernel.Tunnel!.Mtu);
        Assert.Equal(Sorted(Peers(s_two)), Sorted(_kernel.Fdb));
        Assert.Equal((_kernel.Tunnel.Index, s_two.ToLinkLocal()), Assert.Single(_kernel.Neighbours.Keys));
    }

    [Fact]
    public void WhatAnotherHandChanged_IsPutRight_WhenItIsHeardOf()
    {
        _tunnel.Want(s_spec);
        _tunnel.SetPeers(Peers(s_two));
        Apply();
        _kernel.Fdb[s_two] = InetAddress.Parse("203.0.113.66");
        _kernel.Fdb[s_three] = InetAddress.Parse("203.0.113.66");
        _kernel.Neighbours.Remove((2, s_two.ToLinkLocal()));
        Apply();
        Assert.Equal(2, _kernel.Fdb.Count);
        _tunnel.OnNeighbourChanged(2);
        Apply();
        Assert.Equal(Sorted(Peers(s_two)), Sorted(_kernel.Fdb));
        Assert.Single(_kernel.Neighbours);
        _kernel.DeleteLink(2);
        _tunnel.OnLinkChanged(Tunnel.Name, 2);
        Apply();
        Assert.Equal(Sorted(Peers(s_two)), Sorted(_kernel.Fdb));
    }

    [Fact]
    public void AVniInUseElsewhere_IsRefused_WithTheRemedy()
    {
        _kernel.Refusal = new NetlinkResult(Errno.EEXIST);
        _tunnel.Want(s_spec);
        Assert.False(_tunnel.Apply(true, out _));
        Assert.Contains("VNI 100 has a tunnel on this host already that is not ours; remove it", _tunnel.Refused, StringComparison.Ordinal);
        _kernel.Refusal = default;
        Apply();
        Assert.Null(_tunnel.Refused);
    }
}
