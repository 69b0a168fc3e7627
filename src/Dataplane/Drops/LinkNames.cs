using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drops;

/// <summary>
/// Names of links by index, remembered: the kernel gives an index to a new link only when all others have been used. Owned by one thread.
/// </summary>
/// <param name="open">Opens a socket where the links are; for each that is not remembered one, since a network may never need any.</param>
internal sealed class LinkNames(Func<RouteSocket> open)
{
    private const int MaxRemembered = 16384;

    private readonly Dictionary<int, string> _names = [];

    /// <summary>Null for index 0, and for a link that is gone and was never asked for before.</summary>
    public string? Of(int index)
    {
        if (index == 0) return null;
        if (_names.TryGetValue(index, out string? name)) return name;
        using RouteSocket socket = open();
        NetlinkResult<Link> found = socket.GetLink(index);
        if (!found.Ok) return null;
        if (_names.Count >= MaxRemembered) _names.Clear();
        return _names[index] = found.Value.Name;
    }
}
