using System.Net;
using System.Net.Sockets;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Dataplane;

/// <summary>Numbers of connections: those that are open, one more, and what becomes free again.</summary>
public sealed class ConnectionLimitTests
{
    private const int Most = 3;
    private const ushort Port = 80, Closed = 81;
    private static readonly QosView s_egress = new() { EgressMaxConnections = Most }, s_ingress = new() { IngressMaxConnections = Most };

    [Theory]
    [InlineData("egress", false)]
    [InlineData("egress", true)]
    [InlineData("ingress", false)]
    [InlineData("ingress", true)]
    public async Task OneTooMany_IsReset_UntilAnotherIsOver(string direction, bool v6)
    {
        await using TestHost host = new();
        (Workload limited, Workload free) = await TwoAsync(host, direction == "egress" ? s_egress : s_ingress);
        (Workload from, Workload to) = direction == "egress" ? (limited, free) : (free, limited);
        using Listener listener = new(to.Namespace, v6 ? to.V6 : to.V4, Port), back = new(from.Namespace, v6 ? from.V6 : from.V4, Port);
        using Connections open = new();
        using ToldDrops drops = new(host);
        // What policy denies does not count.
        for (int i = 0; i < 2 * Most; i++) Assert.False(await open.TryAsync(from.Namespace, listener.Address, Closed));
        for (int i = 0; i < Most; i++) Assert.True(await open.TryAsync(from.Namespace, listener.Address, Port));
        Assert.False(await open.TryAsync(from.Namespace, listener.Address, Port));
        Assert.Equal(SocketError.ConnectionRefused, open.LastError);
        Assert.Matches("counter packets [1-9].*reject with tcp reset", host.Nft("list", "chain", "inet", "margay", $"connections-{direction}-over"));
        await drops.UntilAsync("too many connections", direction == "egress" ? PolicyType.Egress : PolicyType.Ingress);
        // The other way nothing is limited.
        for (int i = 0; i < 2 * Most; i++) Assert.True(await open.TryAsync(to.Namespace, back.Address, Port));

        // A new agent leaves the rules, and so the count, alone.
        await host.RestartAsync();
        Assert.False(await open.TryAsync(from.Namespace, listener.Address, Port));
        open.CloseFirst();
        await Eventually.TrueAsync(() => open.TryAsync(from.Namespace, listener.Address, Port).GetAwaiter().GetResult(), TimeSpan.FromSeconds(10), () => "a place is free again");
        Assert.False(await open.TryAsync(from.Namespace, listener.Address, Port));

        await ApplyAsync(host, null);
        Assert.True(await open.TryAsync(from.Namespace, listener.Address, Port));
        Assert.DoesNotContain("connections", host.Ruleset(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherProtocols_AreDropped()
    {
        await using TestHost host = new();
        (Workload limited, Workload free) = await TwoAsync(host, s_egress);
        List<bool> arrived = [];
        for (int i = 0; i < 2 * Most; i++) arrived.Add(await Traffic.ArrivesAsync(limited.Namespace, free.Namespace, free.V4, 9));
        Assert.Equal([true, true, true, false, false, false], arrived);
    }

    [Fact]
    public async Task ToItsHost_Counts_FromItsHost_DoesNot()
    {
        await using TestHost host = new(new DataplaneOptions { EndpointToHost = EndpointToHostAction.Accept, RouteHoldTime = TimeSpan.FromMinutes(10) });
        (Workload limited, Workload _) = await TwoAsync(host, s_egress with { IngressMaxConnections = Most });
        using Listener listener = new(host.Namespace, InetAddress.Parse("203.0.113.1"), Port), inside = new(limited.Namespace, limited.V4, Port);
        using Connections open = new();
        for (int i = 0; i < Most; i++) Assert.True(await open.TryAsync(limited.Namespace, listener.Address, Port));
        Assert.False(await open.TryAsync(limited.Namespace, listener.Address, Port));
        Assert.Equal(SocketError.ConnectionRefused, open.LastError);
        for (int i = 0; i < 2 * Most; i++) Assert.True(await open.TryAsync(host.Namespace, inside.Address, Port));
    }

    private static async Task<(Workload Limited, Workload Free)> TwoAsync(TestHost host, QosView limits)
    {
        await host.StartEmptyAsync();
        Workload limited = await host.AddWorkloadAsync("a"), free = await host.AddWorkloadAsync("b");
        await ApplyAsync(host, limits);
        await host.WaitProgrammedAsync(limited, free);
        return (limited, free);
    }

    private static Task ApplyAsync(TestHost host, QosView? limits)
    {
        PolicyView[] policies = [Rules.Ingress("in", Rules.Deny.Tcp(Closed), Rules.Allow), Rules.Egress("out", Rules.Allow)];
        return host.PostViewAsync(host.View with
        {
            Policies = policies, Profiles = [Rules.AllowAllProfile], Endpoints = [.. host.Workloads.Select((w, i) => w.View(policies) with { Qos = i == 0 ? limits : null, Revision = limits is null ? 2 : 1 })],
        });
    }

    private sealed class Listener : IDisposable
    {
        private readonly Socket _socket;

        internal Listener(NetworkNamespace space, InetAddress address, ushort port)
        {
            Address = address;
            _socket = Traffic.Open(space, address, SocketType.Stream);
            _socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
            _socket.Listen();
        }

        internal InetAddress Address { get; }

        public void Dispose() => _socket.Dispose();
    }

    /// <summary>Those that came about, kept open.</summary>
    private sealed class Connections : IDisposable
    {
        private readonly Queue<Socket> _open = [];

        internal SocketError? LastError { get; private set; }

        internal async Task<bool> TryAsync(NetworkNamespace from, InetAddress to, ushort port)
        {
            Socket socket = Traffic.Open(from, to, SocketType.Stream);
            try
            {
                using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(port == Closed ? 50 : 5000));
                await socket.ConnectAsync(new IPEndPoint(to.ToIPAddress(), port), patience.Token);
                _open.Enqueue(socket);
                return true;
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                LastError = (e as SocketException)?.SocketErrorCode;
                socket.Dispose();
                return false;
            }
        }

        /// <summary>By a reset, so that nothing of it lingers.</summary>
        internal void CloseFirst()
        {
            Socket first = _open.Dequeue();
            first.LingerState = new LingerOption(true, 0);
            first.Dispose();
        }

        public void Dispose()
        {
            foreach (Socket socket in _open) socket.Dispose();
        }
    }
}
