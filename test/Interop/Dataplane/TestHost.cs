using System.Collections.Concurrent;
using Margay.Api.NodeSync;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Interop.Dataplane;

/// <summary>One host in a namespace with its dataplane, and workloads in theirs. Everything goes when it is disposed, whatever happened.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<DataplaneReport> _reports = new();
    private readonly Dictionary<string, LocalEndpoint> _attached = [];
    private long _revision;

    internal TestHost(DataplaneOptions? options = null)
    {
        Tool.RequireRoot();
        Options = options ?? new DataplaneOptions { RouteHoldTime = TimeSpan.FromMinutes(10) };
        Name = $"mgy-dataplane-{Guid.NewGuid().ToString("N")[..8]}";
        Namespace = NetworkNamespace.Create(Name).Value;
        Ip("link set lo up");
        Ip("addr add 203.0.113.1/32 dev lo");
        Links = new WorkloadLinks(Namespace);
        Open();
    }

    internal DataplaneOptions Options { get; }
    internal string Name { get; }
    internal NetworkNamespace Namespace { get; }
    internal WorkloadLinks Links { get; }
    internal DataplaneLoop Loop { get; private set; } = null!;
    internal List<Workload> Workloads { get; } = [];
    internal ConcurrentQueue<DataplaneReport> Reports => _reports;

    /// <summary>The view as last posted.</summary>
    internal ViewDelta View { get; private set; } = new() { Epoch = "test", Revision = 0, Snapshot = true };

    private NetlinkKernel? _kernel;

    private void Open()
    {
        _kernel = new NetlinkKernel(Options, Namespace);
        Loop = new DataplaneLoop(Options, _kernel, _reports.Enqueue, TimeProvider.System, NullLogger.Instance);
        Loop.Start();
    }

    /// <summary>The agent dies: nothing is taken down.</summary>
    internal async Task StopAsync()
    {
        if (_kernel is null) return;
        await Loop.DisposeAsync();
        _kernel.Dispose();
        _kernel = null;
    }

    /// <summary>A new agent takes over, with the view and the endpoints that the old one had.</summary>
    internal async Task RestartAsync()
    {
        await StopAsync();
        _reports.Clear();
        Open();
        foreach (LocalEndpoint endpoint in _attached.Values) await Loop.PostAsync(new EndpointAttached(endpoint));
        await Loop.PostAsync(new EndpointsRestored());
        await Loop.PostAsync(new ViewChanged(View));
        await Loop.InspectAsync();
    }

    /// <summary>A new agent that has heard of nothing yet.</summary>
    internal async Task RestartWithoutViewAsync()
    {
        await StopAsync();
        Open();
        await Loop.InspectAsync();
    }

    internal async Task StartEmptyAsync()
    {
        await Loop.PostAsync(new EndpointsRestored());
        await PostViewAsync(View);
    }

    /// <summary>The view that a restarted agent will find.</summary>
    internal void ChangeViewUnseen(ViewDelta view) => View = view with { Revision = ++_revision };

    internal async Task PostViewAsync(ViewDelta view)
    {
        View = view with { Revision = ++_revision };
        await Loop.PostAsync(new ViewChanged(View));
        await Loop.InspectAsync();
    }

    /// <summary>A workload with a link of its own, attached; its policy is that of the view.</summary>
    internal async Task<Workload> AddWorkloadAsync(string name, bool attach = true, string @namespace = "test")
    {
        Workload workload = new(this, name, Workloads.Count + 1, @namespace);
        Workloads.Add(workload);
        WorkloadLinkResult made = Links.Create(workload.LinkSpec);
        Assert.True(made.Ok, made.Message);
        if (attach) await AttachAsync(workload.Endpoint);
        return workload;
    }

    internal async Task AttachAsync(LocalEndpoint endpoint)
    {
        _attached[endpoint.Id] = endpoint;
        await Loop.PostAsync(new EndpointAttached(endpoint));
    }

    internal async Task DetachAsync(LocalEndpoint endpoint)
    {
        _attached.Remove(endpoint.Id);
        await Loop.PostAsync(new EndpointDetached(endpoint.Id));
        await Loop.InspectAsync();
    }

    /// <summary>Puts all workloads under these policies, each applied to everyone, in one tier, in the order given; and under a profile that allows everything.</summary>
    internal Task ApplyAsync(params PolicyView[] policies) => PostViewAsync(View with
    {
        Policies = policies,
        Profiles = [Rules.AllowAllProfile],
        Endpoints = [.. Workloads.Select(w => w.View(policies))],
    });

    internal async Task WaitProgrammedAsync(params Workload[] workloads)
    {
        foreach (Workload workload in workloads)
            await Eventually.TrueAsync(() => _reports.Any(r => r is EndpointProgrammed p && p.Id == workload.Endpoint.Id), Patience, () => $"{workload.Name} is programmed; {string.Join(", ", _reports)}");
    }

    internal void Ip(string commandLine) => Tool.Run("ip", ["-n", Name, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
    internal string IpText(string commandLine) => Tool.Run("ip", ["-n", Name, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
    internal string Nft(params string[] arguments) => Tool.Run("ip", ["netns", "exec", Name, "nft", .. arguments]);
    internal string Run(string command, params string[] arguments) => Tool.Run("ip", ["netns", "exec", Name, command, .. arguments]);
    internal string Ruleset() => Listing.Settled(Nft("-s", "list", "ruleset"));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Links.DisposeAsync();
        foreach (Workload workload in Workloads) workload.Dispose();
        NetworkNamespace.Delete(Name);
        Namespace.Dispose();
    }
}
