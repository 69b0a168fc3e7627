using System.Collections.Concurrent;
using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Networks.Bench;

/// <summary>
/// The same with the dataplane: namespace, tunnel with its guard, filter with a policy of ten rules, anti-spoofing, routes, neighbours, two other hosts behind the tunnel; one network after the
/// other, each until the kernel has all of it. Then what it costs to have them, and to take them away.
/// </summary>
internal sealed class HostingProduct : IAsyncDisposable
{
    internal static readonly TunnelEnd OwnEnd = TunnelEnd.Of(InetAddress.Parse("192.0.2.1"), 1500);
    private const int WarmUp = 10, AttachesAtOnce = 8;
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(20);
    private static readonly DataplaneOptions s_options = new() { TunnelEnd = OwnEnd };

    private readonly string _prefix = $"mgy-netbench-{Environment.ProcessId}-";
    private readonly NetlinkKernel _kernel = new(s_options);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _awaited = [];
    private readonly DataplaneLoop _loop;
    private readonly NetworkSpaces _spaces;
    private readonly Workloads _workloads;
    private readonly int _networks;

    internal HostingProduct(int networks)
    {
        _networks = networks;
        _workloads = new Workloads(networks + WarmUp);
        _loop = new DataplaneLoop(s_options, _kernel, OnReport, TimeProvider.System, NullLogger.Instance);
        _spaces = new NetworkSpaces(_prefix, s_options, item => _loop.PostAsync(item));
    }

