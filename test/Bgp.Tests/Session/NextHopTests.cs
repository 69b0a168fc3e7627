using System.Collections.Immutable;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.TestKit.Simulation;

namespace Margay.Bgp.Tests.Session;

/// <summary>Next hops on a shared link: the link-local one beside the global (RFC 2545 §3), and third parties (RFC 4271 §5.1.3).</summary>
public class NextHopTests
{
    private readonly SimSpeakers _sim = new();

    private static InetAddress Global(int subnet, int n) => InetAddress.Parse($"2001:db8:{subnet}::{n}");

    private static InetAddress LinkLocal(int n) => InetAddress.Parse($"fe80::{n}");

    private Speaker Add(int n, uint asn, params (int Remote, uint Asn, Func<PeerSpec, PeerSpec>? More)[] peers)
    {
        // Hosts 1 to 8 share a link; 9 is behind a router.
        Speaker s = _sim.Add([Global(n == 9 ? 9 : 1, n), LinkLocal(n)]);
        _sim.Apply(s, new SpeakerConfig
        {
            LocalAs = asn,
            RouterId = Net.Address(n),
            Listen = [new ListenEndpoint(InetAddress.AnyV6)],
            Peers = [.. peers.Select(p =>
            {
                PeerSpec spec = new() { Name = Net.Name(p.Remote), RemoteAddress = Global(p.Remote == 9 ? 9 : 1, p.Remote), RemoteAs = p.Asn, Families = FamilySet.IPv6Unicast };
                return p.More?.Invoke(spec) ?? spec;
            })],
        });
        return s;
    }

    private PathAttributes Await(Speaker s, string prefix)
    {
        ImmutableArray<RouteRow> rows = [];
        Assert.True(_sim.RunUntil(() => (rows = _sim.Wait(s.GetRoutesAsync(RibKind.LocRib, Family.IPv6Unicast))).Any(r => r.Nlri.ToString() == prefix), TimeSpan.FromSeconds(30)));
        return rows.First(r => r.Nlri.ToString() == prefix).Attributes;
    }

    private void Announce(Speaker s, InetAddress? nextHop = null) => _sim.Wait(s.AnnounceAsync(IpPrefix.Parse("2001:db8:99::/48"), new LocalRoute { NextHop = nextHop }));

    [Fact]
    public void OnTheLink_BothAreNamed_BeyondIt_TheGlobalOne()
    {
        Speaker a = Add(1, 65001, (2, 65002, null), (9, 65009, p => p with { Multihop = true })), b = Add(2, 65002, (1, 65001, null)), far = Add(9, 65009, (1, 65001, p => p with { Multihop = true }));
        Announce(a);
        PathAttributes near = Await(b, "2001:db8:99::/48"), beyond = Await(far, "2001:db8:99::/48");
        Assert.Equal((Global(1, 1), LinkLocal(1)), (near.NextHop, near.LinkLocalNextHop));
        Assert.Equal((Global(1, 1), null), (beyond.NextHop, beyond.LinkLocalNextHop));
    }

    [Fact]
    public void AReflector_PassesTheLinkLocalOn_ToThoseOnTheLink()
    {
        Speaker rr = Add(1, 65000, (2, 65000, p => p with { RouteReflectorClient = true }), (3, 65000, p => p with { RouteReflectorClient = true }), (9, 65000, p => p with { RouteReflectorClient = true }));
        Speaker origin = Add(2, 65000, (1, 65000, null)), near = Add(3, 65000, (1, 65000, null)), far = Add(9, 65000, (1, 65000, null));
        Announce(origin);
        Assert.Equal((Global(1, 2), LinkLocal(2)), (Await(near, "2001:db8:99::/48").NextHop, Await(near, "2001:db8:99::/48").LinkLocalNextHop));
        Assert.Equal((Global(1, 2), null), (Await(far, "2001:db8:99::/48").NextHop, Await(far, "2001:db8:99::/48").LinkLocalNextHop));
        Assert.Equal(LinkLocal(2), Await(rr, "2001:db8:99::/48").LinkLocalNextHop);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 7)]
    public void ThirdParty(bool asked, int hop)
    {
        Speaker a = Add(1, 65001, (2, 65002, p => p with { ThirdPartyNextHop = asked })), b = Add(2, 65002, (1, 65001, null));
        Announce(a, Global(1, 7));
        Assert.Equal(Global(1, hop), Await(b, "2001:db8:99::/48").NextHop);
    }

    [Fact]
    public void ThirdParty_OfAnotherSubnet_IsNone()
    {
        Speaker a = Add(1, 65001, (2, 65002, p => p with { ThirdPartyNextHop = true })), b = Add(2, 65002, (1, 65001, null));
        Announce(a, Global(5, 7));
        Assert.Equal(Global(1, 1), Await(b, "2001:db8:99::/48").NextHop);
    }
}
