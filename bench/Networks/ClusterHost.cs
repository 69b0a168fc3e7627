using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Margay.Agent.Networks;
using Margay.Agent.Routing;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Bgp;
using Margay.Bgp.Vpn;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Networks.Bench;

/// <summary>
/// One host of a cluster with N networks, put together as the agent is: its view as the server's lines, a speaker with a session to a reflector, import, dataplane, kernel. Ten networks with ten endpoints are on
/// it, whatever N is. What it takes to be ready, what it is told, and what it does while networks elsewhere come and go.
/// </summary>
internal sealed class ClusterHost : IAsyncDisposable
{
    private static readonly DataplaneOptions s_options = new() { TunnelEnd = HostingProduct.OwnEnd };

    private readonly string _prefix = $"mgy-netbench-{Environment.ProcessId}-";
    private readonly NetlinkKernel _kernel = new(s_options);
    private readonly ConcurrentDictionary<string, bool> _programmed = [];
    private readonly DataplaneLoop _loop;
    private readonly NetworkSpaces _spaces;
    private readonly FibSink _fib;
    private readonly Speaker _speaker;
    private readonly Workloads _workloads = new(ClusterNetworks.Own);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _carrying;
    private readonly int _networks;

    internal ClusterHost(int networks)
    {
        _networks = networks;
        _loop = new DataplaneLoop(s_options, _kernel, OnReport, TimeProvider.System, NullLogger.Instance);
        _spaces = new NetworkSpaces(_prefix, s_options, item => _loop.PostAsync(item));
        _fib = new FibSink(_loop, new NetworkRoutes(HostingProduct.OwnEnd.Address, HostingProduct.OwnEnd.RouterMac));
        _speaker = new Speaker(new SpeakerOptions { Sink = _fib });
        _carrying = _fib.RunAsync(_stop.Token);
    }

