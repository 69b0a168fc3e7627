using System.Globalization;
using System.Text;
using System.Text.Json;
using Margay.Agent.Attach;
using Margay.Api.Attach;
using Margay.Bgp;
using Margay.Bgp.Bmp;
using Margay.Bgp.Mrt;
using Margay.Core.Net;
using Margay.Dataplane;

namespace Margay.Agent.Health;

/// <summary>What the speaker can tell of itself: why a route is used or not, its monitoring stations, and its tables as a file.</summary>
/// <param name="dataplane">Null in a reflector, which installs nothing.</param>
internal sealed class BgpQueries(Speaker speaker, DataplaneLoop? dataplane)
{
    /// <summary>Every path to a prefix, the best first, with the reason; whether the kernel has the best; who is told. Null: not a prefix.</summary>
    public async Task<QueryReply?> ExplainAsync(string? argument, CancellationToken cancel)
    {
        if (!IpPrefix.TryParse(argument, out IpPrefix prefix)) return null;
        // The first five are what a terminal has room for.
        Table rows = new("RANK", "PEER", "NEXT HOP", "AS PATH", "REASON", "ORIGIN", "LOCAL PREF", "MED", "COMMUNITIES", "LARGE COMMUNITIES", "PATH ID", "STALE", "SINCE");
        if (await speaker.ExplainAsync(prefix).ConfigureAwait(false) is not { } explanation) return rows.ToReply($"nobody has told of {prefix}");
        if (dataplane is null) return Reply(rows, prefix, explanation, "no: this agent reflects routes and installs none");
        string name = new NetworkPrefix(NetworkName.Default, prefix).ToString();
        Dataplane.RouteRow? kernel = (await dataplane.InspectAsync(cancel).ConfigureAwait(false)).Routes.FirstOrDefault(r => r.Prefix == name);
        return Reply(rows, prefix, explanation, Installed(explanation, kernel));
    }

    internal static QueryReply Reply(Table rows, IpPrefix prefix, RouteExplanation explanation, string installed)
    {
        int rank = 1;
        foreach (Bgp.RouteRow row in explanation.Candidates)
        {
            Bgp.Wire.PathAttributes a = row.Attributes;
            rows.Add(Number(rank++), row.Peer.Length == 0 ? "local" : row.Peer, a.NextHop.ToString() ?? "", a.AsPath.ToString(), row.Reason, a.Origin.ToString().ToLowerInvariant(),
                a.LocalPref is { } pref ? Number(pref) : "", a.Med is { } med ? Number(med) : "", string.Join(' ', a.Communities), string.Join(' ', a.LargeCommunities),
                Number(row.PathId), row.Stale ? "yes" : "no", row.Since is { } since ? since.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : "");
        }
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"installed: {installed}\n");
        text.Append(CultureInfo.InvariantCulture, $"advertised to: {(explanation.AdvertisedTo.Length == 0 ? "nobody" : string.Join(", ", explanation.AdvertisedTo))}\n");
        foreach ((string peer, string reason) in explanation.NotAdvertisedTo) text.Append(CultureInfo.InvariantCulture, $"not to {peer}: {reason}\n");
        QueryReply table = rows.ToReply(text.ToString());
        return table with { Json = ToJson(prefix, installed, table.Json!.Value, explanation) };
    }

    internal static string Installed(RouteExplanation explanation, Dataplane.RouteRow? kernel)
    {
        if (explanation.Candidates.FirstOrDefault(c => c.Best) is not { } best) return "no: no path is usable";
        if (best.Peer.Length == 0) return "no: it is our own, the kernel has what lies in it";
        if (kernel is null) return "no: not yet given to the kernel";
        return kernel.Reason is { } reason ? $"no: {reason}" : $"yes, via {kernel.Via}";
    }

    private static JsonElement ToJson(IpPrefix prefix, string installed, JsonElement candidates, RouteExplanation explanation)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream))
        {
            w.WriteStartObject();
            w.WriteString("prefix", prefix.ToString());
            w.WriteString("installed", installed);
            w.WritePropertyName("candidates");
            candidates.WriteTo(w);
            w.WriteStartArray("advertisedTo");
            foreach (string peer in explanation.AdvertisedTo) w.WriteStringValue(peer);
            w.WriteEndArray();
            w.WriteStartArray("notAdvertisedTo");
            foreach ((string peer, string reason) in explanation.NotAdvertisedTo)
            {
                w.WriteStartObject();
                w.WriteString("peer", peer);
                w.WriteString("reason", reason);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
        }
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    /// <summary>Writes all routes into a file of this host (MRT, RFC 6396).</summary>
    public async Task<AgentReply> DumpAsync(string? file, CancellationToken cancel)
    {
        if (!Path.IsPathFullyQualified(file ?? "")) return new AgentReply { Error = Errors.InvalidRequest($"argument: '{file}' is not an absolute path of a file to write") };
        try
        {
            MrtSummary done = await speaker.DumpAsync(file!, cancel).ConfigureAwait(false);
            Table table = new("FILE", "PEERS", "ROUTES", "BYTES");
            table.Add(done.File, Number(done.Peers), Number(done.Routes), Number(done.Bytes));
            return new AgentReply { Query = table.ToReply() };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new AgentReply { Error = Errors.InvalidRequest($"{file} cannot be written: {e.Message}") };
        }
    }

    public async Task<QueryReply> StationsAsync()
    {
        Table table = new("ADDRESS", "PORT", "CONNECTED", "SINCE", "MESSAGES", "BYTES", "PENDING", "LAST ERROR");
        foreach (BmpStationStatus s in await speaker.GetStationsAsync().ConfigureAwait(false))
            table.Add(s.Address.ToString(), Number(s.Port), s.Connected ? "yes" : "no", s.Since.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                Number(s.MessagesSent), Number(s.BytesSent), Number(s.Pending), s.LastError);
        return table.ToReply();
    }

    public async Task WriteMetricsAsync(StringBuilder text)
    {
        IReadOnlyList<BmpStationStatus> stations = await speaker.GetStationsAsync().ConfigureAwait(false);
        if (stations.Count == 0) return;
        Each("margay_bgp_bmp_connected", "gauge", "1 while the monitoring station is connected.", s => s.Connected ? 1 : 0);
        Each("margay_bgp_bmp_connections_total", "counter", "Connections to the monitoring station.", s => s.TimesConnected);
        Each("margay_bgp_bmp_messages_total", "counter", "Messages sent to the monitoring station.", s => s.MessagesSent);
        Each("margay_bgp_bmp_bytes_total", "counter", "Octets sent to the monitoring station.", s => s.BytesSent);
        Each("margay_bgp_bmp_pending", "gauge", "Routes that the monitoring station has still to be told of.", s => s.Pending);

        void Each(string name, string type, string help, Func<BmpStationStatus, long> value)
        {
            AgentMetrics.Head(text, name, type, help);
            foreach (BmpStationStatus s in stations) text.Append(CultureInfo.InvariantCulture, $"{name}{{station=\"{s.Address}:{s.Port}\"}} {value(s)}\n");
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
