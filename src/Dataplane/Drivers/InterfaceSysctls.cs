using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// What a workload's host side needs beyond the global settings. Forwarding is inherited from <c>net/ipv4/ip_forward</c> and <c>net/ipv6/conf/all/forwarding</c>, and with
/// IPv6 forwarding on, router advertisements are ignored unless someone set accept_ra to 2. The IPv6 gateway address is the interface's own, so nothing needs proxy_ndp.
/// </summary>
public static class InterfaceSysctls
{
    /// <summary>Keys relative to the interface and their values.</summary>
    private static readonly (string Key, string Interface, string Value)[] Wanted =
    [
        // The host answers for 169.254.1.1, at once.
        ("net/ipv4/conf/", "/proxy_arp", "1"),
        ("net/ipv4/neigh/", "/proxy_delay", "0"),
        // A source that the host would not route back there is dropped, also while our table were gone.
        ("net/ipv4/conf/", "/rp_filter", "1"),
        ("net/ipv4/conf/", "/forwarding", "1"),
        ("net/ipv6/conf/", "/accept_ra", "0"),
    ];

    /// <summary>Full keys and values for one interface.</summary>
    public static IEnumerable<KeyValuePair<string, string>> For(string name) =>
        Wanted.Select(w => KeyValuePair.Create(w.Key + name + w.Interface, w.Value));

    /// <summary>The one that the kernel does not tell with the link, nor anybody of.</summary>
    public static KeyValuePair<string, string> Silent(string name) => For(name).First(s => s.Key.EndsWith("/proxy_delay", StringComparison.Ordinal));

    /// <summary>Whether all but <see cref="Silent"/> are as wanted.</summary>
    internal static bool AreSet(LinkSettings settings) =>
        settings is { Forwarding: true, ProxyArp: true, ReversePathFilter: 1, AcceptRouterAdvertisements: null or 0 };

    /// <summary>Those of them that a change of the link can carry.</summary>
    internal static IReadOnlyDictionary<Ipv4Setting, int> OverNetlink { get; } = new Dictionary<Ipv4Setting, int>
    {
        [Ipv4Setting.ProxyArp] = 1, [Ipv4Setting.ReversePathFilter] = 1, [Ipv4Setting.Forwarding] = 1,
    };

    /// <summary>Null when done, else what the kernel refused. In the calling thread's namespace. IPv6 settings of a host without IPv6 are passed over.</summary>
    public static string? Write(string name)
    {
        foreach ((string key, string value) in For(name))
        {
            NetlinkResult written = Sysctl.Write(key, value);
            if (!written.Ok && !(written.IsNotFound && key.StartsWith("net/ipv6/", StringComparison.Ordinal))) return $"{key}: {written}";
        }
        return null;
    }
}
