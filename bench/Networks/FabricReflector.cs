using System.Diagnostics;
using System.Globalization;
using Margay.Bgp;
using Margay.Bgp.Wire;

namespace Margay.Networks.Bench;

/// <summary>A process that speaks for the fabric: waits for the host's session, sends all routes; the routes of the first host go when it is told so. Prints the moments, as monotonic timestamps.</summary>
internal static class FabricReflector
{
    internal static async Task RunAsync()
    {
        await using Speaker speaker = new(new SpeakerOptions());
        speaker.Start();
        await speaker.UpdateLocalRoutesAsync([.. FabricRoutes.All()]);
        LocalRouteChange[] death = [.. FabricRoutes.Death()];
        await speaker.ApplyAsync(new SpeakerConfig
        {
            LocalAs = FabricRoutes.As, RouterId = FabricRoutes.Reflector, Listen = [new ListenEndpoint(FabricRoutes.Reflector, 179)],
            Peers = [new PeerSpec { Name = "host", RemoteAddress = HostingProduct.OwnEnd.Address, RemoteAs = FabricRoutes.As, Passive = true, RouteReflectorClient = true, Families = FamilySet.Evpn }],
        });
        Console.WriteLine("ready");
        while (!(await speaker.GetPeersAsync()).Any(p => p.State == SessionState.Established)) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        Say();
        await Console.In.ReadLineAsync();
        Say();
        await speaker.UpdateLocalRoutesAsync(death);
        await Console.In.ReadLineAsync();
    }

    private static void Say() => Console.WriteLine(Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture));
}
