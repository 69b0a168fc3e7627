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

    /// <summary>Links of the host's namespace.</summary>
    public Dictionary<string, Link> HostLinks { get; } = [];

    public NetlinkResult CreateLeg(LegSpec spec)
    {
        Calls.Add("leg create");
        if (HostLinks.ContainsKey(spec.HostLink)) return new NetlinkResult(Errno.EEXIST);
        Link end = new() { Name = spec.HostLink, Index = 100, Kind = "veth", Mac = LegSpec.Mac, Mtu = spec.Mtu, Flags = LinkFlags.Up | LinkFlags.NoArp, Alias = spec.Alias };
        HostLinks[spec.HostLink] = end;
        Links[ITunnelKernel.LegName] = end with { Name = ITunnelKernel.LegName, Index = _next++, Alias = null };
        Addresses.AddRange([new(ITunnelKernel.LegName, spec.V4), new(ITunnelKernel.LegName, spec.V6)]);
        return default;
    }

    public HashSet<string> LoopbackAllowed { get; } = [];

    public NetlinkResult AllowLoopback(string hostLink)
    {
        LoopbackAllowed.Add(hostLink);
        return default;
    }

    public NetlinkResult CreateLeak(string name, ITunnelKernel other, string nameThere, int mtu)
    {
        FakeTunnelKernel there = (FakeTunnelKernel)other;
        Calls.Add("leak create");
        if (Links.ContainsKey(name) || there.Links.ContainsKey(nameThere)) return new NetlinkResult(Errno.EEXIST);
        foreach ((FakeTunnelKernel kernel, string end) in ((FakeTunnelKernel, string)[])[(this, name), (there, nameThere)])
            kernel.Links[end] = new Link { Name = end, Index = kernel._next++, Kind = "veth", Mac = LegSpec.Mac, Mtu = mtu, Flags = LinkFlags.Up | LinkFlags.NoArp };
        (_ends[name], there._ends[nameThere]) = ((there, nameThere), (this, name));
        return default;
    }

    private readonly Dictionary<string, (FakeTunnelKernel Kernel, string Name)> _ends = [];

    public NetlinkResult<Link> GetHostLink(string name) => HostLinks.TryGetValue(name, out Link? link) ? link : new NetlinkResult(Errno.ENODEV);

    public NetlinkResult DeleteLink(int index)
    {
        Link gone = Links.Values.Single(l => l.Index == index);
        Links.Remove(gone.Name);
        if (gone.Name == ITunnelKernel.LegName)
        {
            Calls.Add("leg delete");
            HostLinks.Clear();
            Addresses.RemoveAll(a => a.Link == gone.Name);
            return default;
        }
        if (_ends.Remove(gone.Name, out (FakeTunnelKernel Kernel, string Name) end))
        {
            Calls.Add("leak delete");
            end.Kernel.Links.Remove(end.Name);
            end.Kernel._ends.Remove(end.Name);
            return default;
        }
        Calls.Add("tunnel delete");
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
