using Margay.Core.Net;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// Reconciles the pair of links between a virtual network's namespace and the host's. The end inside is ours by its name; the other end is what it is paired with, and goes with it. Owned by
/// the dataplane's loop.
/// </summary>
public sealed class Leg(ITunnelKernel kernel)
{
    public const string Name = ITunnelKernel.LegName;

    private LegSpec? _wanted;
    private bool _needsCheck;

    /// <summary>What is in the way; null when all is as wanted.</summary>
    public string? Refused { get; private set; }

    /// <summary>0 while there is none.</summary>
    public int Index { get; private set; }

    /// <summary>Nobody wants it, and it is not there.</summary>
    public bool IsGone => _wanted is null && Index == 0 && !_needsCheck;

    /// <summary>Null: there shall be none.</summary>
    public void Want(LegSpec? spec)
    {
        if (spec == _wanted && spec is not null) return;
        _wanted = spec;
        _needsCheck = true;
    }

    /// <summary>A link changed; a null name means any.</summary>
    public void OnLinkChanged(string? name, int index) => _needsCheck |= (name == Name || index == Index) && (_wanted is not null || Index != 0);

    public void OnAllChanged() => _needsCheck |= _wanted is not null || Index != 0;

    /// <param name="moved">It is another than before, so next hops over it are.</param>
    /// <returns>False when something was refused.</returns>
    public bool Apply(out bool moved)
    {
        moved = false;
        if (!_needsCheck) return true;
        int before = Index;
        Refused = Check();
        if (Refused is null && _wanted is { ToLoopback: true } open && kernel.AllowLoopback(open.HostLink) is { Ok: false } closed) Refused = $"let it reach loopback addresses: {closed}";
        moved = Index != before;
        _needsCheck = Refused is not null;
        return !_needsCheck;
    }

    private string? Check()
    {
        Index = 0;
        NetlinkResult<Link> inside = kernel.GetLink(Name);
        if (_wanted is { } wanted && inside.Ok && IsWhole(inside.Value, wanted) && kernel.GetHostLink(wanted.HostLink) is { Ok: true } outside && IsWhole(outside.Value, wanted) && HasAddresses(wanted))
        {
            Index = inside.Value.Index;
            return null;
        }
        if (inside.Ok && kernel.DeleteLink(inside.Value.Index).IgnoreNotFound() is { Ok: false } kept) return $"remove the leg that is not as wanted: {kept}";
        if (_wanted is null) return null;
        NetlinkResult made = kernel.CreateLeg(_wanted);
        if (made.Exists) return $"the host has a link {_wanted.HostLink} already that is not ours; remove it (ip link delete {_wanted.HostLink})";
        if (!made.Ok) return $"make the leg: {made}";
        inside = kernel.GetLink(Name);
        if (!inside.Ok) return $"find the leg after making it: {inside.Result}";
        Index = inside.Value.Index;
        return null;
    }

    private static bool IsWhole(Link link, LegSpec wanted) => IsWhole(link, wanted.Mtu);

    /// <summary>One of two ends as they shall be.</summary>
    internal static bool IsWhole(Link link, int mtu) => link.Kind == "veth" && link.Mac == LegSpec.Mac && link.Mtu == mtu && link.IsUp && (link.Flags & LinkFlags.NoArp) != 0;

    private bool HasAddresses(LegSpec wanted)
    {
        NetlinkResult<IReadOnlyList<LinkAddress>> listed = kernel.ListLinkAddresses();
        if (!listed.Ok) return false;
        InetAddress[] there = [.. listed.Value.Where(a => a.Link == Name).Select(a => a.Address)];
        return there.Contains(wanted.V4) && there.Contains(wanted.V6);
    }
}
