using Margay.Bgp.Wire;
using Margay.Interop.Peers;

namespace Margay.Interop.Agent;

/// <summary>kill -9 of a route reflector whose clients are real routers: none of them gives up a route while it is away, and what changed meanwhile is right when it is back.</summary>
public class ReflectorRestartTests
{
    private const string Reflector = "192.0.2.9";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly PeerKind[] s_kinds = [PeerKind.Bird, PeerKind.Frr, PeerKind.GoBgp];

    private static int NumberOf(PeerKind kind) => 101 + Array.IndexOf(s_kinds, kind);
    private static string[] PrefixesOf(PeerKind kind) => [.. Enumerable.Range(0, 20).Select(i => $"198.18.{NumberOf(kind)}.{8 * i}/29")];

    [Fact]
    public async Task KilledReflector_NoClientWithdraws_AndChangesMeanwhileArriveAfterwards()
    {
        await using Cluster cluster = new();
        Dictionary<PeerKind, PeerDaemon> clients = [];
        try
        {
            await cluster.StartServerAsync();
            await cluster.PutAsync("POST", "bgpconfigurations", """{"apiVersion":"projectcalico.org/v3","kind":"BGPConfiguration","metadata":{"name":"default"},"spec":{"nodeToNodeMeshEnabled":false,"asNumber":65001}}""");
            await cluster.PutAsync("POST", "nodes", """{"apiVersion":"projectcalico.org/v3","kind":"Node","metadata":{"name":"n9"},"spec":{"bgp":{"ipv4Address":"192.0.2.9/24","routeReflectorClusterID":"9.9.9.9"}}}""");
            foreach (PeerKind kind in s_kinds)
            {
                string name = kind.ToString().ToLowerInvariant();
                await cluster.PutAsync("POST", "bgppeers", $$$"""{"apiVersion":"projectcalico.org/v3","kind":"BGPPeer","metadata":{"name":"{{{name}}}"},"spec":{"node":"n9","peerIP":"192.0.2.{{{NumberOf(kind)}}}","asNumber":65001,"maxRestartTime":"120s"}}""");
            }
            cluster.StartHost(9, "--reflector");
            foreach (PeerKind kind in s_kinds)
            {
                int n = NumberOf(kind);
                PeerDaemon daemon = PeerDaemon.Create(kind, cluster.NameOf($"n{n}"), Path.Combine(cluster.AddForeign(n), "daemon"));
                clients[kind] = daemon;
                await daemon.StartAsync(new PeerSetup
                {
                    Address = $"192.0.2.{n}",
                    Neighbour = Reflector,
                    Asn = 65001,
                    NeighbourAsn = 65001,
                    Families = FamilySet.IPv4Unicast,
                    Prefixes = PrefixesOf(kind),
                    RestartTime = 120,
                    KernelRoutes = kind != PeerKind.GoBgp,
                });
            }
            await EverybodyHasAsync(clients);

            string[] watches =
            [
                cluster.Watch($"n{NumberOf(PeerKind.Bird)}", "exec ip monitor route"),
                cluster.Watch($"n{NumberOf(PeerKind.Frr)}", "exec ip monitor route"),
                cluster.Watch($"n{NumberOf(PeerKind.GoBgp)}", "exec gobgp monitor global rib"),
            ];
            string gone = PrefixesOf(PeerKind.GoBgp)[0];
            const string Added = "198.18.200.0/24";
            for (int round = 0; round < 3; round++)
            {
                cluster.Kill("n9");
                // Changed while nobody reflects.
                if (round == 1) await clients[PeerKind.GoBgp].AskAsync("global", "rib", "del", gone);
                if (round == 2) await clients[PeerKind.GoBgp].AskAsync("global", "rib", "add", Added, "nexthop", $"192.0.2.{NumberOf(PeerKind.GoBgp)}");
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
                cluster.Restart(9, "--reflector");
                await Eventually.Async(() => Task.FromResult(cluster.Established("n9").Count == s_kinds.Length), s_patience);
                if (round == 1)
                    foreach (PeerKind kind in new[] { PeerKind.Bird, PeerKind.Frr }) await clients[kind].SeesNoMoreAsync(gone);
                if (round == 2)
                    foreach (PeerKind kind in new[] { PeerKind.Bird, PeerKind.Frr }) await clients[kind].SeesAsync(Added, $"192.0.2.{NumberOf(PeerKind.GoBgp)}");
            }
            await EverybodyHasAsync(clients, except: gone);

            string[] withdrawn = [.. watches.SelectMany(File.ReadAllLines).Where(l => l.StartsWith("Deleted 198.18.", StringComparison.Ordinal) || l.Contains("DELROUTE", StringComparison.Ordinal))];
            // The one that its owner took back, on the two others and by the owner itself.
            Assert.All(withdrawn, l => Assert.Contains(gone.Split('/')[0], l, StringComparison.Ordinal));
            Assert.True(withdrawn.Length <= 3, string.Join('\n', withdrawn));
        }
        catch (Exception e) when (e is Xunit.Sdk.XunitException)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(cluster.Log("n9"));
            throw;
        }
        finally
        {
            foreach (PeerDaemon daemon in clients.Values) await daemon.DisposeAsync();
        }
    }

    private static async Task EverybodyHasAsync(Dictionary<PeerKind, PeerDaemon> clients, string? except = null)
    {
        foreach (PeerKind kind in s_kinds)
            foreach (PeerKind owner in s_kinds.Where(k => k != kind))
                foreach (string prefix in PrefixesOf(owner).Where(p => p != except)) await clients[kind].SeesAsync(prefix, $"192.0.2.{NumberOf(owner)}");
    }
}