    internal async Task RunAsync()
    {
        await StartAsync();
        HostUsage before = HostUsage.Now();
        List<double> network = [], links = [];
        for (int n = WarmUp; n < _networks + WarmUp; n++)
        {
            (double made, double linked) = await AddAsync(n);
            network.Add(made);
            links.Add(linked);
        }
        HostUsage after = HostUsage.Now();
        Figures.Row("margay", network, links, before, after);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nprocess, more per network: {(after.Resident - before.Resident) / 1024 / _networks} KB resident, {(after.Managed - before.Managed) / 1024 / _networks} KB managed, {(after.Threads - before.Threads) / (double)_networks:0.00} threads, {(after.Descriptors - before.Descriptors) / (double)_networks:0.0} descriptors"));
        // Workloads solicit routers for some seconds after their links have come up (RFC 4861 §6.3.7).
        await Task.Delay(s_idle, TimeProvider.System);
        TimeSpan idle = HostUsage.CpuNow();
        await Task.Delay(s_idle, TimeProvider.System);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"idle for {s_idle.TotalSeconds} s: CPU {(HostUsage.CpuNow() - idle).TotalMilliseconds:0} ms"));
        await RemoveAsync();
    }

    /// <summary>
    /// A host that has booted: nothing is in the kernel, the view is remembered, and the runtime brings all workloads at once. The time until the kernel has all of it.
    /// </summary>
    internal async Task RestoreAsync()
    {
        await StartAsync();
        TimeSpan cpu = HostUsage.CpuNow();
        long begun = TimeProvider.System.GetTimestamp();
        int[] restored = [.. Enumerable.Range(WarmUp, _networks)];
        ViewDelta[] views = [.. Enumerable.Range(0, _networks + WarmUp).Select(View)];
        await _loop.PostAsync(new ViewChanged(new ViewDelta
        {
            Epoch = "bench", Revision = 3, Snapshot = true,
            Networks = [.. views.SelectMany(v => v.Networks!)], Policies = [.. views.SelectMany(v => v.Policies!)], Endpoints = [.. views.SelectMany(v => v.Endpoints!)],
        }));
        Task[] programmed = [.. restored.SelectMany(n => Enumerable.Range(0, Workloads.PerNetwork).Select(w => Await(Id(n, w))))];
        await Parallel.ForEachAsync(restored.SelectMany(n => Enumerable.Range(0, Workloads.PerNetwork).Select(w => (n, w))), new ParallelOptions { MaxDegreeOfParallelism = AttachesAtOnce }, async (at, _) =>
        {
            await LinkAsync(at.n, at.w);
            await _loop.PostAsync(Attached(at.n, at.w), CancellationToken.None);
        });
        foreach (int n in restored) await LearnAsync(n);
        await Task.WhenAll(programmed);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {_networks} networks with {Workloads.PerNetwork} endpoints each, from nothing, {AttachesAtOnce} attaches at a time | {TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds:0} | {(HostUsage.CpuNow() - cpu).TotalMilliseconds:0} |"));
        _spaces.SetWanted(new HashSet<NetworkName>());
        await Task.WhenAll(restored.Concat(Enumerable.Range(0, WarmUp)).SelectMany(n => Enumerable.Range(0, Workloads.PerNetwork).Select(w => _spaces.RemoveLinkAsync(NameOf(n), Workloads.HostInterface(n, w), Id(n, w)))));
    }

    private async Task StartAsync()
    {
        await _loop.PostAsync(new EndpointsRestored());
        await _loop.PostAsync(new ViewChanged(new ViewDelta { Epoch = "bench", Revision = 1, Snapshot = true }));
        await _loop.PostAsync(new RoutesChanged([], InSync: true));
        _loop.Start();
        await _loop.InspectAsync();
        for (int n = 0; n < WarmUp; n++) await AddAsync(n);
    }

    private async Task<(double Network, double Links)> AddAsync(int n)
    {
        NetworkName name = NameOf(n);
        long begun = TimeProvider.System.GetTimestamp();
        (await _spaces.OpenAsync(name)).ThrowIfFailed("make the namespace");
        double opened = TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds;
        long linking = TimeProvider.System.GetTimestamp();
        for (int w = 0; w < Workloads.PerNetwork; w++) await LinkAsync(n, w);
        double linked = TimeProvider.System.GetElapsedTime(linking).TotalMilliseconds;
        long programming = TimeProvider.System.GetTimestamp();
        List<Task> programmed = [];
        for (int w = 0; w < Workloads.PerNetwork; w++)
        {
            programmed.Add(Await(Id(n, w)));
            await _loop.PostAsync(Attached(n, w));
        }
        await LearnAsync(n);
        await _loop.PostAsync(new ViewChanged(View(n)));
        await Task.WhenAll(programmed);
        return (opened + TimeProvider.System.GetElapsedTime(programming).TotalMilliseconds, linked);
    }

    private async Task LinkAsync(int n, int w)
    {
        WorkloadLinkResult made = await _spaces.CreateLinkAsync(NameOf(n), new WorkloadLinkSpec
        {
            EndpointId = Id(n, w), HostInterface = Workloads.HostInterface(n, w), NetworkNamespace = _workloads.PathOf(n), Interface = Workloads.Interface(w),
            Mac = Mac(w), Addresses = [Workloads.Address(w)], Mtu = OwnEnd.InnerMtu,
        });
        if (!made.Ok) throw new InvalidOperationException(made.Message);
    }

    private static EndpointAttached Attached(int n, int w) =>
        new(new LocalEndpoint { Id = Id(n, w), Network = NameOf(n), Interface = Workloads.HostInterface(n, w), Addresses = [Workloads.Address(w)], Mac = Mac(w) });

    /// <summary>Two other hosts, with a route each.</summary>
    private async Task LearnAsync(int n)
    {
        NetworkName name = NameOf(n);
        TunnelEnd[] others = [.. Enumerable.Range(2, 2).Select(i => TunnelEnd.Of(InetAddress.FromIPv4(0xc000_0200u + (uint)i), 1500))];
        await _loop.PostAsync(new TunnelPeersChanged(name, others.ToDictionary(o => o.RouterMac, o => o.Address)));
        await _loop.PostAsync(new RoutesChanged([.. others.Select((o, i) => new RouteUpdate(new NetworkPrefix(name, new IpPrefix(Workloads.Address(100 + i), 32)), [new RouteNextHop(o.RouterMac.ToLinkLocal())]))]));
    }

    private async Task RemoveAsync()
    {
        long begun = TimeProvider.System.GetTimestamp();
        List<Task> cut = [];
        for (int n = 0; n < _networks + WarmUp; n++)
        {
            for (int w = 0; w < Workloads.PerNetwork; w++)
            {
                cut.Add(Await(Id(n, w)));
                await _loop.PostAsync(new EndpointDetached(Id(n, w)));
            }
        }
        await Task.WhenAll(cut);
        double closed = TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds;
        // As the agent does: links, and with the last of them the network.
        List<Task> links = [];
        for (int n = 0; n < _networks + WarmUp; n++)
            for (int w = 0; w < Workloads.PerNetwork; w++) links.Add(_spaces.RemoveLinkAsync(NameOf(n), Workloads.HostInterface(n, w), Id(n, w)));
        await Figures.WaitUntilAsync(() => !Directory.EnumerateFiles("/run/netns", _prefix + "*").Any());
        double letGo = TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds;
        await Task.WhenAll(links);
        if (_workloads.Links() is var left and > 0) throw new InvalidOperationException($"{left} links are left");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"removal, margay: closed in {closed:0} ms, let go after {letGo:0} ms, links gone after {TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds:0} ms"));
    }

    private static ViewDelta View(int n)
    {
        string network = NameOf(n).Value, policy = $"GlobalNetworkPolicy/p@{network}";
        RuleView[] rules = [.. Enumerable.Range(0, 10).Select(r => new RuleView
        {
            Action = RuleAction.Allow, Index = r, Protocol = Protocol.Tcp, Source = new SideView { Nets = [$"10.{r}.0.0/24"] }, Destination = new SideView { Ports = [new PortRange((ushort)(80 + r), (ushort)(80 + r))] },
        })];
        return new ViewDelta
        {
            Epoch = "bench", Revision = 2,
            Networks = [new NetworkView { Name = network, Vni = 10_000 + n }],
            Policies = [new PolicyView { Id = policy, Network = network, Tier = "default", Ingress = rules, Egress = rules }],
            Endpoints = [.. Enumerable.Range(0, Workloads.PerNetwork).Select(w => new EndpointView
            {
                Id = Id(n, w), Network = network, Revision = 1, Interface = Workloads.HostInterface(n, w),
                Tiers = [new EndpointTier { Name = "default", IngressPolicies = [policy], EgressPolicies = [policy] }],
            })],
        };
    }

    private Task Await(string id) => (_awaited[id] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void OnReport(DataplaneReport report)
    {
        switch (report)
        {
            case EndpointProgrammed e: _awaited[e.Id].TrySetResult(); break;
            case EndpointRemoved e: _awaited[e.Id].TrySetResult(); break;
            case EndpointFailed e: _awaited[e.Id].TrySetException(new InvalidOperationException(e.Reason)); break;
        }
    }

    private static NetworkName NameOf(int n) => new(string.Create(CultureInfo.InvariantCulture, $"t{n}.net"));
    private static string Id(int n, int w) => string.Create(CultureInfo.InvariantCulture, $"t{n}.net/t{n}/w{w}");
    private static MacAddress Mac(int w) => new(0x02_00_00_00_00_00UL + (ulong)w);

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _spaces.DisposeAsync();
        _kernel.Dispose();
        _workloads.Dispose();
    }
}
