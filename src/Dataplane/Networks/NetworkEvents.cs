using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Kernel;

namespace Margay.Dataplane.Networks;

/// <summary>The namespace of a virtual network is there, new or found again. The loop owns the kernel from now on.</summary>
/// <param name="IsNew">It was made just now, and forwards: nothing need be read back.</param>
public sealed record NetworkOpened(NetworkName Network, ITunnelKernel Kernel, bool IsNew = false) : DataplaneEvent;

/// <summary>A network leaves this host: the loop stops forwarding in its namespace and gives the kernel back, for the asker to dispose; null when it had none.</summary>
public sealed record NetworkClosed(NetworkName Network, TaskCompletionSource<ITunnelKernel?> Done) : DataplaneEvent;

/// <summary>The other hosts of a network, all of them: tunnel end by Router's MAC. Routes of the network name the link-local address that follows from the MAC.</summary>
public sealed record TunnelPeersChanged(NetworkName Network, IReadOnlyDictionary<MacAddress, InetAddress> Peers) : DataplaneEvent;

/// <summary>
/// Tunnel ends that BGP has just lost the session with, all of them, told before the routes that go with them. Those that have another way leave it at once; named no more, they are as
/// good as their routes say.
/// </summary>
public sealed record TunnelEndsLost(IReadOnlySet<InetAddress> Ends) : DataplaneEvent;

/// <summary>Who may send VXLAN to this host, in networks where that is another than before.</summary>
/// <param name="Learnt">Every tunnel end that there is has been heard of: others that are found go.</param>
internal sealed record TunnelsChanged(IReadOnlyList<NetworkTunnel> Networks, bool Learnt) : DataplaneEvent;

/// <param name="Vni">Null when the network has no tunnel here any more.</param>
/// <param name="Ends">The other hosts' tunnel ends, all of them.</param>
internal sealed record NetworkTunnel(NetworkName Network, uint? Vni, IReadOnlyCollection<InetAddress> Ends);

/// <summary>How much of this host a virtual network may use, from now on; null: as much as there is.</summary>
internal sealed record LimitsChanged(NetworkLimits? Limits) : DataplaneEvent;

/// <summary>A workload's link in a virtual network is gone, by whatever hand.</summary>
public sealed record WorkloadLinkGone(string Interface) : DataplaneReport;

/// <summary>This host's end of all its tunnels.</summary>
/// <param name="UnderlayMtu">Bytes.</param>
public sealed record TunnelEnd(InetAddress Address, MacAddress RouterMac, int UnderlayMtu)
{
    /// <summary>
    /// One Router's MAC for the whole host, the same in all of its networks, and no other host's: locally administered, made from the address, which is unique in the
    /// underlay.
    /// </summary>
    public static TunnelEnd Of(InetAddress address, int underlayMtu)
    {
        ulong id = address.IsIPv4 ? address.IPv4Value : Fold(address.Bits);
        return new TunnelEnd(address, new MacAddress((address.IsIPv4 ? 0x02_6d_00_00_00_00UL : 0x06_00_00_00_00_00UL) | id), underlayMtu);
    }

    /// <summary>Room for the outer headers (RFC 7348 §5): Ethernet 14, IP 20 or 40, UDP 8, VXLAN 8.</summary>
    public int InnerMtu => UnderlayMtu - (Address.IsIPv6 ? 70 : 50);

    // 40 bits of an IPv6 address: an FNV hash, so that neither prefix nor interface id alone decides.
    private static ulong Fold(UInt128 bits)
    {
        ulong hash = 14695981039346656037;
        for (int i = 0; i < 16; i++, bits >>= 8) hash = (hash ^ (byte)bits) * 1099511628211;
        return (hash ^ hash >> 40) & 0xff_ffff_ffff;
    }
}
