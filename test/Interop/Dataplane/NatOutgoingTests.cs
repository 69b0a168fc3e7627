using System.Net;
using System.Net.Sockets;
using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Dataplane;

/// <summary>natOutgoing of pools, by the source that is seen at the other end.</summary>
public sealed class NatOutgoingTests
{
    private const ushort Port = 9;

    public static TheoryData<string, string, string, string> Pools => new()
    {
        { "both flags", "10.65.0.0/16 nat, fd00:65::/32 nat", "host", "host" },
        { "IPv4 only", "10.65.0.0/16 nat, fd00:65::/32", "host", "own" },
        { "IPv6 only", "10.65.0.0/16, fd00:65::/32 nat", "own", "host" },
        { "none", "10.65.0.0/16, fd00:65::/32", "own", "own" },
        { "not announced, which is another matter", "10.65.0.0/16 nat unannounced, fd00:65::/32 nat unannounced", "host", "host" },
        { "disabled for new addresses, which is another matter", "10.65.0.0/16 nat disabled, fd00:65::/32 nat disabled", "host", "host" },
        { "into another pool", "10.65.0.0/16 nat, fd00:65::/32 nat, 198.51.100.0/24, 2001:db8:51::/48", "own", "own" },
        { "of another pool", "10.66.0.0/16 nat, fd00:66::/32 nat", "own", "own" },
        { "of a part of a pool", "10.64.0.0/10 nat, fd00::/8 nat", "host", "host" },
    };

    [Theory]
    [MemberData(nameof(Pools))]
    public async Task SourceSeen(string what, string pools, string v4, string v6)
    {
        Assert.NotEmpty(what);
        await using TestHost host = new();
        using Outside outside = await Outside.StartAsync(host);
        (Workload a, Workload b) = await TwoAsync(host, pools);
        foreach (bool again in (bool[])[false, true])
        {
            Assert.Equal(v4 == "host" ? Outside.HostV4 : a.V4, SourceAt(outside.Namespace, Outside.V4, a.Namespace));
            Assert.Equal(v6 == "host" ? Outside.HostV6 : a.V6, SourceAt(outside.Namespace, Outside.V6, a.Namespace));
            // From pool to pool nothing is translated, and neither is what comes in.
            Assert.Equal(a.V4, SourceAt(b.Namespace, b.V4, a.Namespace));
            Assert.Equal(a.V6, SourceAt(b.Namespace, b.V6, a.Namespace));
            Assert.Equal(Outside.V4, SourceAt(a.Namespace, a.V4, outside.Namespace));
            Assert.Equal(Outside.V6, SourceAt(a.Namespace, a.V6, outside.Namespace));
            if (!again) await host.RestartAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FlagThatGoes_EndsTranslation_ForWhatIsUnderWayToo(bool isV6)
    {
        await using TestHost host = new();
        using Outside outside = await Outside.StartAsync(host);
        (Workload a, _) = await TwoAsync(host, "10.65.0.0/16 nat, fd00:65::/32 nat");
        InetAddress there = isV6 ? Outside.V6 : Outside.V4, translated = isV6 ? Outside.HostV6 : Outside.HostV4, own = isV6 ? a.V6 : a.V4;
        using Socket client = Traffic.Open(a.Namespace, there, SocketType.Dgram), server = Listen(outside.Namespace, there, 53);
        EndPoint seen = Exchange(client, server, there, 53);
        Assert.Equal(translated, InetAddress.From(((IPEndPoint)seen).Address));

        await ApplyAsync(host, "10.65.0.0/16, fd00:65::/32");
        Assert.Equal(own, SourceAt(outside.Namespace, there, a.Namespace));
        // The same ports, which would wait for an answer to the translated address for as long as they try.
        Assert.Equal(own, InetAddress.From(((IPEndPoint)Exchange(client, server, there, 53)).Address));
        Assert.DoesNotContain("masquerade", host.Ruleset(), StringComparison.Ordinal);

        await ApplyAsync(host, "10.65.0.0/16 nat, fd00:65::/32 nat");
        Assert.Equal(translated, SourceAt(outside.Namespace, there, a.Namespace));
    }

    private static async Task<(Workload A, Workload B)> TwoAsync(TestHost host, string pools)
    {
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        await host.ApplyAsync();
        await ApplyAsync(host, pools);
        await host.WaitProgrammedAsync(a, b);
        return (a, b);
    }

    private static Task ApplyAsync(TestHost host, string pools) => host.PostViewAsync(host.View with
    {
        Pools = [.. pools.Split(", ").Select(p => p.Split(' ')).Select(words => new PoolView
        {
            Name = words[0], Cidr = words[0], NatOutgoing = words.Contains("nat"), DisableBgpExport = words.Contains("unannounced"), Disabled = words.Contains("disabled"),
        })],
    });

    /// <summary>Who seems to have sent a datagram, from a fresh port each time.</summary>
    private static InetAddress SourceAt(NetworkNamespace to, InetAddress address, NetworkNamespace from)
    {
        using Socket receiver = Listen(to, address, Port), sender = Traffic.Open(from, address, SocketType.Dgram);
        return InetAddress.From(((IPEndPoint)Exchange(sender, receiver, address, Port)).Address);
    }

    private static EndPoint Exchange(Socket sender, Socket receiver, InetAddress address, ushort port)
    {
        sender.SendTo([1], new IPEndPoint(address.ToIPAddress(), port));
        EndPoint seen = new IPEndPoint(address.IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        receiver.ReceiveTimeout = 10_000;
        receiver.ReceiveFrom(new byte[1], ref seen);
        // Answered, so that connection tracking keeps it.
        receiver.SendTo([2], seen);
        sender.ReceiveTimeout = 10_000;
        sender.Receive(new byte[1]);
        return seen;
    }

    private static Socket Listen(NetworkNamespace space, InetAddress address, ushort port)
    {
        Socket socket = Traffic.Open(space, address, SocketType.Dgram);
        socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
        return socket;
    }
}
