using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Kernel;

/// <summary>
/// What the namespace of a virtual network has beyond a host's: a tunnel to other hosts, and a leg to its own. Its UDP socket stays in the host's namespace, where the underlay is; only the
/// link is inside.
/// </summary>
public interface ITunnelKernel : IKernel
{
    /// <summary>What the VXLAN link of a network is called, in its namespace.</summary>
    const string TunnelName = "vxlan";

    /// <summary>Makes the link inside, by a request from the host's namespace. EEXIST when the host has the VNI elsewhere.</summary>
    NetlinkResult CreateTunnel(VxlanSpec spec);

    /// <summary>The link inside that leads to the host's namespace.</summary>
    const string LegName = "leg";

    /// <summary>Makes the pair of links to the host's namespace, each end up; EEXIST when one of the names is taken.</summary>
    NetlinkResult CreateLeg(LegSpec spec);

    /// <summary>Makes a pair of links to the namespace of another network, each end up; EEXIST when one of the names is taken.</summary>
    NetlinkResult CreateLeak(string name, ITunnelKernel other, string nameThere, int mtu);

    /// <summary>What comes by the host's end may be sent on to loopback addresses of the host (sysctl route_localnet).</summary>
    NetlinkResult AllowLoopback(string hostLink);

    /// <summary>A link in the host's namespace.</summary>
    NetlinkResult<Link> GetHostLink(string name);

    NetlinkResult DeleteLink(int index);

    /// <summary>The permanent entries of the tunnel's forwarding database.</summary>
    NetlinkResult<IReadOnlyList<FdbEntry>> ListFdb(int linkIndex);

    IReadOnlyList<NetlinkResult> ApplyFdb(IReadOnlyList<FdbChange> changes);
}

public readonly record struct FdbChange(FdbEntry Entry, bool Delete);
