using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Lab.Topologies;
using Margay.Lab.Workloads;

namespace Margay.Lab.Tests.Workloads;

public class ResponderTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task SaysItsName_OnTcpAndUdp(string address)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        (int tcp, int udp) = (FreePort(SocketType.Stream, ProtocolType.Tcp), FreePort(SocketType.Dgram, ProtocolType.Udp));
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task running = Responder.RunAsync("shop/web1", [new TransportPort(Transport.Tcp, tcp), new TransportPort(Transport.Udp, udp)], end.Token);
        IPAddress ip = IPAddress.Parse(address);
        byte[] buffer = new byte[64];

        using Socket stream = new(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await stream.ConnectAsync(ip, tcp, cancel);
        Assert.Equal("shop/web1\n", Encoding.UTF8.GetString(buffer, 0, await stream.ReceiveAsync(buffer, cancel)));

        using Socket datagram = new(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await datagram.ConnectAsync(ip, udp, cancel);
        await datagram.SendAsync("who"u8.ToArray(), cancel);
        Assert.Equal("shop/web1\n", Encoding.UTF8.GetString(buffer, 0, await datagram.ReceiveAsync(buffer, cancel)));

        await end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task TakenPort_IsAnError()
    {
        using Socket taken = new(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        taken.Listen();
        TransportPort port = new(Transport.Tcp, ((IPEndPoint)taken.LocalEndPoint!).Port);
        await Assert.ThrowsAsync<SocketException>(() => Responder.RunAsync("x", [port], TestContext.Current.CancellationToken));
    }

    private static int FreePort(SocketType type, ProtocolType protocol)
    {
        using Socket socket = new(type, protocol);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
