using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Tests.Networks;

/// <summary>The kernel of a virtual network in memory: what a host's has, and the tunnel.</summary>
internal sealed class FakeTunnelKernel : FakeKernel, ITunnelKernel
{
    // Next hops of the fake lead over link 2.
    private int _next = 2;

    public Dictionary<MacAddress, InetAddress> Fdb { get; } = [];

    /// <summary>What the creation of the tunnel is refused with.</summary>
    public NetlinkResult Refusal { get; set; }

    public Link? Tunnel => Links.GetValueOrDefault(ITunnelKernel.TunnelName);

    public NetlinkResult CreateTunnel(VxlanSpec spec)
    {
        Calls.Add("tunnel create");
        if (!Refusal.Ok) return Refusal;
        Links[spec.Name] = new Link
        {
            Name = spec.Name, Index = _next++, Kind = "vxlan", Mac = spec.Mac, Mtu = spec.Mtu ?? 0, Flags = LinkFlags.Up,
            Vxlan = new VxlanState { Vni = spec.Vni, Local = spec.Local, Port = spec.Port, Learning = spec.Learning },
        };
        return default;
    }

    public NetlinkResult DeleteLink(int index)
    {
        Calls.Add("tunnel delete");
        foreach (Link link in Links.Values.Where(l => l.Index == index).ToArray()) Links.Remove(link.Name);
        // Its entries go along with it.
        Fdb.Clear();
        foreach ((int Link, InetAddress Address) key in Neighbours.Keys.Where(k => k.Link == index).ToArray()) Neighbours.Remove(key);
        return default;
    }

    public NetlinkResult<IReadOnlyList<FdbEntry>> ListFdb(int linkIndex) => Fdb.Select(f => new FdbEntry { LinkIndex = linkIndex, Mac = f.Key, Destination = f.Value }).ToList();

    public IReadOnlyList<NetlinkResult> ApplyFdb(IReadOnlyList<FdbChange> changes)
    {
        foreach (FdbChange change in changes)
        {
            Calls.Add(change.Delete ? "fdb delete" : "fdb set");
            if (change.Delete) Fdb.Remove(change.Entry.Mac);
            else Fdb[change.Entry.Mac] = change.Entry.Destination!.Value;
        }
        return new NetlinkResult[changes.Count];
    }
}
