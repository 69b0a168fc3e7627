using Margay.Dataplane.Drivers;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;

namespace Margay.Agent.Attach;

/// <summary>The host-side links that are there when the agent starts.</summary>
internal static class MarkedLinks
{
    /// <summary>
    /// Endpoint ids by link name, read from the links' marks. A link of our naming without a mark was cut short between its creation and its
    /// marking; nobody was told of it, so it is removed here.
    /// </summary>
    /// <param name="networks">The namespaces of virtual networks, looked at like the host's own.</param>
    public static IReadOnlyDictionary<string, string> Read(IEnumerable<NetworkNamespace> networks)
    {
        Dictionary<string, string> marked = [];
        using (RouteSocket host = RouteSocket.Open()) Read(host, marked);
        foreach (NetworkNamespace network in networks)
        {
            using RouteSocket inside = RouteSocket.OpenIn(network);
            Read(inside, marked);
        }
        return marked;
    }

    private static void Read(RouteSocket socket, Dictionary<string, string> marked)
    {
        foreach (Link link in socket.ListLinks().Value)
        {
            if (link.Alias is { } alias && alias.StartsWith(WorkloadLinks.AliasPrefix, StringComparison.Ordinal)) marked[link.Name] = alias[WorkloadLinks.AliasPrefix.Length..];
            else if (Names.IsHostInterface(link.Name) && link.Kind == "veth" && link.Mac == Core.Net.MacAddress.Gateway) socket.DeleteLink(link.Index).IgnoreNotFound();
        }
    }
}
