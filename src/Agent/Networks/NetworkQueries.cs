using System.Globalization;
using System.Text;
using Margay.Agent.Attach;
using Margay.Agent.Health;
using Margay.Agent.Sync;
using Margay.Agent.Underlay;
using Margay.Api.Attach;
using Margay.Api.NodeSync;
using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Networks;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Agent.Networks;

/// <summary>What a host can tell of its virtual networks.</summary>
/// <param name="spaces">What the names of their namespaces begin with.</param>
/// <param name="routes">Null on a host without an address on the underlay.</param>
internal sealed class NetworkQueries(string spaces, Connection connection, AttachLoop attach, DataplaneLoop dataplane, Speaker speaker, TunnelEnd? end, NetworkRoutes? routes, TimeProvider time)
{
    /// <summary>The networks that have a workload here.</summary>
    public async Task<QueryReply> ListAsync(CancellationToken cancel)
    {
        ILookup<string, AttachmentRow> workloads = (await attach.InspectAsync(cancel).ConfigureAwait(false)).Attachments.ToLookup(a => a.Record.Network);
        IReadOnlyList<string> pending = (await dataplane.InspectAsync(cancel).ConfigureAwait(false)).Pending;
        ILookup<string, VrfPathRow> used = Paths().Where(p => p.Reason is null).ToLookup(p => p.Vrf);
        Table table = new("NETWORK", "VNI", "WORKLOADS", "HOSTS", "ROUTES", "STATE", "MTU", "NAMESPACE");
        foreach (IGrouping<string, AttachmentRow> network in workloads.Where(w => w.Key != NetworkName.Default.Value).OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            NetworkView? view = connection.View.Networks.Find(network.Key);
            string begin = $"network {network.Key}: ";
            string state = view is null ? "not in this host's view: the server does not know of it"
                : end is null ? "no tunnel: this host has no address on the underlay"
                : pending.FirstOrDefault(p => p.StartsWith(begin, StringComparison.Ordinal)) is { } refused ? refused[begin.Length..]
                : network.Select(w => w.Reason).FirstOrDefault(r => r is not null) ?? "programmed";
            table.Add(network.Key, view is null ? "" : Number(view.Vni), Number(network.Count()), Number(used[network.Key].Select(p => p.Path.Vtep).Distinct().Count()),
                Number(used[network.Key].Select(p => p.Prefix).Distinct().Count()), state, (view?.Mtu ?? end?.InnerMtu) is { } mtu ? Number(mtu) : "", spaces + network.Key);
        }
        return table.ToReply();
    }

    public async Task WriteMetricsAsync(StringBuilder text, CancellationToken cancel)
    {
        ILookup<string, AttachmentRow> workloads = (await attach.InspectAsync(cancel).ConfigureAwait(false)).Attachments.Where(a => a.Record.Network != NetworkName.Default.Value).ToLookup(a => a.Record.Network);
        IReadOnlyList<(string Network, int Routes, int TunnelEnds)> learnt = routes?.Counts() ?? [];
        Series("margay_network_workloads", "Workloads of the network here.", workloads.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => (w.Key, w.Count())));
        Series("margay_network_routes", "Routes of the network learnt from other hosts, and used.", learnt.Select(l => (l.Network, l.Routes)));
        Series("margay_network_tunnel_ends", "Other hosts that routes of the network lead to.", learnt.Select(l => (l.Network, l.TunnelEnds)));

        void Series(string name, string help, IEnumerable<(string Network, int Count)> values)
        {
            AgentMetrics.Head(text, name, "gauge", help);
            foreach ((string network, int count) in values) text.Append(CultureInfo.InvariantCulture, $"{name}{{network=\"{network}\"}} {count}\n");
        }
    }

    /// <summary>Every route that comes for a network here, with the reason for each that is not used. Argument: NAMESPACE.NAME or NAMESPACE/NAME; all networks without one.</summary>
    public async Task<QueryReply> RoutesAsync(string? argument)
    {
        string? only = string.IsNullOrEmpty(argument) ? null : argument.Replace('/', '.');
        Table table = new("NETWORK", "PREFIX", "TUNNEL END", "ROUTER MAC", "USED", "REASON", "VNI", "SEQUENCE", "LOCAL PREF");
        foreach (VrfPathRow row in (await AllPathsAsync().ConfigureAwait(false)).Where(p => only is null || p.Vrf == only))
            table.Add(row.Vrf, row.Prefix.ToString(), row.Path.Vtep.ToString(), row.Path.RouterMac?.ToString() ?? "", row.Reason is null ? "yes" : "no", row.Reason ?? "",
                Number(row.Path.Vni), Number(row.Path.Sequence), Number(row.Path.LocalPref));
        return table.ToReply();
    }

    public async Task<QueryReply> LintAsync()
    {
        Table table = new("PROBLEM", "WHERE", "WHAT");
        IReadOnlyList<VrfPathRow> paths = await AllPathsAsync().ConfigureAwait(false);
        NetworkView[] present = [.. connection.View.Networks.Values];
        IReadOnlyDictionary<InetAddress, ProbeResult> probed = end is null ? new Dictionary<InetAddress, ProbeResult>() : await new PathProbe(end.Address, time).AskAsync(NetworkLint.SizesToProbe(present, end, paths)).ConfigureAwait(false);
        using RouteSocket socket = RouteSocket.Open();
        foreach (NetworkFault fault in NetworkLint.Run(present, end, paths, to => PathTo(socket, to) with { Probed = probed.GetValueOrDefault(to) })) table.Add(fault.Kind, fault.Where, fault.What);
        return table.ToReply();
    }

    private IReadOnlyList<VrfPathRow> Paths() => routes?.Rows() ?? [];

    /// <summary>With those that import policy keeps from all networks.</summary>
    private async Task<IReadOnlyList<VrfPathRow>> AllPathsAsync() =>
        [.. Paths().Concat(await DistrustedRoutes.OfAsync(connection.View, speaker).ConfigureAwait(false)).OrderBy(p => p.Vrf, StringComparer.Ordinal).ThenBy(p => p.Prefix)];

    private static UnderlayPath PathTo(RouteSocket socket, InetAddress to)
    {
        NetlinkResult<RouteEntry> route = socket.LookupRoute(to);
        if (!route.Ok) return new UnderlayPath(0, route.Result.ToString());
        NetlinkResult<Link> link = socket.GetLink(route.Value.LinkIndex);
        return link.Ok ? new UnderlayPath(link.Value.Mtu, null) : new UnderlayPath(0, link.Result.ToString());
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
