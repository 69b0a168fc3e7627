using Margay.Agent.Attach;
using Margay.Agent.Drops;
using Margay.Agent.Health;
using Margay.Agent.Networks;
using Margay.Agent.Routing;
using Margay.Agent.State;
using Margay.Agent.Sync;
using Margay.Agent.Underlay;
using Margay.Api.Client;
using Margay.Bgp;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Margay.Ipam;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Microsoft.Extensions.Logging;

namespace Margay.Agent;

// One process per host. Who owns what, and what flows where:
//
//   margay-server ◄─ view, writes ─► Sync ──ViewDelta──► DataplaneLoop ──► kernel: nftables, routes, neighbours
//                                     │  │                ▲    │ reports
//                                     │  └──AddressingChanged, ServerEndpointsKnown──┐
//                                     ▼                   │    ▼                     ▼
//   peers ◄──────── BGP ────────► Speaker ◄─ BgpControl ◄─┼─ AttachLoop (AttachMachine, journal, addresses) ◄─► AttachServer ◄─ margay-cni, margay
//                                     └─ best paths ─► FibSink                       └─► WorkloadLinks ─► kernel: veth
//   kernel: dropped packets (NFLOG) ─► DropWatch ─► margay drops, log, metrics
//
// Loops own their state and never wait for each other. The state directory outlives the process: attachments (journal) and the last view.
// Start: journal and view from disk, dataplane told, socket open: ready, with or without a server. Stop: the kernel is left as it is.

/// <summary>Builds the agent, runs it until cancelled, takes it down in reverse.</summary>
internal sealed class AgentProcess(AgentOptions options, TimeProvider time, Random random, ILogger logger)
{
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(5);

    /// <summary><see cref="IOException"/> with the remedy when something of the host is not as it must be.</summary>
    public async Task RunAsync(string version, CancellationToken cancel)
    {
        long started = time.GetTimestamp();
        Log.Starting(logger, version, options.Node, options.Socket);

        // What this host is, and what it was.
        (HostAddress? ipv4, HostAddress? ipv6) = FindAddresses();
        using StateDirectory state = StateDirectory.Open(options.StateDirectory);
        using AttachJournal journal = AttachJournal.Open(state.JournalFile, new BlockAllocator(time), out IReadOnlyList<string> damage);
        using ViewLog viewLog = ViewLog.Open(state.ViewFile, out string? viewDamage);
        using Pulse pulse = Pulse.Open(state.PulseFile, Pulse.ReadBootId(), time, out FormerLife? former);
        foreach (string fault in damage) Log.StateDamaged(logger, fault);
        if (viewDamage is not null) Log.StateDamaged(logger, viewDamage);

        // The server.
        ClientOptions clientOptions = new()
        {
            Server = options.Server,
            TokenFile = options.TokenFile,
            CaFile = options.CaFile,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            RequestTimeout = TimeSpan.FromSeconds(10),
            Retries = 1,
            UserAgent = $"margay-agent/{version}",
        };
        using MargayClient client = new(clientOptions, time, random);
        NodeSyncClient nodeSync = new(client, options.Node);
        StatusReporter statuses = new(client, time);
        ServerWrites server = new(client, nodeSync, statuses);
        Connection connection = new() { View = viewLog.View };

        // The kernel.
        AgentMetrics metrics = new();
        HostAddress? underlay = ipv4 ?? ipv6;
        TunnelEnd? tunnelEnd = underlay is null ? null : TunnelEnd.Of(underlay.Address, underlay.Mtu);
        DataplaneOptions dataplaneOptions = new() { TunnelEnd = tunnelEnd, DropLog = options.DropLog, Services = options.NetworkServices };
        using NetlinkKernel kernel = new(dataplaneOptions);
        await using AttachLoop attach = new(journal, time, logger);
        await using DataplaneLoop dataplane = new(dataplaneOptions, kernel, report => OnReport(report, attach), time, logger);
        await using WorkloadLinks links = new(time: time);
        using DropWatch drops = new(options.DropLog, new DropNames(connection), time, logger);
        drops.Open(NetworkName.Default, space: null);
        await using NetworkSpaces spaces = new(options.NetworkSpaces, dataplaneOptions, item =>
        {
            drops.On(item);
            return dataplane.PostAsync(item);
        });
        LinkPlaces places = new(links, spaces, logger);

        // BGP.
        NetworkRoutes? networkRoutes = tunnelEnd is null ? null : new(tunnelEnd.Address, tunnelEnd.RouterMac, NetworkRoutes.KeptBy(dataplaneOptions));
        FibSink fib = new(dataplane, networkRoutes);
        SpeakerStart start = SpeakerStart.OfHost(former, viewLog.View);
        await using Speaker speaker = new(start.On(new SpeakerOptions { Time = time, Seed = random.Next(), Logger = logger, Sink = fib }));
        BgpControl bgp = new(speaker, new BgpSettings(options.Bgp, options.BmpStations, options.Node), logger, fib, tunnelEnd);

        // Attachments, taken up where the last life left them.
        AttachEffects effects = new(new AttachContext(options.Node, time, logger), places, server, dataplane, attach.Post, bgp.OnAddresses);
        AttachMachine machine = new(
            new AttachOptions { Node = options.Node, Mtu = options.Mtu ?? underlay?.Mtu, TunnelMtu = tunnelEnd?.InnerMtu },
            journal, new AddressBook(journal.Allocator, new AddressBookOptions()), effects, time);
        ViewRelay relay = new(connection, attach, dataplane, bgp, places, metrics);
        if (!viewLog.View.IsEmpty) await relay.OnRememberedAsync(viewLog.View).ConfigureAwait(false);
        IReadOnlyList<(NetworkName Network, NetworkNamespace Namespace)> networks = await spaces.AdoptAsync().ConfigureAwait(false);
        machine.Recover(MarkedLinks.Read(networks.Select(n => n.Namespace)), NamespaceIdentity.IsAlive);
        await dataplane.PostAsync(new EndpointsRestored(), cancel).ConfigureAwait(false);

        // Everything that answers.
        NetworkQueries networkQueries = new(options.NetworkSpaces, connection, attach, dataplane, speaker, tunnelEnd, networkRoutes, time);
        Queries queries = new(options, version, attach, dataplane, speaker, connection, metrics, drops, networkQueries);
        RequestRouter router = new(attach, queries, metrics, logger);
        using AttachServer socket = new(new AttachServerOptions { SocketPath = options.Socket }, router.AnswerAsync, time, logger);
        using HealthEndpoint? health = options.Metrics is null ? null : new HealthEndpoint(options.Metrics, queries.ProbeAsync, time);
        using ServiceManager manager = new(Environment.GetEnvironmentVariable);
        socket.Listen();
        health?.Listen();

        // Go.
        dataplane.Start();
        attach.Start(machine);
        speaker.Start();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        NodeRegistration registration = new(client, IdentityOf(ipv4, ipv6, version));
        ViewSync sync = new(nodeSync, registration, viewLog, relay, new NodeSyncContext(options.Node, options.Server.ToString(), logger));
        List<Task> tasks =
        [
            socket.RunAsync(stop.Token), sync.RunAsync(stop.Token), bgp.RunAsync(stop.Token), fib.RunAsync(stop.Token), statuses.RunAsync(stop.Token),
            manager.WatchAsync(attach.InspectAsync, time, stop.Token), LinkWatch.RunAsync(attach, stop.Token),
            pulse.RunAsync(InKernelAsync(dataplane, stop.Token), logger, stop.Token),
        ];
        if (health is not null) tasks.Add(health.RunAsync(stop.Token));
        manager.Ready();
        if (start.Restarting) Log.Restarting(logger, (int)former!.Ago.TotalSeconds, start.ForwardingLost ? "forwarding was lost" : "forwarding went on");
        Log.Ready(logger, Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1), journal.Attachments.Count, viewLog.View.Revision);

