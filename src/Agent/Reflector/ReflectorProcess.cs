using System.Net.Sockets;
using Margay.Agent.Attach;
using Margay.Agent.Health;
using Margay.Agent.Routing;
using Margay.Agent.State;
using Margay.Agent.Sync;
using Margay.Agent.Underlay;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Bgp;
using Margay.Bgp.Wire;
using Margay.Core.Net;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Reflector;

// A route reflector and nothing else: any user may run it, it opens no netlink socket and touches nothing of the host.
//
//   margay-server ◄── view ──► Sync ──► BgpControl ──► Speaker ◄── BGP ──► clients, other reflectors
//                                                        └── nothing is installed in a kernel
//
// The view on disk outlives it: without a server it reflects as before.

/// <summary>Builds the reflector, runs it until cancelled, takes it down in reverse.</summary>
internal sealed class ReflectorProcess(AgentOptions options, TimeProvider time, Random random, ILogger logger)
{
    /// <summary>Says to the server that this node is made for it, and is to be elected first.</summary>
    public const string Label = "margay.dev/reflector";

    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(5);

    /// <summary><see cref="IOException"/> with the remedy when something is not as it must be.</summary>
    public async Task RunAsync(string version, CancellationToken cancel)
    {
        long started = time.GetTimestamp();
        Log.Starting(logger, version, options.Node, options.Socket);
        InetAddress? ipv4 = AddressOf(options.Ip, AddressFamily.InterNetwork), ipv6 = AddressOf(options.Ip6, AddressFamily.InterNetworkV6);
        if (ipv4 is null && ipv6 is null) throw new IOException("the address of this reflector cannot be told: give it with --ip ADDRESS or --ip6 ADDRESS");
        using StateDirectory state = StateDirectory.Open(options.StateDirectory);
        using ViewLog viewLog = ViewLog.Open(state.ViewFile, out string? damage);
        using Pulse pulse = Pulse.Open(state.PulseFile, Pulse.ReadBootId(), time, out FormerLife? former);
        if (damage is not null) Log.StateDamaged(logger, damage);

        using MargayClient client = new(ClientOptionsOf(version), time, random);
        NodeSyncClient nodeSync = new(client, options.Node);
        Connection connection = new() { View = viewLog.View };
        AgentMetrics metrics = new();
        SpeakerStart start = SpeakerStart.OfReflector(former, viewLog.View);
        await using Speaker speaker = new(start.On(new SpeakerOptions { Time = time, Seed = random.Next(), Logger = logger }));
        BgpControl bgp = new(speaker, new BgpSettings(options.Bgp, options.BmpStations, options.Node, FamilySet.VpnIPv4 | FamilySet.VpnIPv6), logger);
        if (!viewLog.View.IsEmpty) bgp.OnView(viewLog.View);

        Queries queries = new(options, version, null, null, speaker, connection, metrics);
        using AttachServer socket = new(new AttachServerOptions { SocketPath = options.Socket }, (request, stop) => AnswerAsync(queries, request, stop), time, logger);
        using HealthEndpoint? health = options.Metrics is null ? null : new HealthEndpoint(options.Metrics, queries.ProbeAsync, time);
        using ServiceManager manager = new(Environment.GetEnvironmentVariable);
        socket.Listen();
        health?.Listen();

        speaker.Start();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Dictionary<string, string> labels = new(options.Labels) { [Label] = "true" };
        NodeIdentity identity = new(options.Node, WithLength(ipv4, options.Ip.PrefixLength), options.Ip.IsGiven, WithLength(ipv6, options.Ip6.PrefixLength), options.Ip6.IsGiven, labels, version);
        ViewSync sync = new(nodeSync, new NodeRegistration(client, identity), viewLog, new ReflectorView(connection, bgp, metrics), new NodeSyncContext(options.Node, options.Server.ToString(), logger));
        List<Task> tasks = [socket.RunAsync(stop.Token), sync.RunAsync(stop.Token), bgp.RunAsync(stop.Token), manager.WatchAsync(_ => speaker.GetPeersAsync(), time, stop.Token), pulse.RunAsync(Task.CompletedTask, logger, stop.Token)];
        if (health is not null) tasks.Add(health.RunAsync(stop.Token));
        manager.Ready();
        if (start.Restarting) Log.Restarting(logger, (int)former!.Ago.TotalSeconds, "forwarding does not go through here");
        Log.ReflectorReady(logger, Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1), viewLog.View.Revision);

        await (await Task.WhenAny(tasks).ConfigureAwait(false)).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        bool asked = cancel.IsCancellationRequested;
        manager.Stopping();
        await stop.CancelAsync().ConfigureAwait(false);
        Task all = Task.WhenAll(tasks);
        await Task.WhenAny(all, Task.Delay(s_stopLimit, time, CancellationToken.None)).ConfigureAwait(false);
        await viewLog.FlushAsync().ConfigureAwait(false);
        // A task that ended by itself ended by a bug: the process must not linger half alive.
        if (!asked) await all.ConfigureAwait(false);
    }

    private ClientOptions ClientOptionsOf(string version) => new()
    {
        Server = options.Server,
        TokenFile = options.TokenFile,
        CaFile = options.CaFile,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        RequestTimeout = TimeSpan.FromSeconds(10),
        Retries = 1,
        UserAgent = $"margay-agent/{version}",
    };

    /// <summary>What was given, or the address that the kernel would speak to the server from: it is asked by connecting a UDP socket, which sends nothing.</summary>
    private InetAddress? AddressOf(AddressChoice choice, AddressFamily family)
    {
        if (choice.IsGiven) return choice.Address;
        try
        {
            using Socket probe = new(family, SocketType.Dgram, ProtocolType.Udp);
            probe.Connect(options.Server.DnsSafeHost, options.Server.Port);
            return probe.LocalEndPoint is System.Net.IPEndPoint { Address: var address } && InetAddress.TryParse(address.ToString(), out InetAddress found) && !found.IsLoopback && !found.IsLinkLocal ? found : null;
        }
        // A name or address that the family does not have.
        catch (Exception e) when (e is SocketException or NotSupportedException)
        {
            return null;
        }
    }

    private static string? WithLength(InetAddress? address, int? length) => address is { } a ? $"{a}/{length ?? a.BitLength}" : null;

    private static Task<AgentReply> AnswerAsync(Queries queries, AgentRequest request, CancellationToken cancel) => request.Query is { } query
        ? queries.AnswerAsync(query, cancel)
        : Task.FromResult(new AgentReply { Error = Errors.InvalidRequest("this agent is a route reflector only (--reflector): it attaches no workloads") });
}
