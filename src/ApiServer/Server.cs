using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Margay.ApiServer.Auth;
using Margay.ApiServer.Controllers;
using Margay.ApiServer.Metrics;
using Margay.ApiServer.NodeSync;
using Margay.ApiServer.Options;
using Margay.ApiServer.Registry;
using Margay.ApiServer.Rest;
using Margay.ApiServer.Watch;
using Margay.Store.Sqlite;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Margay.ApiServer;

// All the wiring, top to bottom; it stops in reverse: no new requests, watches and streams end, the graph stops, the store closes last.
//
//   SqliteStore ─► ObjectRegistry ─► ResourceHandler (REST) ─┐
//        └───────► GraphLoop ──────► NodeSyncHandler ────────┴─► RequestDispatcher ─► Kestrel
//                      └─ who is alive ─► ReflectorController ─► status of the BGPConfiguration
//   store ─► NetworkStatusController ─► status of the VirtualNetworks

/// <summary>One running server.</summary>
internal sealed class Server : IAsyncDisposable
{
    /// <summary>Open requests get as long to end by themselves; watches end at once.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly SqliteStore _store;
    private readonly GraphLoop _graph;
    private readonly PrometheusExporter _exporter;
    private Task _election = Task.CompletedTask;
    private Task _networkStates = Task.CompletedTask;
    private readonly ServerMetrics _metrics;

    public static string Version { get; } =
        (typeof(Server).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];

    private Server(WebApplication app, SqliteStore store, GraphLoop graph, PrometheusExporter exporter, ServerMetrics metrics)
    {
        _app = app;
        _store = store;
        _graph = graph;
        _exporter = exporter;
        _metrics = metrics;
    }

    /// <summary>Where it listens; with port 0 asked for, the port that it got.</summary>
    public ICollection<string> Urls => _app.Urls;

    /// <summary>Runs until SIGTERM, SIGINT or <paramref name="cancel"/>.</summary>
    public static async Task<int> RunAsync(ServerOptions options, CancellationToken cancel)
    {
        // A commit blocks one thread of the pool for the time of a sync; others must not wait for the pool to grow.
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, 16), ports);
        await using Server server = await StartAsync(options, TimeProvider.System).ConfigureAwait(false);
        await server._app.WaitForShutdownAsync(cancel).ConfigureAwait(false);
        return 0;
    }

    public static async Task<Server> StartAsync(ServerOptions options, TimeProvider time)
    {
        WebApplication app = Build(options);
        ILogger log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("margay.server");
        CancellationToken stopping = app.Lifetime.ApplicationStopping;
        BearerTokens? tokens = options.TokenFile is null ? null : BearerTokens.Read(options.TokenFile);

        SqliteStore store = SqliteStore.Open(new SqliteOptions { DataDirectory = options.DataDirectory, HistoryEvents = options.HistoryEvents });
        ServerMetrics metrics = new();
        GraphLoop graph = new(store, time, metrics, log);
        PrometheusExporter exporter = new(ServerMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel");
        Server server = new(app, store, graph, exporter, metrics);
        try
        {
            await BuiltIns.EnsureAsync(store, time).ConfigureAwait(false);
            graph.Start();

            ObjectRegistry registry = new(store, time);
            WatchCounter watches = new();
            metrics.Observe("margay.store.revision", "Revision of the last transaction", () => store.Current.Revision);
            metrics.Observe("margay.store.objects", "Keys in the store", () => store.Current.Count);
            metrics.Observe("margay.watches", "Open watches", () => watches.Open);
            metrics.Observe("margay.nodesync.revision", "Revision that the views of the nodes are at", () => graph.Revision);

            ResourceHandler resources = new(registry, new ListHandler(registry, time), new WatchHandler(registry, watches, time, stopping), time);
            NodeSyncHandler nodeSync = new(graph, new BlockClaims(registry), time, stopping);
            Health health = new(store, () => graph.Revision, stopping);
            RequestDispatcher dispatcher = new(tokens, health, new Discovery(Version), new Rest.OpenApi.OpenApiDocuments(), resources, nodeSync, exporter.Render, log);
            app.Run(dispatcher.HandleAsync);
            server._election = new ReflectorController(registry, graph, time, log).RunAsync(stopping);
            server._networkStates = new NetworkStatusController(registry, time, log).RunAsync(stopping);
            await app.StartAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            if (e is IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException }) throw new OptionException("--listen", $"{e.Message.TrimEnd('.')}: stop what listens there or choose another address");
            throw;
        }
        Log.Started(log, Version, options.DataDirectory, store.Current.Revision, store.Current.Count);
        foreach (string url in app.Urls) Log.Listening(log, url);
        if (options.NoAuth || (tokens is null && options.Listen.Any(l => !l.IsLoopback))) Log.Open(log, string.Join(", ", app.Urls));
        stopping.Register(() => Log.Stopping(log));
        return server;
    }

    private static WebApplication Build(ServerOptions options)
    {
        // No configuration files and no environment: the command line says everything.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "margay-server" });
        X509Certificate2? certificate = options.TlsCertificate is null ? null : ReadCertificate(options.TlsCertificate, options.TlsKey!);
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.CreateBoundListenSocket = Listen).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBody.Limit;
            foreach (ListenAddress listen in options.Listen)
            {
                kestrel.Listen(listen.EndPoint, endpoint =>
                {
                    endpoint.Protocols = listen.IsTls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
                    if (listen.IsTls) endpoint.UseHttps(certificate!);
                });
            }
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Logging.SetMinimumLevel(options.LogLevel).AddFilter("Microsoft", LogLevel.Warning);
        if (options.JsonLog) builder.Logging.AddJsonConsole(json => json.UseUtcTimestamp = true);
        else
        {
            builder.Logging.AddSimpleConsole(text =>
            {
                text.SingleLine = true;
                text.UseUtcTimestamp = true;
                text.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            });
        }
        return builder.Build();
    }

    // A host that lost its power must not count as alive for a quarter of an hour. Accepted connections inherit the option.
    private static Socket Listen(EndPoint address)
    {
        Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(address);
        const int tcpUserTimeout = 18, milliseconds = 15_000;
        if (socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6) socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, tcpUserTimeout, BitConverter.GetBytes(milliseconds));
        return socket;
    }

    private static X509Certificate2 ReadCertificate(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new OptionException("--tls-cert", $"{certificate} with {key} cannot be used: {e.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().ConfigureAwait(false);
        await _election.ConfigureAwait(false);
        await _networkStates.ConfigureAwait(false);
        await _graph.DisposeAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
        _exporter.Dispose();
        _metrics.Dispose();
    }
}
