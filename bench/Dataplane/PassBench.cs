using System.Globalization;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Kernel;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Bench.Dataplane;

/// <summary>What passes of the loop cost: plan, commit, bookkeeping. The filter is the real kernel's, in a namespace of its own.</summary>
internal sealed class PassBench : IAsyncDisposable
{
    private const int SetMembers = 100_000, Times = 50;

    private readonly NetworkNamespace _space = NetworkNamespace.CreateAnonymous();
    private readonly TablesOnlyKernel _kernel;
    private readonly DataplaneLoop _loop;

    internal PassBench()
    {
        _kernel = new TablesOnlyKernel(new NetlinkKernel(new DataplaneOptions(), _space));
        _loop = new DataplaneLoop(new DataplaneOptions(), _kernel, _ => { }, TimeProvider.System, NullLogger.Instance);
    }

    internal async Task FromScratchAsync()
    {
        for (int i = 0; i < BenchView.Endpoints; i++) await _loop.PostAsync(new EndpointAttached(BenchView.Local(i)));
        long allocated = GC.GetTotalAllocatedBytes();
        int[] collections = [GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2)];
        Environment.ProcessCpuUsage before = Environment.CpuUsage;
        await StartAsync(BenchView.Whole());
        DataplaneSnapshot state = await _loop.InspectAsync();
        Environment.ProcessCpuUsage after = Environment.CpuUsage;
        await ReportAsync("from scratch, 1,000 endpoints (the longest pass)", [state.Counters.LongestPass.TotalMilliseconds]);
        // What a busy machine does not blur so much.
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"  CPU of the process: {(after.UserTime - before.UserTime).TotalMilliseconds:F0} ms of its own, {(after.PrivilegedTime - before.PrivilegedTime).TotalMilliseconds:F0} ms in the kernel; {state.Counters.NftMessages} messages; {(GC.GetTotalAllocatedBytes() - allocated) >> 20} MB allocated, collections of generation 0, 1, 2: {GC.CollectionCount(0) - collections[0]}, {GC.CollectionCount(1) - collections[1]}, {GC.CollectionCount(2) - collections[2]}"));
    }

    internal async Task ChangesAsync()
    {
        List<double> added = [], swapped = [];
        for (int i = 0; i < Times; i++)
        {
            await _loop.PostAsync(new ViewChanged(new ViewDelta { Epoch = "bench", Revision = 2, Endpoints = [BenchView.Endpoint(BenchView.Endpoints + i)] }));
            await _loop.PostAsync(new EndpointAttached(BenchView.Local(BenchView.Endpoints + i)));
            added.Add(await LastAsync());
            await _loop.PostAsync(new ViewChanged(new ViewDelta { Epoch = "bench", Revision = 3, Policies = [BenchView.Policy(5, i + 1)] }));
            swapped.Add(await LastAsync());
        }
        await ReportAsync("one endpoint more", added);
        await ReportAsync("swap one policy", swapped);
    }

    /// <summary>A policy that names a set of hosts and one of prefixes; one member more of either, until the kernel has it.</summary>
    internal async Task SetsAsync()
    {
        await _loop.PostAsync(new EndpointAttached(BenchView.Local(0)));
        await StartAsync(new ViewDelta
        {
            Epoch = "bench", Revision = 1, Snapshot = true,
            IpSets =
            [
                new IpSetView { Id = "hosts", Members = [.. Enumerable.Range(0, SetMembers).Select(Host)] },
                new IpSetView { Id = "nets", Members = [.. Enumerable.Range(0, SetMembers).Select(Net)] },
            ],
            Policies = [BenchView.Policy(0, 0) with { Ingress = [.. ((string[])["hosts", "nets"]).Select(set => new RuleView { Action = RuleAction.Allow, Source = new SideView { Sets = [set] } })] }],
            Endpoints = [BenchView.Endpoint(0)],
        });
        await _loop.InspectAsync();
        await ReportAsync("one host more in a set of 100,000, all told", await MembersAsync("hosts", Host));
        await ReportAsync("one prefix more in a set of 100,000, all told", await MembersAsync("nets", Net));
    }

    private async Task<List<double>> MembersAsync(string set, Func<int, string> member)
    {
        List<double> times = [];
        for (int i = 0; i < Times; i++)
        {
            long begun = TimeProvider.System.GetTimestamp();
            await _loop.PostAsync(new ViewChanged(new ViewDelta { Epoch = "bench", Revision = 2, IpSetChanges = [new IpSetChange { Id = set, Added = [member(SetMembers + i)] }] }));
            await LastAsync();
            times.Add(TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds);
        }
        return times;
    }

    private static string Host(int i) => string.Create(CultureInfo.InvariantCulture, $"11.{i >> 16}.{(i >> 8) & 255}.{i & 255}/32");

    /// <summary>Of eight lengths, /22 to /29, each in a /8 of its own.</summary>
    private static string Net(int i) => new IpPrefix(InetAddress.FromIPv4(((uint)(20 + i % 8) << 24) + ((uint)(i / 8) << (10 - i % 8))), 22 + i % 8).ToString();

    private async Task StartAsync(ViewDelta view)
    {
        await _loop.PostAsync(new EndpointsRestored());
        await _loop.PostAsync(new ViewChanged(view));
        _loop.Start();
    }

    private async Task<double> LastAsync()
    {
        DataplaneSnapshot now = await _loop.InspectAsync();
        if (now.Pending.Count > 0) throw new InvalidOperationException(string.Join("; ", now.Pending));
        return now.Counters.LastPass.TotalMilliseconds;
    }

    private static Task ReportAsync(string what, List<double> times)
    {
        times.Sort();
        return Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{what}: p50 {times[times.Count / 2]:F2} ms, max {times[^1]:F2} ms"));
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        _kernel.Dispose();
        _space.Dispose();
    }
}
