using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Agent.Health;

namespace Margay.Agent.Tests.Health;

public class HealthTests
{
    [Theory]
    [InlineData("GET /readyz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK")]
    [InlineData("GET /nowhere?x=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Error")]
    [InlineData("POST /readyz HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Error")]
    public async Task Probe_IsAnswered(string request, string expected)
    {
        int port = FreePort();
        using HealthEndpoint endpoint = new(new IPEndPoint(IPAddress.Loopback, port), (path, _) => Task.FromResult<HealthAnswer?>(path == "/readyz" ? new HealthAnswer(200, "ok\n") : null), TimeProvider.System);
        endpoint.Listen();
        using CancellationTokenSource stop = new();
        _ = endpoint.RunAsync(stop.Token);
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using StreamReader reader = new(client.GetStream());
        Assert.StartsWith(expected, await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await stop.CancelAsync();
    }

    [Fact]
    public void ATakenPort_IsSaidWithTheRemedy()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        using HealthEndpoint endpoint = new((IPEndPoint)taken.LocalEndpoint, (_, _) => Task.FromResult<HealthAnswer?>(null), TimeProvider.System);
        Assert.Contains("--metrics-listen", Assert.Throws<IOException>(endpoint.Listen).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ServiceManager_SpeaksToItsSocket()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("notify");
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(path));
        using ServiceManager manager = new(name => name == "NOTIFY_SOCKET" ? path : name == "WATCHDOG_USEC" ? "20000000" : null);
        manager.Ready();
        byte[] buffer = new byte[64];
        Assert.Equal("READY=1", Encoding.ASCII.GetString(buffer, 0, systemd.Receive(buffer)));
        Assert.Equal(TimeSpan.FromSeconds(10), manager.WatchdogInterval);
    }

    [Fact]
    public async Task ServiceManager_SaysThatWeLive_OnlyWhileTheLoopAnswers()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("notify");
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(path));
        using ServiceManager manager = new(name => name == "NOTIFY_SOCKET" ? path : name == "WATCHDOG_USEC" ? "2000" : null);
        using CancellationTokenSource stop = new();
        int asked = 0;
        TaskCompletionSource stuck = new();
        Task watching = manager.WatchAsync(_ => ++asked == 1 ? Task.CompletedTask : stuck.Task, TimeProvider.System, stop.Token);
        byte[] buffer = new byte[64];
        Assert.Equal("WATCHDOG=1", Encoding.ASCII.GetString(buffer, 0, await systemd.ReceiveAsync(buffer)));
        while (Volatile.Read(ref asked) < 2) await Task.Yield();
        Assert.Equal(0, systemd.Available);
        Assert.False(watching.IsCompleted);
        await stop.CancelAsync();
        stuck.SetResult();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Fact]
    public void Metrics_AreTextThatPrometheusReads()
    {
        AgentMetrics metrics = new();
        metrics.Attached(new Dictionary<string, double> { ["total"] = 2.5 });
        metrics.Refused("NoAddress");
        StringBuilder text = new();
        metrics.Write(text);
        Assert.Contains("margay_agent_attach_seconds_bucket{step=\"total\",le=\"0.0035\"} 1\n", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("margay_agent_attach_refused_total{code=\"NoAddress\"} 1\n", text.ToString(), StringComparison.Ordinal);
        Assert.All(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^(# (HELP|TYPE) \\S+ .+|[a-z_]+(\\{[^}]*\\})? [0-9.eE+-]+)$", line));
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
