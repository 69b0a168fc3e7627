using System.Globalization;
using Margay.Interop.Netlink;
using Margay.Interop.Peers;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// kill -9 of the whole agent, again and again, while numbered datagrams flow both ways between its workload and a host behind a real router, at 1,000 a second each way:
/// the router learnt the workload's block from the agent, the agent learnt the host's prefix from the router, and neither may lose a packet for the agent's sake.
/// </summary>
public sealed class RoutedRestartTests
{
    private const string Router = "192.0.2.1", Remote = "198.51.100.1";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(PeerKind.Bird)]
    [InlineData(PeerKind.Frr)]
    public async Task KilledAgent_LosesNoPacket_ThroughItsRouter(PeerKind kind)
    {
        await using AgentHost host = new();
        string routerName = $"{host.Name}-router";
        using NetworkNamespace router = NetworkNamespace.Create(routerName).Value;
        string folder = Directory.CreateTempSubdirectory("mgy-router-").FullName;
        try
        {
            host.Ip($"link set up1 netns {routerName}");
            foreach (string line in (string[])["link set lo up", "link set up1 up", $"addr add {Router}/24 dev up1", $"addr add {Remote}/32 dev lo"])
                Tool.Run("ip", ["-n", routerName, .. line.Split(' ')]);
            await using PeerDaemon daemon = PeerDaemon.Create(kind, routerName, Path.Combine(folder, "daemon"));
            await daemon.StartAsync(new PeerSetup
            {
                Address = Router,
                Neighbour = "192.0.2.10",
                Asn = 65002,
                Families = Margay.Bgp.Wire.FamilySet.IPv4Unicast,
                Prefixes = ["198.51.100.0/24"],
                RestartTime = 60,
                KernelRoutes = true,
            });
            await host.StartServerAsync();
            await host.ApplyAsync("ippools", """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p4"},"spec":{"cidr":"10.65.0.0/16","blockSize":28}}""");
            await host.ApplyAsync("globalnetworkpolicies", """{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"allow"},"spec":{"types":["Ingress","Egress"],"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}]}}""");
            await host.ApplyAsync("bgpconfigurations", """{"apiVersion":"projectcalico.org/v3","kind":"BGPConfiguration","metadata":{"name":"default"},"spec":{"nodeToNodeMeshEnabled":false,"asNumber":65001}}""");
            await host.ApplyAsync("bgppeers", $$$"""{"apiVersion":"projectcalico.org/v3","kind":"BGPPeer","metadata":{"name":"router"},"spec":{"peerIP":"{{{Router}}}","asNumber":65002}}""");
            await host.StartAgentAsync();
            await host.WaitForServerContactAsync();
            string workload = await host.AttachAsync("a");
            await Eventually.Async(() => Task.FromResult(Tool.Run("ip", "-n", routerName, "route", "show", "to", "match", workload).Contains("192.0.2.10", StringComparison.Ordinal)
                && host.IpText("route show 198.51.100.0/24").Contains(Router, StringComparison.Ordinal)), s_patience);

            using NetworkNamespace inside = NetworkNamespace.Open(host.PathOf("a"));
            await using NumberedStream down = new(router, Remote, inside, workload), up = new(inside, workload, router, Remote);
            for (int i = 0; i < 2; i++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
                host.KillAgent();
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
                await host.StartAgentAsync();
                await host.WaitForServerContactAsync();
                // The session is there again, and the router has the route by it, not by grace.
                await Eventually.Async(() => Task.FromResult(host.BgpIsUp()), s_patience);
                await Eventually.Async(async () => await WasToldAsync(daemon, kind, workload), s_patience);
            }
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
            (int sentDown, int lostDown) = await down.StopAsync();
            (int sentUp, int lostUp) = await up.StopAsync();
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind}: {sentDown} + {sentUp} datagrams, {lostDown} + {lostUp} lost, agent killed twice"));
            Assert.True(sentDown > 1000 && sentUp > 1000, $"only {sentDown} and {sentUp} were sent");
            Assert.Equal((0, 0), (lostDown, lostUp));
        }
        finally
        {
            NetworkNamespace.Delete(routerName);
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// The router has seen in the OPEN that the agent restarted (R bit) and that forwarding went on (F bit), and the routes are renewed: what is still stale at the next
    /// restart is to be deleted (RFC 4724 §4.2).
    /// </summary>
    private static async Task<bool> WasToldAsync(PeerDaemon daemon, PeerKind kind, string workload)
    {
        if (kind == PeerKind.Bird)
        {
            string state = await AskAsync(daemon, "show", "protocols", "all");
            return state.Contains("Restartrecovery", StringComparison.Ordinal) && state.Contains("AFpreserved:ipv4", StringComparison.Ordinal) && !state.Contains("gracefulrestartactive", StringComparison.Ordinal);
        }
        string neighbour = await AskAsync(daemon, "show bgp neighbors 192.0.2.10 json"), route = await AskAsync(daemon, $"show bgp ipv4 unicast {workload} json");
        return neighbour.Contains("\"rBit\":true", StringComparison.Ordinal) && neighbour.Contains("\"fBit\":true", StringComparison.Ordinal)
            && route.Contains("10.65.", StringComparison.Ordinal) && !route.Contains("\"stale\":true", StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(PeerDaemon daemon, params string[] question) => string.Concat((await daemon.AskAsync(question)).Where(c => !char.IsWhiteSpace(c)));
}
