using System.Collections.Immutable;
using Margay.Bgp.Rib;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Session;

/// <summary>Speakers on a simulated network, as tests set them up: speaker n is 10.0.0.n.</summary>
internal sealed class Net
{
    private readonly Dictionary<Speaker, SpeakerConfig> _configs = [];

    internal SimSpeakers Sim { get; } = new();

    internal static InetAddress Address(int n) => InetAddress.FromIPv4(0x0a00_0000u + (uint)n);

    internal static string Name(int n) => $"s{n}";

    internal Speaker Add(int n, uint asn, IRouteSink? sink = null, Func<SpeakerOptions, SpeakerOptions>? options = null)
    {
        Speaker speaker = Sim.Add(Address(n), o => options?.Invoke(o with { Sink = sink }) ?? o with { Sink = sink });
        _configs[speaker] = new SpeakerConfig { LocalAs = asn, RouterId = Address(n), Listen = [new ListenEndpoint(InetAddress.AnyV4)] };
        Sim.Apply(speaker, _configs[speaker]);
        return speaker;
    }

    internal SpeakerConfig Config(Speaker speaker) => _configs[speaker];

    internal void Change(Speaker speaker, Func<SpeakerConfig, SpeakerConfig> change)
    {
        _configs[speaker] = change(_configs[speaker]);
        Sim.Apply(speaker, _configs[speaker]);
    }

    /// <summary>Gives the speaker a peer; <paramref name="more"/> completes its spec.</summary>
    internal void Peer(Speaker speaker, int remote, RemoteAs asn, Func<PeerSpec, PeerSpec>? more = null)
    {
        PeerSpec spec = new() { Name = Name(remote), RemoteAddress = Address(remote), RemoteAs = asn };
        Change(speaker, c => c with { Peers = c.Peers.Add(more?.Invoke(spec) ?? spec) });
    }

    internal void ChangePeer(Speaker speaker, int remote, Func<PeerSpec, PeerSpec> change) =>
        Change(speaker, c => c with { Peers = [.. c.Peers.Select(p => p.Name == Name(remote) ? change(p) : p)] });

    /// <summary>Both sides know each other.</summary>
    internal void Link(Speaker a, int na, Speaker b, int nb, Func<PeerSpec, PeerSpec>? atA = null, Func<PeerSpec, PeerSpec>? atB = null)
    {
        Peer(a, nb, _configs[b].LocalAs, atA);
        Peer(b, na, _configs[a].LocalAs, atB);
    }

    internal PeerStatus Status(Speaker speaker, int remote) => Sim.Wait(speaker.GetPeersAsync()).Single(p => p.Name == Name(remote));

    internal bool IsUp(Speaker speaker, int remote) => Sim.Wait(speaker.GetPeersAsync()).Any(p => p.Name == Name(remote) && p.State == SessionState.Established);

    internal void AwaitUp(Speaker speaker, int remote, double seconds = 30) =>
        Assert.True(Sim.RunUntil(() => IsUp(speaker, remote), TimeSpan.FromSeconds(seconds)), $"not Established: {Status(speaker, remote).LastError}");

    internal void Announce(Speaker speaker, string prefix, LocalRoute? route = null) => Sim.Wait(speaker.AnnounceAsync(IpPrefix.Parse(prefix), route ?? LocalRoute.Default));

    internal void Withdraw(Speaker speaker, string prefix) => Sim.Wait(speaker.WithdrawAsync(IpPrefix.Parse(prefix)));

    internal ImmutableArray<RouteRow> Routes(Speaker speaker, RibKind kind = RibKind.LocRib, string? peer = null, Family? family = null) =>
        Sim.Wait(speaker.GetRoutesAsync(kind, family ?? Family.IPv4Unicast, peer));

    internal RouteRow? Route(Speaker speaker, string prefix) => Routes(speaker, family: prefix.Contains(':', StringComparison.Ordinal) ? Family.IPv6Unicast : null)
        .FirstOrDefault(r => r.Nlri.ToString() == prefix);

    internal void AwaitRoute(Speaker speaker, string prefix, double seconds = 10) =>
        Assert.True(Sim.RunUntil(() => Route(speaker, prefix) is not null, TimeSpan.FromSeconds(seconds)), $"{prefix} did not come");

    internal void AwaitNoRoute(Speaker speaker, string prefix, double seconds = 10) =>
        Assert.True(Sim.RunUntil(() => Route(speaker, prefix) is null, TimeSpan.FromSeconds(seconds)), $"{prefix} did not go");

    internal void Run(double seconds) => Sim.Run(TimeSpan.FromSeconds(seconds));
}

/// <summary>Remembers what the speaker installed.</summary>
internal sealed class RecordingSink : IRouteSink
{
    internal List<RouteChangeBatch> Batches { get; } = [];
    internal Dictionary<string, RouteChange> Table { get; } = [];
    internal bool Converged { get; private set; }

    public void Apply(RouteChangeBatch batch)
    {
        Batches.Add(batch);
        Converged |= batch.Converged;
        foreach (RouteChange c in batch.Changes)
        {
            if (c.Attributes is null) Table.Remove(c.Nlri.ToString());
            else Table[c.Nlri.ToString()] = c;
        }
    }
}
