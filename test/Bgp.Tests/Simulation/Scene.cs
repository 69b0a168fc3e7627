using System.Collections.Immutable;
using Margay.Bgp.Tests.Session;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Simulation;

/// <summary>
/// Speakers by number, who is linked to whom, and who owns which prefix: what a simulation does to them, and what must be true when it is quiet again. Everything
/// random comes from one seed.
/// </summary>
internal sealed class Scene
{
    private readonly Dictionary<int, SpeakerConfig> _configs = [];
    private readonly Dictionary<InetAddress, int> _byAddress = [];
    private readonly HashSet<(int A, int B)> _links = [];
    private readonly HashSet<(int A, int B)> _cut = [];
    private readonly SortedDictionary<string, int> _owner = new(StringComparer.Ordinal);

    internal Scene(int seed)
    {
        Random = new Random(seed);
        Sim = new SimSpeakers(seed);
    }

    internal Random Random { get; }
    internal SimSpeakers Sim { get; }
    internal SortedDictionary<int, Speaker> Speakers { get; } = [];
    internal IReadOnlyDictionary<string, int> Owners => _owner;

    internal PeerTimers Timers { get; init; } = new(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));

    /// <summary>A speaker that is not started before <see cref="Start"/>.</summary>
    internal void Add(int n, uint asn)
    {
        _configs[n] = new SpeakerConfig { LocalAs = asn, RouterId = Net.Address(n), Listen = [new ListenEndpoint(InetAddress.AnyV4)] };
        _byAddress[Net.Address(n)] = n;
    }

    /// <summary>Both know each other; <paramref name="atA"/> and <paramref name="atB"/> complete what they know.</summary>
    internal void Link(int a, int b, Func<PeerSpec, PeerSpec>? atA = null, Func<PeerSpec, PeerSpec>? atB = null)
    {
        _links.Add((a, b));
        AddPeer(a, b, atA);
        AddPeer(b, a, atB);
    }

    private void AddPeer(int at, int remote, Func<PeerSpec, PeerSpec>? more)
    {
        PeerSpec spec = new()
        {
            Name = Net.Name(remote),
            RemoteAddress = Net.Address(remote),
            RemoteAs = _configs[remote].LocalAs,
            Timers = Timers,
            GracefulRestart = new GracefulRestartSpec(true, TimeSpan.FromSeconds(20), TimeSpan.Zero),
        };
        _configs[at] = _configs[at] with { Peers = _configs[at].Peers.Add(more?.Invoke(spec) ?? spec) };
    }

    internal void StartAll()
    {
        foreach (int n in _configs.Keys) Start(n);
    }

    internal void Start(int n, bool restarting = false)
    {
        Speakers[n] = Sim.Add(Net.Address(n), o => o with { ReceiveBufferSize = 4096, Restarting = restarting });
        Sim.Apply(Speakers[n], _configs[n]);
    }

    /// <summary>It dies; what it announced is no longer to be found.</summary>
    internal void Kill(int n)
    {
        Sim.Kill(Speakers[n], fin: Random.Next(2) == 0);
        Speakers.Remove(n);
        foreach (string p in _owner.Where(o => o.Value == n).Select(o => o.Key).ToArray()) _owner.Remove(p);
    }

    internal void Announce(int n, string prefix)
    {
        if (_owner.TryGetValue(prefix, out int old) && old != n && Speakers.TryGetValue(old, out Speaker? before))
        {
            // A move: the new owner announces before or after the old one withdraws.
            if (Random.Next(2) == 0) Sim.Wait(Speakers[n].AnnounceAsync(IpPrefix.Parse(prefix), LocalRoute.Default));
            Sim.Wait(before.WithdrawAsync(IpPrefix.Parse(prefix)));
        }
        Sim.Wait(Speakers[n].AnnounceAsync(IpPrefix.Parse(prefix), LocalRoute.Default));
        _owner[prefix] = n;
    }

    internal void Withdraw(string prefix)
    {
        if (_owner.Remove(prefix, out int n)) Sim.Wait(Speakers[n].WithdrawAsync(IpPrefix.Parse(prefix)));
    }

    internal (int A, int B) AnyLink() => _links.ElementAt(Random.Next(_links.Count));

    internal void Cut((int A, int B) link)
    {
        _cut.Add(link);
        Sim.Network.Cut(Net.Address(link.A), Net.Address(link.B));
    }

    internal void Restore((int A, int B) link)
    {
        _cut.Remove(link);
        Sim.Network.Restore(Net.Address(link.A), Net.Address(link.B));
    }

    /// <summary>The TCP connection of a link is reset, the link stays.</summary>
    internal void Break((int A, int B) link)
    {
        if (Speakers.TryGetValue(link.A, out Speaker? speaker)) SimSpeakers.Break(speaker, Net.Name(link.B));
    }

    internal void Run(double seconds) => Sim.Run(TimeSpan.FromSeconds(seconds));

    /// <summary>
    /// After quiet: every speaker knows every prefix whose owner it can reach, and no other; nothing is stale; and a packet that follows the next hops from anywhere comes to
    /// the owner without passing anybody twice.
    /// </summary>
    internal void AssertRight(double quiet = 150)
    {
        Run(quiet);
        Dictionary<int, Dictionary<string, int>> next = [];
        foreach ((int n, Speaker speaker) in Speakers)
        {
            Dictionary<string, int> hops = next[n] = [];
            foreach (RouteRow row in Sim.Wait(speaker.GetRoutesAsync(RibKind.LocRib, Family.IPv4Unicast)))
            {
                Assert.False(row.Stale, $"{n}: {row.Nlri} is stale");
                hops[row.Nlri.ToString()] = row.Peer.Length == 0 ? n : _byAddress[row.Attributes.NextHop];
            }
        }
        ILookup<int, int> neighbours = Alive().SelectMany(l => new[] { (l.A, l.B), (l.B, l.A) }).ToLookup(l => l.Item1, l => l.Item2);
        Dictionary<int, int> island = Islands(neighbours);
        foreach ((int n, Dictionary<string, int> hops) in next)
        {
            foreach ((string prefix, int owner) in _owner)
            {
                if (island[owner] == island[n]) Assert.True(hops.ContainsKey(prefix), $"{n} does not know {prefix} of {owner}: {Why(n)}");
                else Assert.False(hops.ContainsKey(prefix), $"{n} knows {prefix} of {owner}, which it cannot reach");
            }
            foreach ((string prefix, _) in hops)
            {
                Assert.True(_owner.TryGetValue(prefix, out int owner), $"{n} still knows {prefix}, which nobody announces");
                HashSet<int> passed = [];
                int at = n;
                for (; at != owner; at = next[at][prefix])
                {
                    Assert.True(passed.Add(at), $"a packet from {n} to {prefix} goes round: {string.Join(" → ", passed)} → {at}");
                    Assert.True(next.ContainsKey(at) && next[at].ContainsKey(prefix), $"a packet from {n} to {prefix} ends at {at}: {string.Join(" → ", passed)}");
                }
            }
        }
    }

    private string Why(int n) => string.Join("; ", Sim.Wait(Speakers[n].GetPeersAsync()).Select(p => $"{p.Name} {p.State} {p.RoutesReceived} {p.LastError}").Take(8));

    private IEnumerable<(int A, int B)> Alive() => _links.Where(l => !_cut.Contains(l) && Speakers.ContainsKey(l.A) && Speakers.ContainsKey(l.B));

    private Dictionary<int, int> Islands(ILookup<int, int> neighbours)
    {
        Dictionary<int, int> island = [];
        foreach (int first in Speakers.Keys)
        {
            if (!island.TryAdd(first, first)) continue;
            Queue<int> open = new([first]);
            while (open.TryDequeue(out int n))
                foreach (int m in neighbours[n])
                    if (island.TryAdd(m, first)) open.Enqueue(m);
        }
        return island;
    }

    /// <summary>All that was sent and all that can be seen, for comparing runs.</summary>
    internal string Trace() => $"{Sim.Network.TraceHash:x16} {Sim.Network.Segments} {string.Join(' ', Speakers.Values.Select(s => Sim.Wait(s.GetPeersAsync()).Sum(p => p.TimesEstablished)))}";
}
