using System.Net;
using System.Net.Sockets;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>Services of the host inside every network, at addresses of their own; and nothing else of the host.</summary>
public sealed class NetworkServiceTests
{
    private const string Metadata = "169.254.169.254", Metadata6 = "fd00:ec2::254", Names = "169.254.169.253";
    private const int Port = 8093;

    [Fact]
    public async Task EveryNetwork_ReachesTheHostsServices_AndNothingElseOfIt()
    {
        await using NetworkLab lab = await NetworkLab.StartAsync(policy: true,
            "--network-service", $"{Metadata}:80=127.0.0.1:{Port}", "--network-service", $"[{Metadata6}]:80=[2001:db8::1]:{Port}", "--network-service", $"{Names}:53/udp=192.0.2.254:5353");
        lab.Cluster.Ip("n1", "-6 address add 2001:db8::1/64 dev up0 nodad");
        NetworkNamespace host = lab.Cluster.Namespace("n1"), hub = lab.Cluster.Namespace("hub");
        await using Mirror service = new(host, Port), other = new(host, Port + 1), elsewhere = new(hub, Port + 2);
        Tenant red1 = await lab.AttachAsync("n1", "r1", "red"), green1 = await lab.AttachAsync("n1", "g1", "green");
        Assert.Equal(red1.Addresses, green1.Addresses);
        using NetworkNamespace red = lab.Inside(red1), green = lab.Inside(green1);
        foreach (string address in (string[])[Metadata, Metadata6])
        {
            await Eventually.Async(async () => await Mirror.AskAsync(red, address, 80) is not null && await Mirror.AskAsync(green, address, 80) is not null, NetworkLab.Patience);
            string?[] seen = await Task.WhenAll(Mirror.AskAsync(red, address, 80, 40000), Mirror.AskAsync(green, address, 80, 40000));
            // The service can tell the networks apart, and the operator what each is.
            Assert.All(seen, Assert.NotNull);
            Assert.NotEqual(seen[0], seen[1]);
            Assert.Contains($"{seen[0]}/", Tool.Run("ip", "-n", lab.SpaceOf("n1", "red.net"), "-o", "address", "show", "dev", "leg"), StringComparison.Ordinal);
        }
        // A datagram to a server that the host reaches.
        using Socket server = hub.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)), client = red.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        server.Bind(new IPEndPoint(IPAddress.Any, 5353));
        client.SendTo("name?"u8.ToArray(), new IPEndPoint(IPAddress.Parse(Names), 53));
        Assert.True(server.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectRead));
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        byte[] buffer = new byte[64];
        server.SendTo(buffer.AsSpan(0, server.ReceiveFrom(buffer, ref from)), from);
        Assert.True(client.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectRead));
        Assert.Equal("192.0.2.1", ((IPEndPoint)from).Address.ToString());

        await NothingElseAsync();
        // Nor with a way out: there may be a provider's own metadata beyond the host.
        lab.Cluster.Ip("hub", $"address add {Metadata}/32 dev lo");
        lab.Cluster.Ip("hub", "address add 198.51.100.1/32 dev lo");
        await lab.PatchNetworkAsync("red", """{"egress":{"mode":"Snat"}}""");
        await Eventually.Async(async () => await Mirror.AskAsync(red, "198.51.100.1", Port + 2) is not null, NetworkLab.Patience);
        await NothingElseAsync();
        Assert.NotNull(await Mirror.AskAsync(red, Metadata, 80));

        async Task NothingElseAsync()
        {
            foreach ((string address, int port) in ((string, int)[])[(Metadata, Port), (Metadata, Port + 2), (Metadata6, Port), ("169.254.1.1", Port), ("192.0.2.1", Port), ("192.0.2.1", Port + 1), ("2001:db8::1", Port)])
                Assert.True(await Mirror.AskAsync(red, address, port) is null, $"{address} port {port} answers");
        }
    }
}
