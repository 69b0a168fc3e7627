using System.Globalization;
using System.Text.Json;
using Margay.Agent.Attach;
using Margay.Api.Attach;

namespace Margay.Agent.Drops;

/// <summary>
/// Answers the topic "drops". Argument: words of the form NAME=VALUE, all optional: <c>after</c> (number of the last record that the asker has; without it the latest are told),
/// <c>endpoint</c> (a part of its id), <c>wait</c> (seconds to wait for one when there is none), <c>limit</c> (records).
/// </summary>
internal static class DropQueries
{
    /// <summary>So that an answer stays well below the frame's 1 MiB.</summary>
    private const int MaxRecords = 400;

    /// <summary>Below the socket's own limit for an answer.</summary>
    private const int MaxWaitSeconds = 25;

    public static async Task<AgentReply> AnswerAsync(DropWatch? watch, string? argument, CancellationToken cancel)
    {
        if (watch is null) return Refuse("this agent has no host to keep, and drops nothing");
        return watch.Fault is { } fault ? Refuse(fault) : await AnswerAsync(watch.Book, watch.Time, argument, cancel).ConfigureAwait(false);
    }

    internal static async Task<AgentReply> AnswerAsync(DropBook book, TimeProvider time, string? argument, CancellationToken cancel)
    {
        if (!TryParse(argument, out long? after, out string? endpoint, out int wait, out int limit))
            return Refuse($"argument: '{argument}' is not understood; it consists of after=NUMBER, endpoint=TEXT, wait=SECONDS (to {MaxWaitSeconds}), limit=NUMBER (to {MaxRecords})");
        bool Fits(DropRecord record) => endpoint is null || record.Endpoint.Contains(endpoint, StringComparison.Ordinal);

        (IReadOnlyList<DropRecord> records, long last) = after is { } from ? book.Read(from, Fits, limit) : book.ReadLatest(Fits, limit);
        if (records.Count == 0 && wait > 0)
        {
            using CancellationTokenSource enough = new(TimeSpan.FromSeconds(wait), time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancel);
            try
            {
                while (records.Count == 0)
                {
                    await book.WaitAsync(last, either.Token).ConfigureAwait(false);
                    (records, last) = book.Read(last, Fits, limit);
                }
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // Nothing came; the asker goes on from where it is.
            }
        }
        return new AgentReply { Query = Reply(records, last, book.Lost) };
    }

    private static bool TryParse(string? argument, out long? after, out string? endpoint, out int wait, out int limit)
    {
        (after, endpoint, wait, limit) = (null, null, 0, MaxRecords);
        foreach (string word in (argument ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = word.Split('=', 2);
            if (parts.Length != 2) return false;
            bool isNumber = long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long number);
            switch (parts[0])
            {
                case "endpoint": endpoint = parts[1]; break;
                case "after" when isNumber: after = number; break;
                case "wait" when isNumber && number <= MaxWaitSeconds: wait = (int)number; break;
                case "limit" when isNumber && number is > 0 and <= MaxRecords: limit = (int)number; break;
                default: return false;
            }
        }
        return true;
    }

    private static QueryReply Reply(IReadOnlyList<DropRecord> records, long last, long lost)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream))
        {
            w.WriteStartObject();
            w.WriteNumber("last", last);
            w.WriteNumber("overruns", lost);
            w.WriteStartArray("drops");
            foreach (DropRecord record in records) Write(w, record);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        return new QueryReply
        {
            Columns = ["TIME", "DIRECTION", "ENDPOINT", "PROTOCOL", "SOURCE", "DESTINATION", "DROPPED BY"],
            Rows = [.. records.Select(r => (IReadOnlyList<string>)[TimeOf(r), r.Direction, r.Endpoint.Length > 0 ? r.Endpoint : "-", r.Protocol, r.Source, r.Destination, r.Site.ToString()])],
            Json = document.RootElement.Clone(),
        };
    }

    private static void Write(Utf8JsonWriter w, DropRecord record)
    {
        Dataplane.Drops.PacketHeaders headers = record.Packet.Headers;
        w.WriteStartObject();
        w.WriteNumber("sequence", record.Sequence);
        w.WriteString("time", TimeOf(record));
        w.WriteString("network", record.Packet.Network.Value);
        w.WriteString("direction", record.Direction);
        if (record.Endpoint.Length > 0) w.WriteString("endpoint", record.Endpoint);
        w.WriteString("kind", Dataplane.Drops.DropSite.WordOf(record.Site.Kind));
        w.WriteString("name", record.Site.Name);
        if (record.Site.RuleIndex is { } index) w.WriteNumber("rule", index);
        w.WriteString("by", record.Site.ToString());
        w.WriteString("protocol", record.Protocol);
        w.WriteString("source", headers.Source.ToString());
        if (headers.SourcePort is { } sourcePort) w.WriteNumber("sourcePort", sourcePort);
        w.WriteString("destination", headers.Destination.ToString());
        if (headers.DestinationPort is { } destinationPort) w.WriteNumber("destinationPort", destinationPort);
        if (headers.IcmpType is { } type) w.WriteNumber("icmpType", type);
        if (headers.IcmpCode is { } code) w.WriteNumber("icmpCode", code);
        if (record.Packet.InputInterface is { } input) w.WriteString("inputInterface", input);
        if (record.Packet.OutputInterface is { } output) w.WriteString("outputInterface", output);
        w.WriteEndObject();
    }

    private static string TimeOf(DropRecord record) => record.Time.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static AgentReply Refuse(string message) => new() { Error = Errors.InvalidRequest(message) };
}
