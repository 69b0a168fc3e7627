using Margay.Agent.Routing;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Bgp;
using Margay.Bgp.Filter;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.CalcGraph;
using Margay.Core.Net;
using Margay.Dataplane.Networks;

namespace Margay.Networks.Bench;

/// <summary>
/// All of the cluster but the host in question, in a process: the server's graph, a reflector, and one speaker for all other hosts, which is the reflector's client. Prints the host's view as a line; for each line on
/// standard input, networks elsewhere come and go, what the host's view hears of it is printed, and then an empty line.
/// </summary>
internal static class ClusterFabric
{
    internal static readonly InetAddress Others = InetAddress.Parse("192.0.2.251");

    // As the agent's reflector has it.
    private static readonly RoutePolicy s_export = new([PeerPolicies.WishesOfOthers], PolicyAction.Accept);

    internal static async Task RunAsync(int networks)
    {
        Graph graph = new(new GraphOptions { Epoch = "bench" });
        foreach (Resource resource in ClusterNetworks.All(networks)) graph.Apply(resource);
        graph.Flush(1);
        graph.Subscribe(ClusterNetworks.Node);

        await using Speaker reflector = new(new SpeakerOptions()), others = new(new SpeakerOptions());
        reflector.Start();
        others.Start();
        await reflector.UpdateLocalRoutesAsync([new LocalRouteChange(RouteTargetMembership.All, LocalRoute.Default)]);
        LocalRouteChange[] all = [.. Enumerable.Range(0, networks).SelectMany(RoutesOf)];
        await others.UpdateLocalRoutesAsync(all);
        await reflector.ApplyAsync(new SpeakerConfig
        {
            LocalAs = FabricRoutes.As, RouterId = FabricRoutes.Reflector, Listen = [new ListenEndpoint(FabricRoutes.Reflector, 179)],
            Peers = [Client("others", Others), Client("host", HostingProduct.OwnEnd.Address)],
        });
        await others.ApplyAsync(new SpeakerConfig { LocalAs = FabricRoutes.As, RouterId = Others, Peers = [ToReflector(Others)] });
        // The host meets a fabric that has settled.
        await ReflectedAsync(all.Length);
        Console.WriteLine(ClusterGraph.Text(graph.Snapshot(ClusterNetworks.Node)));

        while (await Console.In.ReadLineAsync() is not null)
        {
            for (int n = networks; n < networks + ClusterGraph.Changes; n++)
            {
                await ChangeAsync(n, come: true);
                await ChangeAsync(n, come: false);
            }
            Console.WriteLine();
        }

        async Task ChangeAsync(int n, bool come)
        {
            foreach (Resource resource in ClusterNetworks.Network(n))
            {
                if (come) graph.Apply(resource);
                else graph.Remove(new ObjectKey(resource.GetType().Name, resource.Namespace, resource.Name));
            }
            foreach ((_, ViewDelta delta) in graph.Flush(graph.Revision + 1)) Console.WriteLine(ClusterGraph.Text(delta));
            await others.UpdateLocalRoutesAsync([.. RoutesOf(n).Select(r => come ? r : r with { Route = null })]);
            await ReflectedAsync(all.Length + (come ? RoutesOf(n).Count() : 0));
        }

        Task ReflectedAsync(int routes) => Figures.WaitUntilAsync(async () => (await reflector.GetPeersAsync()).Any(p => p.Name == "others" && p.RoutesReceived == routes));
    }

    internal static PeerSpec ToReflector(InetAddress own) => new()
    {
        Name = "reflector", RemoteAddress = FabricRoutes.Reflector, LocalAddress = own, RemoteAs = FabricRoutes.As, Families = FamilySet.Evpn | FamilySet.RouteTarget,
    };

    private static PeerSpec Client(string name, InetAddress address) => new()
    {
        Name = name, RemoteAddress = address, LocalAddress = FabricRoutes.Reflector, RemoteAs = FabricRoutes.As, Passive = true, RouteReflectorClient = true, Families = FamilySet.Evpn | FamilySet.RouteTarget,
        Export = s_export,
    };

    /// <summary>What other hosts say of a network: that they want its routes, and where its endpoints are.</summary>
    private static IEnumerable<LocalRouteChange> RoutesOf(int n)
    {
        yield return new LocalRouteChange(RouteTargetMembership.Of(FabricRoutes.As, FabricRoutes.Target(n)), LocalRoute.Default);
        foreach (int w in ClusterNetworks.RemoteEndpoints(n)) yield return RouteOf(n, w);
    }

    internal static LocalRouteChange RouteOf(int n, int w)
    {
        TunnelEnd end = TunnelEnd.Of(InetAddress.FromIPv4(0xc000_0201u + (uint)ClusterNetworks.NodeOf(n, w)), 1500);
        EvpnRoute evpn = EvpnRoute.IpPrefix(RouteDistinguisher.Of(end.Address, (ushort)n), IpPrefix.Host(Workloads.Address(w)), FabricRoutes.Vni(n));
        return new LocalRouteChange(evpn.Nlri, new LocalRoute
        {
            NextHop = end.Address, NlriPayload = evpn.Payload, ExtendedCommunities = [FabricRoutes.Target(n), ExtendedCommunity.Encapsulation(8), ExtendedCommunity.RouterMac(end.RouterMac)],
        });
    }
}
