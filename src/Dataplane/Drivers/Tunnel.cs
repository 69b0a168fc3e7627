using Margay.Core.Net;
using Margay.Core.State;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>The tunnel of one virtual network, as it shall be.</summary>
/// <param name="Local">This host's tunnel end.</param>
/// <param name="RouterMac">One for all networks of the host: what other hosts address frames to (RFC 9135 Router's MAC).</param>
public sealed record TunnelSpec(uint Vni, InetAddress Local, MacAddress RouterMac, int Mtu);

/// <summary>
/// Reconciles the VXLAN link of a virtual network's namespace and who is behind it: for each host's Router's MAC a neighbour entry (its link-local address, which routes of
/// both families name as gateway) and a forwarding entry (the tunnel end). The link is ours by its name, and so is every permanent entry on it. Owned by the dataplane's loop.
/// </summary>
public sealed class Tunnel(ITunnelKernel kernel)
{
    public const string Name = ITunnelKernel.TunnelName;

    private readonly DeltaTracker<MacAddress, InetAddress> _peers = new();
    private TunnelSpec? _wanted;
    private bool _needsCheck = true;
    private bool _needsResync = true;
    private bool _isNew;

    /// <summary>What is in the way; null when all is as wanted.</summary>
    public string? Refused { get; private set; }

    public int Index { get; private set; }

    public void Want(TunnelSpec spec)
    {
        if (spec == _wanted) return;
        _wanted = spec;
        _needsCheck = true;
    }

    /// <summary>The other hosts, all of them: tunnel end by Router's MAC.</summary>
    public void SetPeers(IReadOnlyDictionary<MacAddress, InetAddress> peers)
    {
        foreach (MacAddress gone in _peers.Desired.Keys.Where(m => !peers.ContainsKey(m)).ToArray()) _peers.RemoveDesired(gone);
        foreach ((MacAddress mac, InetAddress vtep) in peers) _peers.SetDesired(mac, vtep);
    }

    /// <summary>The namespace is new: there is neither a link nor anybody behind it.</summary>
    public void BeginEmpty() => _isNew = true;

    /// <summary>A link changed; a null name means any.</summary>
    public void OnLinkChanged(string? name, int index) => _needsCheck |= name == Name || index == Index;

    public void OnNeighbourChanged(int index) => _needsResync |= index == Index && Index != 0;

    public void OnAllChanged() => _needsCheck = _needsResync = true;

    /// <summary>Makes the link as wanted, and what is behind it.</summary>
    /// <param name="mayRemove">All hosts that there are have been heard of: others found behind the tunnel go.</param>
    /// <param name="moved">The link is another than before, so next hops over it are.</param>
    /// <returns>False when something was refused.</returns>
    public bool Apply(bool mayRemove, out bool moved)
    {
        moved = false;
        if (_wanted is not { } wanted) return true;
        if (_needsCheck)
        {
            int before = Index;
            Refused = Check(wanted);
            moved = Index != before;
            _needsResync |= moved;
            if (Refused is not null) return false;
            _needsCheck = false;
            // Made just now, in a namespace that was empty.
            if (_isNew) _needsResync = false;
            _isNew = false;
        }
        Refused = (_needsResync ? Resync() : null) ?? ApplyPeers(mayRemove);
        return Refused is null;
    }

