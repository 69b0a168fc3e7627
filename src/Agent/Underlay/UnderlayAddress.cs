using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Agent.Underlay;

/// <summary>An address of this host on the underlay, with its subnet and the MTU of its link.</summary>
internal sealed record HostAddress(InetAddress Address, int PrefixLength, int Mtu)
{
    public override string ToString() => $"{Address}/{PrefixLength}";
}

/// <summary>
/// Finds the address by which other hosts reach this one: the source address of the default route, as the kernel itself would choose it. No guessing
/// from interface names: where that is not one clear answer, the operator is asked to say.
/// </summary>
internal static class UnderlayAddress
{
    /// <summary>Null when the host has no default route of the family; an error in words when the answer is not clear.</summary>
    public static (HostAddress? Address, string? Error) Detect(bool ipv6, IReadOnlyList<RouteEntry> routes, IReadOnlyList<InterfaceAddress> addresses, IReadOnlyList<Link> links)
    {
        List<RouteEntry> defaults = [.. routes.Where(r => r.Destination.IsIPv6 == ipv6 && r.Destination.Length == 0 && r.Table == RouteTable.Main && r.Type == RouteType.Unicast)];
        if (defaults.Count == 0) return (null, null);
        uint best = defaults.Min(r => r.Priority);
        List<int> uplinks = [.. defaults.Where(r => r.Priority == best).SelectMany(r => r.Hops.Count > 0 ? r.Hops.Select(h => h.LinkIndex) : [r.LinkIndex]).Distinct()];
        string flag = ipv6 ? "--ip6" : "--ip";
        InetAddress? preferred = defaults.Where(r => r.Priority == best).Select(r => r.PreferredSource).FirstOrDefault(s => s is not null);
        List<InterfaceAddress> candidates = preferred is { } source
            ? [.. addresses.Where(a => a.Local == source)]
            : [.. addresses.Where(a => uplinks.Contains(a.LinkIndex) && Usable(a, ipv6))];
        // Several uplinks to one fabric are the rule with two ToR switches: then the address that is on none of them in particular is the host's.
        if (preferred is null && uplinks.Count > 1)
        {
            List<InterfaceAddress> own = [.. addresses.Where(a => IsLoopback(a.LinkIndex, links) && Usable(a, ipv6) && a.PrefixLength == a.Local.BitLength)];
            if (own.Count == 1) candidates = own;
        }
        if (candidates.Count == 1) return (new HostAddress(candidates[0].Local, candidates[0].PrefixLength, MtuOf(uplinks, links)), null);
        string names = string.Join(", ", uplinks.Select(i => links.FirstOrDefault(l => l.Index == i)?.Name ?? $"link {i}"));
        return candidates.Count == 0
            ? (null, $"the default route leads over {names}, which has no usable {(ipv6 ? "IPv6" : "IPv4")} address; give the node's address with {flag} ADDRESS/LENGTH, or {flag} none")
            : (null, $"the default route leads over {names}, with the addresses {string.Join(", ", candidates.Select(c => $"{c.Local}/{c.PrefixLength}"))}; say which is the node's with {flag} ADDRESS/LENGTH");
    }

    /// <summary>An address that the operator gave, completed from the host's own; null when no interface has it.</summary>
    public static HostAddress? Find(InetAddress wanted, IReadOnlyList<InterfaceAddress> addresses, IReadOnlyList<Link> links) =>
        addresses.FirstOrDefault(a => a.Local == wanted) is { } found ? new HostAddress(found.Local, found.PrefixLength, MtuOf([found.LinkIndex], links)) : null;

    /// <summary>Reads the kernel and chooses for one family.</summary>
    public static (HostAddress? Address, string? Error) Choose(AddressChoice choice, bool ipv6, RouteSocket socket)
    {
        if (choice.None) return (null, null);
        NetlinkResult<IReadOnlyList<InterfaceAddress>> addresses = socket.ListAddresses();
        NetlinkResult<IReadOnlyList<Link>> links = socket.ListLinks();
        if (!addresses.Ok || !links.Ok) return (null, $"the kernel does not tell its addresses: {(addresses.Ok ? links.Result : addresses.Result)}");
        if (choice.Address is { } given)
        {
            if (Find(given, addresses.Value, links.Value) is { } found) return (found with { PrefixLength = choice.PrefixLength ?? found.PrefixLength }, null);
            return (null, $"{given} is on no interface of this host; configure it, or give another with {(ipv6 ? "--ip6" : "--ip")}");
        }
        NetlinkResult<IReadOnlyList<RouteEntry>> routes = socket.ListRoutes(new RouteFilter { IPv6 = ipv6, Table = RouteTable.Main });
        return routes.Ok ? Detect(ipv6, routes.Value, addresses.Value, links.Value) : (null, $"the kernel does not tell its routes: {routes.Result}");
    }

    private static bool Usable(InterfaceAddress address, bool ipv6) =>
        address.Local.IsIPv6 == ipv6 && !address.Local.IsLinkLocal && !address.Local.IsLoopback && (address.Flags & (AddressFlags.Deprecated | AddressFlags.Secondary)) == 0;

    private static bool IsLoopback(int index, IReadOnlyList<Link> links) => links.Any(l => l.Index == index && (l.Flags & LinkFlags.Loopback) != 0);

    private static int MtuOf(List<int> indexes, IReadOnlyList<Link> links) =>
        links.Where(l => indexes.Contains(l.Index) && (l.Flags & LinkFlags.Loopback) == 0).Select(l => l.Mtu).DefaultIfEmpty(1500).Min();
}

/// <summary>What the operator said of the node's address: nothing (<see cref="Auto"/>), none, or which.</summary>
internal sealed record AddressChoice(bool None, InetAddress? Address, int? PrefixLength)
{
    public static AddressChoice Auto { get; } = new(false, null, null);

    public bool IsGiven => None || Address is not null;

    public static bool TryParse(string text, bool ipv6, out AddressChoice choice)
    {
        choice = Auto;
        if (text == "auto") return true;
        if (text == "none")
        {
            choice = new AddressChoice(true, null, null);
            return true;
        }
        if (!IpPrefix.TryParseWithHostBits(text, out InetAddress address, out IpPrefix prefix) || address.IsIPv6 != ipv6) return false;
        choice = new AddressChoice(false, address, text.Contains('/', StringComparison.Ordinal) ? prefix.Length : null);
        return true;
    }
}
