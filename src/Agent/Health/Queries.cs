using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Margay.Agent.Attach;
using Margay.Agent.Drops;
using Margay.Agent.Networks;
using Margay.Agent.Routing;
using Margay.Agent.Sync;
using Margay.Api.Attach;
using Margay.Api.Resources;
using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Ipam;

namespace Margay.Agent.Health;

/// <summary>Answers questions about the agent, over the socket and for probes. Reads snapshots; changes nothing but the file that a dump is asked for.</summary>
/// <param name="attach">Null, like <paramref name="dataplane"/>, in a reflector, which has no host to keep.</param>
internal sealed class Queries(AgentOptions options, string version, AttachLoop? attach, DataplaneLoop? dataplane, Speaker speaker, Connection connection, AgentMetrics metrics, DropWatch? drops = null, NetworkQueries? networks = null)
{
    private const int MeshWarning = 100;

    public static readonly string[] Topics = ["status", "endpoints", "bgp-peers", "bgp-routes", "bgp-explain", "bgp-stations", "bgp-dump", "drops", "ipam", "networks", "network-routes", "network-lint", "view", "metrics"];

    private readonly BgpQueries _bgp = new(speaker, dataplane);

    public async Task<AgentReply> AnswerAsync(QueryRequest request, CancellationToken cancel)
    {
        if (request.Topic == "bgp-dump") return await _bgp.DumpAsync(request.Argument, cancel).ConfigureAwait(false);
        if (request.Topic == "drops") return await DropQueries.AnswerAsync(drops, request.Argument, cancel).ConfigureAwait(false);
        QueryReply? reply = request.Topic switch
        {
            "status" => await StatusAsync(cancel).ConfigureAwait(false),
            "endpoints" => await EndpointsAsync(request.Argument, cancel).ConfigureAwait(false),
            "bgp-peers" => await PeersAsync(request.Argument).ConfigureAwait(false),
            "bgp-routes" => await RoutesAsync(request.Argument).ConfigureAwait(false),
            "bgp-explain" => await _bgp.ExplainAsync(request.Argument, cancel).ConfigureAwait(false),
            "bgp-stations" => await _bgp.StationsAsync().ConfigureAwait(false),
            "ipam" => await IpamAsync(cancel).ConfigureAwait(false),
            "networks" when networks is not null => await networks.ListAsync(cancel).ConfigureAwait(false),
            "network-routes" when networks is not null => await networks.RoutesAsync(request.Argument).ConfigureAwait(false),
            "network-lint" when networks is not null => await networks.LintAsync().ConfigureAwait(false),
            "view" => View(),
            "metrics" => new QueryReply { Text = await MetricsAsync(cancel).ConfigureAwait(false) },
            _ => null,
        };
        return reply is null
            ? new AgentReply { Error = Errors.InvalidRequest($"topic: '{request.Topic}' is none of {string.Join(", ", Topics)}; or its argument is not understood") }
            : new AgentReply { Query = reply };
    }

    /// <summary>/readyz, /livez and /metrics; null for anything else.</summary>
    public async Task<HealthAnswer?> ProbeAsync(string path, CancellationToken cancel)
    {
        switch (path)
        {
            case "/livez":
                if (attach is null) await speaker.GetPeersAsync().ConfigureAwait(false);
                else await attach.InspectAsync(cancel).ConfigureAwait(false);
                return new HealthAnswer(200, "ok\n");
            case "/readyz" when dataplane is null:
                return connection.View.IsEmpty ? new HealthAnswer(503, $"there is no view yet: {connection.Reason}\n") : new HealthAnswer(200, "ok\n");
            case "/readyz":
                DataplaneSnapshot state = await dataplane.InspectAsync(cancel).ConfigureAwait(false);
                return state.InSync ? new HealthAnswer(200, "ok\n") : new HealthAnswer(503, $"not in sync with the kernel: {string.Join("; ", state.Pending.Take(5))}\n");
            case "/metrics":
                return new HealthAnswer(200, await MetricsAsync(cancel).ConfigureAwait(false));
            default:
                return null;
        }
    }