    internal async Task RunAsync()
    {
        using Process fabric = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["--in-namespace", "cluster-fabric", _networks.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        string first = (await fabric.StandardOutput.ReadLineAsync())!;
        TimeSpan begun = HostUsage.CpuNow();
        await BecomeReadyAsync(Read(first));
        PeerStatus reflector = await ReflectorAsync();
        HostUsage ready = HostUsage.Now();
        ClusterFigures.Say("host: until ready, CPU ms", (ready.Cpu - begun).TotalMilliseconds);
        ClusterFigures.Say("host: EVPN routes from the reflector", (await _speaker.GetRoutesAsync(RibKind.AdjRibIn, Family.Evpn)).Count(r => r.Peer.Length > 0));
        ClusterFigures.Say("host: route target memberships from the reflector", (await _speaker.GetRoutesAsync(RibKind.AdjRibIn, Family.RouteTarget)).Count(r => r.Peer.Length > 0));
        ClusterFigures.Say("host: BGP updates until ready", reflector.UpdatesReceived);
        ClusterFigures.Say("host: managed memory, KB", ready.Managed / 1024.0);
        ClusterFigures.Say("host: resident memory, KB", ready.Resident / 1024.0);

        // The first round warms up.
        for (int round = 0; round < 2; round++)
        {
            reflector = await ReflectorAsync();
            begun = HostUsage.CpuNow();
            long clock = Stopwatch.GetTimestamp();
            await fabric.StandardInput.WriteLineAsync();
            int lines = 0;
            for (; await fabric.StandardOutput.ReadLineAsync() is { Length: > 0 } line; lines++) await _loop.PostAsync(new ViewChanged(Read(line)));
            if (round == 0) continue;
            ClusterFigures.Say("host: CPU ms while 100 networks elsewhere come and go", (HostUsage.CpuNow() - begun).TotalMilliseconds);
            ClusterFigures.Say("host: … lines of its view", lines);
            ClusterFigures.Say("host: … BGP updates", (await ReflectorAsync()).UpdatesReceived - reflector.UpdatesReceived);
            ClusterFigures.Say("host: … and that took, ms", Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
        }
        fabric.StandardInput.Close();
        await fabric.WaitForExitAsync();
    }

    private async Task BecomeReadyAsync(ViewDelta view)
    {
        await _loop.PostAsync(new EndpointsRestored());
        await _loop.PostAsync(new ViewChanged(view));
        _loop.Start();
        _fib.Configure([.. view.Networks!.Select(n => new ImportingVrf(n.Name, [.. NetworkAnnouncements.Targets(n.Import)], (uint)n.Vni))]);
        _speaker.Start();
        await _speaker.UpdateLocalRoutesAsync(
        [
            .. view.Networks!.SelectMany(n => NetworkAnnouncements.Targets(n.Import)).Select(t => new LocalRouteChange(RouteTargetMembership.Of(FabricRoutes.As, t), LocalRoute.Default)),
            .. Enumerable.Range(0, ClusterNetworks.Own).SelectMany(n => Enumerable.Range(0, ClusterNetworks.PerNode).Select(w => ClusterFabric.RouteOf(n, w))),
        ]);
        await _speaker.ApplyAsync(new SpeakerConfig { LocalAs = FabricRoutes.As, RouterId = HostingProduct.OwnEnd.Address, Peers = [ClusterFabric.ToReflector(HostingProduct.OwnEnd.Address)] });
        foreach (EndpointView endpoint in view.Endpoints!) await AttachAsync(endpoint);
        await Figures.WaitUntilAsync(() => _programmed.Count == view.Endpoints!.Count);
        foreach (NetworkView network in view.Networks!)
        {
            using NetworkNamespace space = NetworkNamespace.OpenNamed(_prefix + network.Name);
            using RouteSocket socket = RouteSocket.OpenIn(space);
            RouteFilter learnt = new() { IPv6 = false, Table = RouteTable.Main, Protocol = (RouteProtocol)s_options.RouteProtocol };
            await Figures.WaitUntilAsync(() => socket.ListRoutes(learnt).Value.Count >= 2 * ClusterNetworks.PerNode);
        }
    }

    private async Task AttachAsync(EndpointView endpoint)
    {
        NetworkName network = new(endpoint.Network);
        int n = int.Parse(endpoint.Network.AsSpan(1, endpoint.Network.IndexOf('.', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture);
        InetAddress[] addresses = [.. endpoint.Addresses.Select(a => IpPrefix.Parse(a).Address)];
        MacAddress mac = MacAddress.Parse(endpoint.Mac!);
        WorkloadLinkResult made = await _spaces.CreateLinkAsync(network, new WorkloadLinkSpec
        {
            EndpointId = endpoint.Id, HostInterface = endpoint.Interface, NetworkNamespace = _workloads.PathOf(n), Interface = endpoint.Interface, Mac = mac, Addresses = addresses, Mtu = HostingProduct.OwnEnd.InnerMtu,
        });
        if (!made.Ok) throw new InvalidOperationException(made.Message);
        await _loop.PostAsync(new EndpointAttached(new LocalEndpoint { Id = endpoint.Id, Network = network, Interface = endpoint.Interface, Addresses = addresses, Mac = mac }));
    }

    private async Task<PeerStatus> ReflectorAsync() => (await _speaker.GetPeersAsync()).Single();

    private static ViewDelta Read(string line) => JsonSerializer.Deserialize(line, ApiJsonContext.Default.ViewDelta)!;

    private void OnReport(DataplaneReport report)
    {
        if (report is EndpointProgrammed e) _programmed[e.Id] = true;
        else if (report is EndpointFailed f) Console.Error.WriteLine($"{f.Id}: {f.Reason}");
    }

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
        _workloads.Dispose();
        foreach (string name in NetworkNamespace.ListNamed().Where(n => n.StartsWith(_prefix, StringComparison.Ordinal))) NetworkNamespace.Delete(name);
        _stop.Dispose();
    }
}
