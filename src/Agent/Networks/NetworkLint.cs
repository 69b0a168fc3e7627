using System.Globalization;
using Margay.Agent.Underlay;
using Margay.Api.NodeSync;
using Margay.Bgp.Vpn;
using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Agent.Networks;

/// <summary>What keeps packets of a network from arriving, in words with the remedy.</summary>
/// <param name="Kind">NoTunnelEnd, RouteRefused, RdCollision, VtepUnreachable, MtuTooSmall.</param>
internal sealed record NetworkFault(string Kind, string Where, string What);

/// <summary>The way to a tunnel end: the MTU of the link that leads there, in bytes; or why there is none; and what probes of the size that is needed say.</summary>
internal readonly record struct UnderlayPath(int Mtu, string? Unreachable, ProbeResult Probed = default);

/// <summary>Finds what is wrong with a host's virtual networks while every session is up and every route looks well. Pure.</summary>
internal static class NetworkLint
{
    private const int RoutesNamed = 3;

    /// <param name="paths">All that some network here imports.</param>
    public static IReadOnlyList<NetworkFault> Run(IReadOnlyCollection<NetworkView> present, TunnelEnd? end, IReadOnlyList<VrfPathRow> paths, Func<InetAddress, UnderlayPath> reach)
    {
        List<NetworkFault> faults = [];
        if (end is null)
        {
            if (present.Count > 0) faults.Add(new NetworkFault("NoTunnelEnd", "this host", "it has no address on the underlay, so that its networks reach no other host; give the agent one with --ip or --ip6"));
            return faults;
        }
        int overhead = end.UnderlayMtu - end.InnerMtu;
        foreach (NetworkView network in present.Where(n => n.Mtu > end.InnerMtu).OrderBy(n => n.Name, StringComparer.Ordinal))
            faults.Add(TooSmall($"network {network.Name}", end.UnderlayMtu, network.Mtu!.Value, overhead));
        foreach (var refused in paths.Where(p => p.Reason is not (null or VrfImporter.OwnRoute or VrfImporter.Outranked)).GroupBy(p => (p.Vrf, p.Path.Vtep, p.Reason)).OrderBy(g => g.Key.Vrf, StringComparer.Ordinal).ThenBy(g => g.Key.Vtep))
            faults.Add(new NetworkFault("RouteRefused", $"network {refused.Key.Vrf}, from {refused.Key.Vtep}", $"{Routes([.. refused.Select(r => r.Prefix).Distinct().Order()])} not used: {refused.Key.Reason}"));
        foreach (var shared in paths.GroupBy(p => Convert.ToHexStringLower(p.Nlri.Key.Slice(2, 8))).Select(g => (Rd: g.Key, Ends: g.Select(p => p.Path.Vtep).Distinct().Order().ToArray(), Networks: g.Select(p => p.Vrf).Distinct().Order(StringComparer.Ordinal))).Where(g => g.Ends.Length > 1).OrderBy(g => g.Rd, StringComparer.Ordinal))
            faults.Add(new NetworkFault("RdCollision", $"tunnel ends {string.Join(" and ", shared.Ends)}", $"both tell routes of {string.Join(", ", shared.Networks)} with the route distinguisher {Rd(shared.Rd)}: where they tell of one prefix, one hides the other; give each router a route distinguisher of its own (and hosts a router id of their own)"));
        Dictionary<string, int> needs = present.ToDictionary(n => n.Name, n => n.Mtu ?? end.InnerMtu);
        foreach (IGrouping<InetAddress, VrfPathRow> behind in paths.Where(p => p.Reason is null).GroupBy(p => p.Path.Vtep).OrderBy(g => g.Key))
        {
            string[] networks = [.. behind.Select(p => p.Vrf).Distinct().Order(StringComparer.Ordinal)];
            UnderlayPath path = reach(behind.Key);
            if (path.Unreachable is { } why)
                faults.Add(new NetworkFault("VtepUnreachable", $"tunnel end {behind.Key}", $"this host has no way there ({why}), and {string.Join(", ", networks)} lead through it; add a route of the underlay"));
            else if (networks.Max(n => needs.GetValueOrDefault(n, end.InnerMtu)) is var inner && path.Mtu < inner + overhead && path.Mtu < end.UnderlayMtu)
                faults.Add(TooSmall($"tunnel end {behind.Key}", path.Mtu, inner, overhead));
            else if (path.Probed is { Answer: ProbeAnswer.TooBig, Mtu: var most })
                faults.Add(TooSmall($"tunnel end {behind.Key}, on the way", most, inner, overhead));
            else if (path.Probed.Answer == ProbeAnswer.Lost)
                faults.Add(new NetworkFault("MtuTooSmall", $"tunnel end {behind.Key}, on the way", string.Create(CultureInfo.InvariantCulture,
                    $"packets of {inner + overhead} bytes do not arrive and small ones do, and no router says what fits; raise the underlay's MTU on the way, or lower spec.mtu of {string.Join(", ", networks)}")));
        }
        return faults;
    }

    /// <summary>How large an IP packet of the underlay has to be able to get to each tunnel end that is in use, for the networks that are reached there.</summary>
    public static IReadOnlyDictionary<InetAddress, int> SizesToProbe(IReadOnlyCollection<NetworkView> present, TunnelEnd end, IReadOnlyList<VrfPathRow> paths)
    {
        Dictionary<string, int> needs = present.ToDictionary(n => n.Name, n => n.Mtu ?? end.InnerMtu);
        return paths.Where(p => p.Reason is null).GroupBy(p => p.Path.Vtep).ToDictionary(g => g.Key, g => Math.Min(end.UnderlayMtu, g.Max(p => needs.GetValueOrDefault(p.Vrf, end.InnerMtu)) + end.UnderlayMtu - end.InnerMtu));
    }

    /// <summary>RFC 4364 §4.2: two octets of type, then as the type says.</summary>
    private static string Rd(string hex)
    {
        ulong value = ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{(value >> 48) switch
        {
            0 => $"{(ushort)(value >> 32)}:{(uint)value}",
            1 => $"{InetAddress.FromIPv4((uint)(value >> 16))}:{(ushort)value}",
            2 => $"{(uint)(value >> 16)}:{(ushort)value}",
            _ => hex,
        }}");
    }

    private static string Routes(IReadOnlyList<IpPrefix> prefixes) => prefixes.Count == 1
        ? $"its route {prefixes[0]} is"
        : $"{prefixes.Count} of its routes ({string.Join(", ", prefixes.Take(RoutesNamed))}{(prefixes.Count > RoutesNamed ? " …" : "")}) are";

    private static NetworkFault TooSmall(string where, int underlay, int inner, int overhead) => new("MtuTooSmall", where, string.Create(CultureInfo.InvariantCulture,
        $"the underlay carries {underlay} bytes, a full packet needs {inner} + {overhead}; set spec.mtu to {underlay - overhead} or less, or raise the underlay's MTU"));
}