    private async Task<QueryReply> StatusAsync(CancellationToken cancel)
    {
        AttachSnapshot? attached = attach is null ? null : await attach.InspectAsync(cancel).ConfigureAwait(false);
        DataplaneSnapshot? state = dataplane is null ? null : await dataplane.InspectAsync(cancel).ConfigureAwait(false);
        IReadOnlyList<PeerStatus> peers = await speaker.GetPeersAsync().ConfigureAwait(false);
        HeldView view = connection.View;
        Table table = new("NAME", "VALUE");
        table.Add("node", options.Node);
        table.Add("version", version);
        table.Add("server", options.Server.ToString());
        table.Add("connected", connection.IsConnected ? "yes" : $"no: {connection.Reason}");
        table.Add("view revision", view.IsEmpty ? "none" : Number(view.Revision));
        table.Add("route reflector", view.Settings?.RouteReflectorClusterId is { } cluster ? $"yes, cluster {(cluster.Length > 0 ? cluster : "of its router id")}" : options.Reflector ? "not in use" : "no");
        if (state is not null) table.Add("in sync", state.InSync && state.Pending.Count == 0 ? "yes" : $"no: {string.Join("; ", state.Pending.Take(5))}");
        if (attached is not null) table.Add("compared with server", attached.ComparedWithServer ? "yes" : "no");
        table.Add("ipv4 address", view.Settings?.Ipv4Address ?? "none");
        table.Add("ipv6 address", view.Settings?.Ipv6Address ?? "none");
        table.Add("as number", Number(view.Settings?.AsNumber ?? 0));
        if (attached is not null)
        {
            table.Add("attachments", Number(attached.Attachments.Count));
            table.Add("blocks", Number(attached.Blocks.Count));
        }
        table.Add("bgp peers", $"{peers.Count(p => p.State == SessionState.Established)} of {peers.Count} established");
        if (state is not null) table.Add("repairs", Number(state.Counters.Repairs));
        table.Add("memory", $"{Environment.WorkingSet / 1048576} MiB");
        return table.ToReply();
    }

    private async Task<QueryReply?> EndpointsAsync(string? argument, CancellationToken cancel)
    {
        if (attach is null || dataplane is null) return null;
        AttachSnapshot attached = await attach.InspectAsync(cancel).ConfigureAwait(false);
        Dictionary<string, EndpointRow> programmed = (await dataplane.InspectAsync(cancel).ConfigureAwait(false)).Endpoints.ToDictionary(e => e.Id);
        Table table = new("ENDPOINT", "STATE", "HOST INTERFACE", "INTERFACE", "ADDRESSES", "CONTAINER", "REASON");
        foreach (AttachmentRow row in attached.Attachments)
        {
            AttachmentRecord record = row.Record;
            if (argument is { Length: > 0 } && !record.EndpointId.Contains(argument, StringComparison.Ordinal) && !record.ContainerId.StartsWith(argument, StringComparison.Ordinal)) continue;
            string reason = row.Reason ?? programmed.GetValueOrDefault(record.EndpointId)?.Reason ?? (row.Link == Presence.Present ? "" : $"its link is {row.Link.ToString().ToLowerInvariant()}");
            table.Add(record.EndpointId, record.Phase.ToString(), record.HostInterface, record.Interface, string.Join(",", record.Addresses), record.ContainerId, reason);
        }
        return table.ToReply();
    }

