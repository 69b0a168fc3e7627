using System.Diagnostics.Metrics;
using Margay.Bgp.Session;

namespace Margay.Bgp;

/// <summary>
/// Instruments of a speaker: <c>bgp.peers.established</c>, <c>bgp.routes.received</c>, <c>bgp.routes.best</c>, <c>bgp.attributes</c>, <c>bgp.updates.received</c>,
/// <c>bgp.sessions.ended</c>, <c>bgp.peers.slow</c>, <c>bgp.bfd.up</c>, <c>bgp.bfd.failures</c>. The loop publishes a snapshot once a turn at most; readers never touch its state.
/// </summary>
internal sealed class SpeakerMetrics
{
    private sealed record Values(int Established, int Slow, long Received, long Prefixes, int Attributes, int BfdUp, long BfdFailures);

    private readonly Counter<long> _updates;
    private readonly Counter<long> _ended;
    private Values _values = new(0, 0, 0, 0, 0, 0, 0);

    internal SpeakerMetrics(Meter meter)
    {
        _updates = meter.CreateCounter<long>("bgp.updates.received", "{message}", "UPDATE messages received");
        _ended = meter.CreateCounter<long>("bgp.sessions.ended", "{session}", "sessions that were Established and ended");
        meter.CreateObservableGauge("bgp.peers.established", () => Volatile.Read(ref _values).Established, "{peer}", "peers in state Established");
        meter.CreateObservableGauge("bgp.peers.slow", () => Volatile.Read(ref _values).Slow, "{peer}", "peers that are served from the RIB because they read slowly");
        meter.CreateObservableGauge("bgp.routes.received", () => Volatile.Read(ref _values).Received, "{route}", "paths in all Adj-RIBs-In and own routes");
        meter.CreateObservableGauge("bgp.routes.best", () => Volatile.Read(ref _values).Prefixes, "{prefix}", "prefixes known");
        meter.CreateObservableGauge("bgp.bfd.up", () => Volatile.Read(ref _values).BfdUp, "{session}", "BFD sessions in state Up");
        meter.CreateObservableCounter("bgp.bfd.failures", () => Volatile.Read(ref _values).BfdFailures, "{session}", "BFD sessions that left Up because the way to the peer failed");
        meter.CreateObservableGauge("bgp.attributes", () => Volatile.Read(ref _values).Attributes, "{set}", "different sets of path attributes held");
    }

    internal void OnUpdate() => _updates.Add(1);

    internal void OnSessionEnded(string peer) => _ended.Add(1, new KeyValuePair<string, object?>("peer", peer));

    internal void Publish(SpeakerLoop loop)
    {
        int established = 0, slow = 0;
        foreach (Peer p in loop.Peers.All)
        {
            if (p.Established is not { } s) continue;
            established++;
            if (s.Output.Members.Any(m => m.IsSlow)) slow++;
        }
        Volatile.Write(ref _values, new Values(established, slow, loop.Tables.Sum(t => (long)t.PathCount), loop.Tables.Sum(t => (long)t.PrefixCount), loop.Attributes.Count, loop.Liveness.UpCount, loop.Liveness.Failures));
    }
}
