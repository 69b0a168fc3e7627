using System.Net;
using System.Net.Sockets;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>The agent comes and goes; workloads do not notice.</summary>
public sealed class RestartTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AConstantStream_LosesNothing_WhileTheAgentRestarts(bool kill)
    {
        await using AgentHost host = await AgentHost.StartAsync();
        string a = await host.AttachAsync("a"), b = await host.AttachAsync("b");
        await using Stream stream = Stream.Start(host, a, b);

        for (int i = 0; i < 2; i++)
        {
            if (kill) host.KillAgent();
            else await host.StopAgentAsync();
            await host.StartAgentAsync();
            await host.WaitForServerContactAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
        }
        (int sent, int received) = await stream.StopAsync();
        Assert.True(sent > 100, $"only {sent} sent");
        Assert.Equal(sent, received);
        Assert.Equal("yes", host.Status("in sync"));
    }

    [Fact]
    public async Task WithTheServerGone_ARestartedAgentKeepsForwarding_AndPolicy()
    {
        await using AgentHost host = await AgentHost.StartAsync();
        string a = await host.AttachAsync("a"), b = await host.AttachAsync("b");
        host.KillServer();
        await using Stream stream = Stream.Start(host, a, b);
        host.KillAgent();
        await host.StartAgentAsync();
        (int sent, int received) = await stream.StopAsync();
        Assert.Equal(sent, received);
        Assert.StartsWith("no", host.Status("connected"), StringComparison.Ordinal);

        (int exit, System.Text.Json.JsonElement result) = await host.CniAsync("ADD", "a");
        Assert.Equal(0, exit);
        Assert.Equal(a, AgentHost.AddressOf(result));
    }

    /// <summary>A datagram each two milliseconds from one workload to another.</summary>
    private sealed class Stream : IAsyncDisposable
    {
        private readonly Socket _sender;
        private readonly Socket _receiver;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task<int> _sending;
        private readonly Task<int> _receiving;

        private Stream(Socket sender, Socket receiver, EndPoint target)
        {
            _sender = sender;
            _receiver = receiver;
            _sending = Task.Run(() => SendAsync(target));
            _receiving = Task.Run(ReceiveAsync);
        }

        public static Stream Start(AgentHost host, string from, string to)
        {
            IPEndPoint target = new(IPAddress.Parse(to), 7777);
            Socket receiver = Open(host.PathOf("b"));
            receiver.ReceiveBufferSize = 1 << 20;
            receiver.Bind(target);
            Socket sender = Open(host.PathOf("a"));
            sender.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            return new Stream(sender, receiver, target);
        }

        public async Task<(int Sent, int Received)> StopAsync()
        {
            await _stop.CancelAsync();
            int sent = await _sending;
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            _receiver.Dispose();
            return (sent, await _receiving);
        }

        private static Socket Open(string path)
        {
            using NetworkNamespace space = NetworkNamespace.Open(path);
            return space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        }

        private async Task<int> SendAsync(EndPoint target)
        {
            using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(2), TimeProvider.System);
            int sent = 0;
            while (!_stop.IsCancellationRequested)
            {
                await _sender.SendToAsync(new byte[8], target);
                sent++;
                await timer.WaitForNextTickAsync();
            }
            return sent;
        }

        private async Task<int> ReceiveAsync()
        {
            byte[] buffer = new byte[64];
            int received = 0;
            try
            {
                while (true)
                {
                    await _receiver.ReceiveAsync(buffer);
                    received++;
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return received;
            }
        }

        public ValueTask DisposeAsync()
        {
            _stop.Cancel();
            _sender.Dispose();
            _receiver.Dispose();
            _stop.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