    private async Task<QueryReply> PeersAsync(string? argument)
    {
        Table table = new("NAME", "ADDRESS", "AS", "STATE", "BFD", "SINCE", "RECEIVED", "ACCEPTED", "ADVERTISED", "ORIGIN", "LAST ERROR");
        foreach (PeerStatus peer in await speaker.GetPeersAsync().ConfigureAwait(false))
        {
            if (argument is { Length: > 0 } && peer.Name != argument && peer.Address.ToString() != argument) continue;
            table.Add(peer.Name, peer.Address.ToString(), Number(peer.RemoteAs), peer.State.ToString(), BfdOf(peer), peer.Since.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                Number(peer.RoutesReceived), Number(peer.RoutesAccepted), Number(peer.RoutesAdvertised), peer.Description, peer.LastError);
        }
        int mesh = connection.View.Peers.Values.Count(p => p.Name.StartsWith(PeerPolicies.MeshNames, StringComparison.Ordinal));
        bool tooMany = mesh > MeshWarning && connection.View.Settings?.RouteReflectorClusterId is null;
        return table.ToReply(tooMany ? $"warning: {mesh} sessions of the node-to-node mesh; beyond {MeshWarning} use route reflectors (docs/bgp.md)\n" : null);
    }

    private static string BfdOf(PeerStatus peer) => peer.Bfd is not { } bfd ? ""
        : bfd.Error.Length > 0 ? $"{bfd.State} ({bfd.Error})"
        : bfd.RemoteState == BfdState.AdminDown ? $"{bfd.State} (off at the peer)"
        : bfd.State.ToString();

