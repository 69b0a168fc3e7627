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
    private readonly List<RouteSocket> _sockets = [];
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
        foreach (int n in all)
        {
            using NetworkNamespace space = NetworkNamespace.OpenNamed(_prefix + NameOf(n));
            _sockets.Add(RouteSocket.OpenIn(space));
        }
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
        Round round = await FollowAsync(all);
        Console.WriteLine($"| margay, from session up to kernel | {round.Learnt} |");
        Console.WriteLine($"| margay, a host's death, {FabricRoutes.PerHost} routes with a second way: its BGP session or BFD is lost | {round.Lost} |");
        Console.WriteLine($"| … the underlay has no way to it | {round.Unreachable} |");
        Console.WriteLine($"| … a reflector withdraws its routes, which alone say so | {round.Withdrawn} |");
    }

    private sealed record Round(string Learnt, string Lost, string Unreachable, string Withdrawn);

    private async Task<Round> FollowAsync(int[] networks)
    {
        using Process reflector = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["--in-namespace", "reflector", "0"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await reflector.StandardOutput.ReadLineAsync();
        string learnt = await SinceAsync(reflector, n => RoutesOf(n).Count == FabricRoutes.PerNetwork);
        // Routes of the first host lead to two, by one group in each network.
        InetAddress dead = FabricRoutes.Host(0).Address;
        string lost = await SinceAsync(() => _fib.PeerLost(dead), n => Members(n) == 1);
        await SinceAsync(() => _loop.TryPost(new TunnelEndsLost(new HashSet<InetAddress>())), n => Members(n) == 2);
        RouteEntry unreachable = new() { Destination = IpPrefix.Host(dead), Type = RouteType.Unreachable };
        using RouteSocket host = RouteSocket.Open();
        string gone = await SinceAsync(() => host.AddRoute(unreachable).ThrowIfFailed("close the underlay"), n => Members(n) == 1);
        await SinceAsync(() => host.DeleteRoute(unreachable).ThrowIfFailed("open the underlay"), n => Members(n) == 2);
        await reflector.StandardInput.WriteLineAsync();
        // After its death by the same object as the second's.
        string withdrawn = await SinceAsync(reflector, n => RoutesOf(n) is { Count: FabricRoutes.PerNetwork } routes && routes.Where(r => Host(r) < 2).DistinctBy(r => r.NexthopId).Count() == 1);
        reflector.Kill();
        await reflector.WaitForExitAsync();
        await Figures.WaitUntilAsync(() => networks.All(n => RoutesOf(n).Count == 0));
        return new Round(learnt, lost, gone, withdrawn);
    }

    private static int Host(RouteEntry route) => FabricRoutes.HostOf((int)(route.Destination.Address.IPv4Value - FabricRoutes.Prefix(0).Address.IPv4Value));

    /// <summary>From the moment that the reflector names, the milliseconds until the condition holds in every network, and what this process computed for in them.</summary>
    private static async Task<string> SinceAsync(Process reflector, Func<int, bool> done) =>
        await SinceAsync(long.Parse((await reflector.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture), HostUsage.CpuNow(), done);

    /// <summary>The same from an act of our own.</summary>
    private static Task<string> SinceAsync(Action act, Func<int, bool> done)
    {
        (long begun, TimeSpan cpu) = (Stopwatch.GetTimestamp(), HostUsage.CpuNow());
        act();
        return SinceAsync(begun, cpu, done);
    }

    private static async Task<string> SinceAsync(long begun, TimeSpan cpu, Func<int, bool> done)
    {
        long seen = 0;
        for (int n = 0; n < FabricRoutes.Networks;)
        {
            seen = Stopwatch.GetTimestamp();
            // All in one sweep, or again: what is looked at while it is being made costs a little of what makes it.
            if (done(n)) n++;
            else await Task.Delay(TimeSpan.FromMilliseconds(Stopwatch.GetElapsedTime(begun).TotalMilliseconds < 100 ? 1 : 20), TimeProvider.System);
        }
        TimeSpan spent = HostUsage.CpuNow() - cpu;
        return string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(begun, seen).TotalMilliseconds:0} | {spent.TotalMilliseconds:0}");
    }

    private IReadOnlyList<RouteEntry> RoutesOf(int network) =>
        _sockets[network].ListRoutes(new RouteFilter { IPv6 = false, Table = RouteTable.Main, Protocol = (RouteProtocol)s_options.RouteProtocol }).Value;

    /// <summary>Of the network's one group; 0 when there is none.</summary>
    private int Members(int network) => _sockets[network].ListNexthops().Value.Where(n => n.Group.Count > 0).Select(n => n.Group.Count).SingleOrDefault();

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
        foreach (RouteSocket socket in _sockets) socket.Dispose();
        await _spaces.DisposeAsync();
        _kernel.Dispose();
        foreach (string name in NetworkNamespace.ListNamed().Where(n => n.StartsWith(_prefix, StringComparison.Ordinal))) NetworkNamespace.Delete(name);
        _stop.Dispose();
    }
}
