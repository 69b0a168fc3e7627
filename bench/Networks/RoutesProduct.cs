using System.Diagnostics;
using System.Globalization;
using Margay.Agent.Networks;
using Margay.Agent.Routing;
using Margay.Api.NodeSync;
using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Networks.Bench;

/// <summary>
/// The agent's way of routes, put together as there: session with a reflector (a process of its own) ─► speaker ─► import into networks ─► dataplane ─► kernel. From the moment the session is up
/// until every route stands in its namespace; then the death of a host that 10,000 of them lead to, each with a second host behind it.
/// </summary>
internal sealed class RoutesProduct : IAsyncDisposable
{
    private static readonly DataplaneOptions s_options = new() { TunnelEnd = HostingProduct.OwnEnd };

    private readonly string _prefix = $"mgy-netbench-{Environment.ProcessId}-";
    private readonly NetlinkKernel _kernel = new(s_options);
    private readonly DataplaneLoop _loop;
    private readonly NetworkSpaces _spaces;
    private readonly FibSink _fib;
    private readonly Speaker _speaker;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _carrying;

    internal RoutesProduct()
    {
        _loop = new DataplaneLoop(s_options, _kernel, _ => { }, TimeProvider.System, NullLogger.Instance);
        _spaces = new NetworkSpaces(_prefix, s_options, item => _loop.PostAsync(item));
        _fib = new FibSink(_loop, new NetworkRoutes(HostingProduct.OwnEnd.Address, HostingProduct.OwnEnd.RouterMac));
        _speaker = new Speaker(new SpeakerOptions { Sink = _fib });
        _carrying = _fib.RunAsync(_stop.Token);
    }

    internal async Task RunAsync()
    {
        int[] all = [.. Enumerable.Range(0, FabricRoutes.Networks)];
        await _loop.PostAsync(new EndpointsRestored());
        await _loop.PostAsync(new ViewChanged(new ViewDelta { Epoch = "bench", Revision = 1, Snapshot = true, Networks = [.. all.Select(n => new NetworkView { Name = NameOf(n).Value, Vni = (int)FabricRoutes.Vni(n) })] }));
        _loop.Start();
        foreach (int n in all) await _spaces.OpenAsync(NameOf(n));
        await _loop.InspectAsync();
        _fib.Configure([.. all.Select(n => new ImportingVrf(NameOf(n).Value, [FabricRoutes.Target(n)], FabricRoutes.Vni(n)))]);
        _speaker.Start();
        await _speaker.UpdateLocalRoutesAsync([.. all.Select(n => new LocalRouteChange(RouteTargetMembership.Of(FabricRoutes.As, FabricRoutes.Target(n)), LocalRoute.Default))]);

        await _speaker.ApplyAsync(new SpeakerConfig
        {
            LocalAs = FabricRoutes.As, RouterId = HostingProduct.OwnEnd.Address,
            Peers = [new PeerSpec
            {
                Name = "reflector", RemoteAddress = FabricRoutes.Reflector, LocalAddress = HostingProduct.OwnEnd.Address, RemoteAs = FabricRoutes.As, Families = FamilySet.Evpn | FamilySet.RouteTarget,
                GracefulRestart = GracefulRestartSpec.Off,
            }],
        });
        // Once for a program that compiles while it runs, then for the figures.
        await FollowAsync(all);
        (string learnt, string repaired) = await FollowAsync(all);
        Console.WriteLine($"| margay, from session up to kernel | {learnt} |");
        Console.WriteLine($"| margay, a host's death, {FabricRoutes.PerHost} routes with a second way | {repaired} |");
    }

    private async Task<(string Learnt, string Repaired)> FollowAsync(int[] networks)
    {
        using Process reflector = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["--in-namespace", "reflector", "0"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await reflector.StandardOutput.ReadLineAsync();
        string learnt = await SinceAsync(reflector, routes => routes.Count == FabricRoutes.PerNetwork);
        // Routes of the first host lead to two; after its death by the same object as the second's.
        string repaired = await SinceAsync(reflector, routes => routes.Count == FabricRoutes.PerNetwork && routes.Where(r => Host(r) < 2).DistinctBy(r => r.NexthopId).Count() == 1);
        reflector.Kill();
        await reflector.WaitForExitAsync();
        await Figures.WaitUntilAsync(() => networks.All(n => RoutesOf(n).Count == 0));
        return (learnt, repaired);
    }

    private static int Host(RouteEntry route) => FabricRoutes.HostOf((int)(route.Destination.Address.IPv4Value - FabricRoutes.Prefix(0).Address.IPv4Value));

    /// <summary>Lets the reflector begin its next act, and gives the milliseconds until the condition holds in every network, and what this process computed for in them.</summary>
    private async Task<string> SinceAsync(Process reflector, Func<IReadOnlyList<RouteEntry>, bool> done)
    {
        long begun = long.Parse((await reflector.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        long seen = 0;
        TimeSpan cpu = HostUsage.CpuNow();
        for (int n = 0; n < FabricRoutes.Networks;)
        {
            seen = Stopwatch.GetTimestamp();
            // All in one sweep, or again: what is looked at while it is being made costs a little of what makes it.
            if (done(RoutesOf(n))) n++;
            else await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
        }
        TimeSpan spent = HostUsage.CpuNow() - cpu;
        await reflector.StandardInput.WriteLineAsync();
        return string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(begun, seen).TotalMilliseconds:0} | {spent.TotalMilliseconds:0}");
    }

    private IReadOnlyList<RouteEntry> RoutesOf(int network)
    {
        using NetworkNamespace space = NetworkNamespace.OpenNamed(_prefix + NameOf(network));
        using RouteSocket socket = RouteSocket.OpenIn(space);
        return socket.ListRoutes(new RouteFilter { Table = RouteTable.Main, Protocol = (RouteProtocol)s_options.RouteProtocol }).Value;
    }

    private static NetworkName NameOf(int n) => new(string.Create(CultureInfo.InvariantCulture, $"t{n}.net"));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _speaker.DisposeAsync();
        try
        {
            await _carrying;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }
        await _loop.DisposeAsync();
        await _spaces.DisposeAsync();
        _kernel.Dispose();
        foreach (string name in NetworkNamespace.ListNamed().Where(n => n.StartsWith(_prefix, StringComparison.Ordinal))) NetworkNamespace.Delete(name);
        _stop.Dispose();
    }
}