    /// <summary>Argument: a prefix, "in PEER", "out PEER", or nothing for the best of all.</summary>
    private async Task<QueryReply?> RoutesAsync(string? argument)
    {
        string[] words = (argument ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        RibKind table = RibKind.LocRib;
        if (words is ["in" or "out", ..])
        {
            table = words[0] == "in" ? RibKind.AdjRibIn : RibKind.AdjRibOut;
            words = words[1..];
        }
        string? peer = null;
        IpPrefix? within = null;
        foreach (string word in words)
        {
            if (IpPrefix.TryParse(word, out IpPrefix prefix) && (word.Contains('/', StringComparison.Ordinal) || table == RibKind.LocRib)) within = prefix;
            else if (table != RibKind.LocRib && peer is null) peer = word;
            else return null;
        }
        Table rows = new("PREFIX", "NEXT HOP", "PEER", "AS PATH", "BEST", "COMMUNITIES", "REASON");
        foreach (Family family in (Family[])[Family.IPv4Unicast, Family.IPv6Unicast])
        {
            foreach (Bgp.RouteRow row in await speaker.GetRoutesAsync(table, family, peer, within).ConfigureAwait(false))
                rows.Add(row.Nlri.ToString(), row.Attributes.NextHop.ToString() ?? "", row.Peer.Length == 0 ? "local" : row.Peer, row.Attributes.AsPath.ToString(),
                    row.Best ? "yes" : "no", string.Join(' ', row.Attributes.Communities), row.Reason);
        }
        return rows.ToReply();
    }

    private async Task<QueryReply?> IpamAsync(CancellationToken cancel)
    {
        if (attach is null) return null;
        Table table = new("NETWORK", "BLOCK", "POOL", "SIZE", "IN USE", "FREE", "STATE");
        foreach (BlockUse block in (await attach.InspectAsync(cancel).ConfigureAwait(false)).Blocks)
            table.Add(block.Network.Value, block.Block.ToString(), block.Pool, Number(block.Size), Number(block.InUse), Number(block.Free), block.Leaving ? "leaving" : "owned");
        return table.ToReply();
    }

    private QueryReply View()
    {
        HeldView view = connection.View;
        Table table = new("KIND", "COUNT");
        foreach ((string kind, int count) in (IEnumerable<(string, int)>)
            [("pools", view.Pools.Count), ("blocks", view.Blocks.Count), ("peers", view.Peers.Count), ("bgpFilters", view.BgpFilters.Count), ("ipSets", view.IpSets.Count), ("policies", view.Policies.Count), ("profiles", view.Profiles.Count), ("endpoints", view.Endpoints.Count)])
            table.Add(kind, Number(count));
        return table.ToReply() with { Json = JsonSerializer.SerializeToElement(view.ToSnapshot(), ApiJsonContext.Default.ViewDelta) };
    }

    private async Task<string> MetricsAsync(CancellationToken cancel)
    {
        StringBuilder text = new();
        metrics.Write(text);
        drops?.Book.WriteMetrics(text);
        if (attach is not null && dataplane is not null) await HostMetricsAsync(text, attach, dataplane, cancel).ConfigureAwait(false);
        if (networks is not null) await networks.WriteMetricsAsync(text, cancel).ConfigureAwait(false);
        AgentMetrics.Gauge(text, "margay_agent_connected", "1 while the view stream is up.", connection.IsConnected ? 1 : 0);
        AgentMetrics.Gauge(text, "margay_agent_view_revision", "Store revision of the view.", connection.View.Revision);
        AgentMetrics.Head(text, "margay_bgp_peer_established", "gauge", "1 while the session is up.");
        ImmutableArray<PeerStatus> peers = await speaker.GetPeersAsync().ConfigureAwait(false);
        foreach (PeerStatus peer in peers)
            text.Append(CultureInfo.InvariantCulture, $"margay_bgp_peer_established{{peer=\"{peer.Name}\"}} {(peer.State == SessionState.Established ? 1 : 0)}\n");
        AgentMetrics.Head(text, "margay_bgp_distrusted_routes_total", "counter", "Times that a route, or a route target of it, was not believed, since the peer may not speak for the network.");
        foreach (PeerStatus peer in peers)
            text.Append(CultureInfo.InvariantCulture, $"margay_bgp_distrusted_routes_total{{peer=\"{peer.Name}\"}} {peer.RoutesDistrusted}\n");
        AgentMetrics.Head(text, "margay_bfd_up", "gauge", "1 while BFD says that the way to the peer is alive; absent for peers without BFD.");
        foreach (PeerStatus peer in peers)
            if (peer.Bfd is { } bfd) text.Append(CultureInfo.InvariantCulture, $"margay_bfd_up{{peer=\"{peer.Name}\"}} {(bfd.State == BfdState.Up ? 1 : 0)}\n");
        await _bgp.WriteMetricsAsync(text).ConfigureAwait(false);
        AgentMetrics.Gauge(text, "process_resident_memory_bytes", "Resident memory.", Environment.WorkingSet);
        return text.ToString();
    }

    private static async Task HostMetricsAsync(StringBuilder text, AttachLoop attach, DataplaneLoop dataplane, CancellationToken cancel)
    {
        AttachSnapshot attached = await attach.InspectAsync(cancel).ConfigureAwait(false);
        DataplaneSnapshot state = await dataplane.InspectAsync(cancel).ConfigureAwait(false);
        AgentMetrics.Gauge(text, "margay_agent_attachments", "Attachments in the journal.", attached.Attachments.Count);
        AgentMetrics.Gauge(text, "margay_agent_blocks", "Address blocks that this node owns.", attached.Blocks.Count);
        AgentMetrics.Gauge(text, "margay_agent_addresses_free", "Addresses that can be given without a new block.", attached.Blocks.Sum(b => b.Free));
        AgentMetrics.Gauge(text, "margay_agent_in_sync", "1 while the kernel is as wanted.", state.InSync && state.Pending.Count == 0 ? 1 : 0);
        AgentMetrics.Counter(text, "margay_dataplane_passes_total", "Times that the kernel was brought in line.", state.Counters.Passes);
        AgentMetrics.Counter(text, "margay_dataplane_nft_commits_total", "nftables transactions.", state.Counters.NftCommits);
        AgentMetrics.Counter(text, "margay_dataplane_route_messages_total", "Route, nexthop and neighbour messages.", state.Counters.RouteMessages);
        AgentMetrics.Counter(text, "margay_dataplane_failures_total", "Changes that the kernel refused.", state.Counters.Failures);
        AgentMetrics.Gauge(text, "margay_dataplane_refused_objects", "Chains, sets and elements that the kernel refuses; something closed stands in for each.", state.Counters.Refused);
        AgentMetrics.Counter(text, "margay_dataplane_repairs_total", "Changes by others that were put right.", state.Counters.Repairs);
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
