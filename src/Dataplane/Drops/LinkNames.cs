using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drops;

/// <summary>
/// Names of links by index, remembered: the kernel gives an index to a new link only when all others have been used. Owned by one thread, which disposes it.
/// </summary>
internal sealed class LinkNames(RouteSocket socket) : IDisposable
{
    private const int MaxRemembered = 16384;

    private readonly Dictionary<int, string> _names = [];

    /// <summary>Null for index 0, and for a link that is gone and was never asked for before.</summary>
    public string? Of(int index)
    {
        if (index == 0) return null;
        if (_names.TryGetValue(index, out string? name)) return name;
        NetlinkResult<Link> found = socket.GetLink(index);
        if (!found.Ok) return null;
        if (_names.Count >= MaxRemembered) _names.Clear();
        return _names[index] = found.Value.Name;
    }

    public void Dispose() => socket.Dispose();
}