    private string? Check(TunnelSpec wanted)
    {
        Index = 0;
        NetlinkResult<Link> found = kernel.GetLink(Name);
        if (found.Ok && !IsAsWanted(found.Value, wanted))
        {
            NetlinkResult deleted = kernel.DeleteLink(found.Value.Index).IgnoreNotFound();
            if (!deleted.Ok) return $"remove the tunnel that is not as wanted: {deleted}";
        }
        if (!found.Ok || !IsAsWanted(found.Value, wanted))
        {
            NetlinkResult created = kernel.CreateTunnel(new VxlanSpec { Name = Name, Vni = wanted.Vni, Local = wanted.Local, Mac = wanted.RouterMac, Mtu = wanted.Mtu, Up = true });
            if (created.Exists) return $"VNI {wanted.Vni} has a tunnel on this host already that is not ours; remove it (ip -d link show type vxlan)";
            if (!created.Ok) return $"make the tunnel: {created}";
            found = kernel.GetLink(Name);
            if (!found.Ok) return $"find the tunnel after making it: {found.Result}";
        }
        if (!found.Value.IsUp && kernel.SetLinkUp(found.Value.Index) is { Ok: false } down) return $"set up the tunnel: {down}";
        Index = found.Value.Index;
        return null;
    }

    private static bool IsAsWanted(Link link, TunnelSpec wanted) =>
        link.Vxlan is { } vxlan && vxlan.Vni == wanted.Vni && vxlan.Local == wanted.Local && vxlan.Port == VxlanSpec.IanaPort && !vxlan.Learning
        && link.Mac == wanted.RouterMac && link.Mtu == wanted.Mtu;

    private string? Resync()
    {
        NetlinkResult<IReadOnlyList<FdbEntry>> fdb = kernel.ListFdb(Index);
        if (!fdb.Ok) return $"reading the tunnel's forwarding entries: {fdb.Result}";
        NetlinkResult<IReadOnlyList<Neighbour>> neighbours = kernel.ListPermanentNeighbours();
        if (!neighbours.Ok) return $"reading the tunnel's neighbours: {neighbours.Result}";
        HashSet<MacAddress> known = [.. neighbours.Value.Where(n => n.LinkIndex == Index && n.Mac is { } mac && n.Address == mac.ToLinkLocal()).Select(n => n.Mac!.Value)];
        Dictionary<MacAddress, InetAddress> actual = known.ToDictionary(m => m, _ => InetAddress.AnyV4);
        // Half of a pair counts as one that leads nowhere: it is set again, or goes.
        foreach (FdbEntry entry in fdb.Value) actual[entry.Mac] = known.Contains(entry.Mac) && entry.Destination is { } to ? to : InetAddress.AnyV4;
        _peers.ResyncActual(actual);
        _needsResync = false;
        return null;
    }

    private string? ApplyPeers(bool mayRemove)
    {
        MacAddress[] gone = mayRemove ? [.. _peers.ToDelete] : [], come = [.. _peers.ToUpdate];
        if (gone.Length + come.Length == 0) return null;
        string? refused = null;
        IReadOnlyList<NetlinkResult> fdb = kernel.ApplyFdb([.. gone.Select(m => new FdbChange(Fdb(m, null), true)), .. come.Select(m => new FdbChange(Fdb(m, _peers.Desired[m]), false))]);
        IReadOnlyList<NetlinkResult> neighbours = kernel.ApplyNeighbours([.. gone.Select(m => new NeighbourChange(Neighbour(m), true)), .. come.Select(m => new NeighbourChange(Neighbour(m), false))]);
        for (int i = 0; i < gone.Length + come.Length; i++)
        {
            bool deletes = i < gone.Length;
            MacAddress mac = deletes ? gone[i] : come[i - gone.Length];
            NetlinkResult result = deletes ? fdb[i].IgnoreNotFound() : fdb[i];
            if (result.Ok) result = deletes ? neighbours[i].IgnoreNotFound() : neighbours[i];
            if (!result.Ok) refused = $"the host behind {mac}: {result}";
            else if (deletes) _peers.RemoveActual(mac);
            else _peers.SetActual(mac, _peers.Desired[mac]);
        }
        return refused;
    }

    private FdbEntry Fdb(MacAddress mac, InetAddress? vtep) => new() { LinkIndex = Index, Mac = mac, Destination = vtep };

    private Neighbour Neighbour(MacAddress mac) => new() { LinkIndex = Index, Address = mac.ToLinkLocal(), Mac = mac };
}