        await (await Task.WhenAny(tasks).ConfigureAwait(false)).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        bool asked = cancel.IsCancellationRequested;
        manager.Stopping();
        if (asked) Log.Stopping(logger);
        await stop.CancelAsync().ConfigureAwait(false);
        Task all = Task.WhenAll(tasks);
        await Task.WhenAny(all, Task.Delay(s_stopLimit, time, CancellationToken.None)).ConfigureAwait(false);
        await viewLog.FlushAsync().ConfigureAwait(false);
        // A task that ended by itself ended by a bug: the process must not linger half alive.
        if (!asked) await all.ConfigureAwait(false);
    }

    /// <summary>Completes when the kernel was made to match the view and the attachments: only then is there forwarding that a next life may find preserved.</summary>
    private async Task InKernelAsync(DataplaneLoop dataplane, CancellationToken cancel)
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(250), time);
        // Twice: seen for the first time, its pass through the kernel may be still to come.
        for (int seen = 0; seen < 2;)
        {
            await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false);
            if ((await dataplane.InspectAsync(cancel).ConfigureAwait(false)).InSync) seen++;
        }
    }

    private (HostAddress? Ipv4, HostAddress? Ipv6) FindAddresses()
    {
        using RouteSocket socket = RouteSocket.Open();
        (HostAddress? ipv4, string? error4) = UnderlayAddress.Choose(options.Ip, false, socket);
        (HostAddress? ipv6, string? error6) = UnderlayAddress.Choose(options.Ip6, true, socket);
        List<string> errors = [.. new[] { error4, error6 }.OfType<string>()];
        if (errors.Count > 0) throw new IOException(string.Join("; ", errors));
        if (ipv4 is null && ipv6 is null && !options.Ip.None && !options.Ip6.None)
            throw new IOException("this host has no default route, so its address cannot be told; give it with --ip ADDRESS/LENGTH or --ip6 ADDRESS/LENGTH (or both as none, for a node that only speaks BGP)");
        return (ipv4, ipv6);
    }

    private NodeIdentity IdentityOf(HostAddress? ipv4, HostAddress? ipv6, string version) =>
        new(options.Node, ipv4?.ToString(), options.Ip.IsGiven, ipv6?.ToString(), options.Ip6.IsGiven, options.Labels, version);

    private void OnReport(DataplaneReport report, AttachLoop attach)
    {
        switch (report)
        {
            case EndpointProgrammed e:
                attach.Post(new EndpointInKernel(e.Id, e.Revision));
                break;
            case EndpointRemoved e:
                attach.Post(new EndpointCut(e.Id));
                break;
            case WorkloadLinkGone e when Names.IsHostInterface(e.Interface):
                attach.Post(new LinkLost(e.Interface));
                break;
            case EndpointFailed e:
                Log.EndpointFailed(logger, e.Id, e.Reason);
                attach.Post(new EndpointRefusedByKernel(e.Id, e.Reason));
                break;
        }
    }
}
