using System.Globalization;
using System.Text;
using Margay.Bgp.Tests.Session;
using Margay.Core.Net;

namespace Margay.Bgp.Tests.Simulation;

/// <summary>
/// A site in simulation: two reflectors and many clients, through announcements, withdrawals, moves, cut links and a dead reflector, by a seed. After quiet every
/// prefix that somebody announces is known everywhere with its owner as next hop, nothing else is known, and nothing is stale.
/// </summary>
public class SiteTests
{
    private sealed class Site
    {
        private readonly Random _random;
        private readonly List<(Speaker Speaker, int Number)> _clients = [];
        private readonly Dictionary<string, int> _owner = [];
        private readonly Net _net = new();
        private Speaker _second;

        internal Site(int clients, int seed)
        {
            _random = new Random(seed);
            Speaker first = AddReflector(1);
            _second = AddReflector(2);
            _net.Link(first, 1, _second, 2, Quick, Quick);
            for (int n = 3; n < 3 + clients; n++)
            {
                Speaker c = _net.Add(n, 65000, options: Small);
                _clients.Add((c, n));
                Connect(first, 1, c, n);
                Connect(_second, 2, c, n);
            }
        }

        private static SpeakerOptions Small(SpeakerOptions o) => o with { ReceiveBufferSize = 4096 };

        private static PeerSpec Quick(PeerSpec p) => p with
        {
            Timers = new PeerTimers(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2)),
            GracefulRestart = new GracefulRestartSpec(true, TimeSpan.FromSeconds(20), TimeSpan.Zero),
        };

        private Speaker AddReflector(int n) => _net.Add(n, 65000, options: Small);

        private void Connect(Speaker reflector, int r, Speaker client, int n)
        {
            _net.Peer(reflector, n, 65000, p => Quick(p) with { RouteReflectorClient = true, Passive = true });
            _net.Peer(client, r, 65000, Quick);
        }

        internal void Step()
        {
            (Speaker speaker, int n) = _clients[_random.Next(_clients.Count)];
            string prefix = $"10.{1 + _random.Next(8)}.{_random.Next(32)}.0/24";
            switch (_random.Next(10))
            {
                case < 6:
                    // A move: the new owner announces before or after the old one withdraws.
                    if (_owner.TryGetValue(prefix, out int old) && old != n)
                    {
                        if (_random.Next(2) == 0) _net.Announce(speaker, prefix);
                        _net.Withdraw(_clients[old - 3].Speaker, prefix);
                    }
                    _net.Announce(speaker, prefix);
                    _owner[prefix] = n;
                    break;
                case < 8 when _owner.Remove(prefix, out int owner):
                    _net.Withdraw(_clients[owner - 3].Speaker, prefix);
                    break;
                case 8:
                    Flap(n);
                    break;
            }
            _net.Run(_random.NextDouble() * 0.2);
        }

        private void Flap(int n)
        {
            InetAddress reflector = Net.Address(1 + _random.Next(2));
            _net.Sim.Network.Cut(Net.Address(n), reflector);
            _net.Run(_random.NextDouble() * 15);
            _net.Sim.Network.Restore(Net.Address(n), reflector);
        }

        /// <summary>The second reflector dies and comes back as a restarting one, with the same configuration.</summary>
        internal void RestartReflector()
        {
            SpeakerConfig config = _net.Config(_second);
            _net.Sim.Kill(_second, fin: _random.Next(2) == 0);
            _net.Run(_random.NextDouble() * 5);
            _second = _net.Add(2, 65000, options: o => Small(o) with { Restarting = true });
            _net.Change(_second, _ => config);
        }

        internal void AssertRight()
        {
            _net.Run(120);
            string[] expected = [.. _owner.Select(o => $"{o.Key} via {Net.Address(o.Value)}").Order(StringComparer.Ordinal)];
            foreach ((Speaker c, int n) in _clients)
            {
                RouteRow[] best = [.. _net.Routes(c)];
                Assert.DoesNotContain(best, r => r.Stale);
                IEnumerable<string> seen = best.Select(r => $"{r.Nlri} via {(r.Peer.Length == 0 ? Net.Address(n) : r.Attributes.NextHop)}");
                Assert.Equal(expected, seen.Order(StringComparer.Ordinal));
            }
        }

        /// <summary>All that can be seen, for comparing runs.</summary>
        internal string Trace()
        {
            StringBuilder text = new();
            foreach ((Speaker c, int n) in _clients)
            {
                foreach (PeerStatus p in _net.Sim.Wait(c.GetPeersAsync()))
                    text.Append(CultureInfo.InvariantCulture, $"{n} {p.Name} {p.State} {p.TimesEstablished} {p.UpdatesReceived} {p.MessagesSent} {p.Since:O} {p.LastError}\n");
            }
            return text.ToString();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Churn_FlappingLinks_AndADeadReflector_LeaveTheRightTables(int seed)
    {
        Site site = new(clients: 12, seed);
        for (int i = 0; i < 150; i++)
        {
            site.Step();
            if (i == 75) site.RestartReflector();
        }
        site.AssertRight();
    }

    [Fact]
    public void SameSeed_SameRun()
    {
        string Run()
        {
            Site site = new(clients: 6, seed: 7);
            for (int i = 0; i < 60; i++)
            {
                site.Step();
                if (i == 30) site.RestartReflector();
            }
            site.AssertRight();
            return site.Trace();
        }

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void FiftyClients_OfTwoReflectors()
    {
        Site site = new(clients: 50, seed: 11);
        for (int i = 0; i < 20; i++) site.Step();
        site.AssertRight();
    }
}
