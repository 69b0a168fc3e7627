using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Margay.Netlink.Conntrack;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using Margay.Policy;

namespace Margay.Interop.Dataplane;

// The world of test/PolicyCases as namespaces:
//
//   web db shop plain ── mgweb … ── host ── eth0 ──── eth0 outside      which is every address beyond: 192.0.2.50, 198.51.100.9, …
//
// Packets are made as bytes and sent from where they should come from; raw sockets see those that arrive, after the receiver's own rules. Each bears a number.

/// <summary>Sends any packet between the places of one node and says whether it arrived.</summary>
internal sealed class PacketWorld : IAsyncDisposable
{
    internal const string Outside = "outside", HostName = "host";

    private const uint Magic = 0x4d67_0000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Grace = TimeSpan.FromMilliseconds(10);

    private readonly Dictionary<string, NetworkNamespace> _spaces = [];
    private readonly Dictionary<(string Place, bool V6), Socket> _senders = [];
    private readonly Dictionary<(string Place, bool V6, byte Protocol), Socket> _receivers = [];
    private readonly Dictionary<uint, (string To, bool Expected, string What)> _sent = [];
    private readonly HashSet<(string Place, uint Id)> _arrived = [];
    private readonly string _outsideName;
    private readonly ConntrackSocket _flows;
    private ushort _next;

    private PacketWorld(TestHost host)
    {
        Host = host;
        _outsideName = $"{host.Name}-outside";
        _spaces[HostName] = host.Namespace;
        _spaces[Outside] = NetworkNamespace.Create(_outsideName).Value;
        _flows = ConntrackSocket.OpenIn(host.Namespace);
    }

    internal TestHost Host { get; }
    internal NetworkNamespace SpaceOf(string place) => _spaces[place];

    internal static async Task<PacketWorld> StartAsync()
    {
        TestHost host = new();
        PacketWorld world = new(host);
        try
        {
            world.Link();
            await host.StartEmptyAsync();
            foreach ((string name, string @namespace) in ((string, string)[])[("web", "blue"), ("db", "blue"), ("shop", "green"), ("plain", "green")])
                world._spaces[name] = (await host.AddWorkloadAsync(name, @namespace: @namespace)).Namespace;
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    private void Link()
    {
        Host.Ip($"link add eth0 type veth peer name eth0 netns {_outsideName}");
        Host.Ip("addr add 192.0.2.1/32 dev eth0");
        Host.Ip("addr add 2001:db8::1/128 dev eth0 nodad");
        Host.Ip("link set eth0 addrgenmode none up");
        Host.Ip("addr add fe80::1/64 dev eth0 nodad");
        OutsideIp("link set lo up");
        OutsideIp("link set eth0 addrgenmode none up");
        OutsideIp("addr add 192.0.2.254/32 dev eth0");
        OutsideIp("addr add fe80::2/64 dev eth0 nodad");
        Host.Ip("route add default via 192.0.2.254 dev eth0 onlink");
        Host.Ip("-6 route add default via fe80::2 dev eth0");
        OutsideIp("route add default via 192.0.2.1 dev eth0 onlink");
        OutsideIp("-6 route add default via fe80::1 dev eth0");
        // Whatever comes in there is for there.
        foreach (string family in (string[])["-4", "-6"])
        {
            OutsideIp($"{family} rule add iif eth0 lookup 100");
            OutsideIp($"{family} route add local default dev lo table 100");
        }
    }

    internal void OutsideIp(string commandLine) => Netlink.Tool.Run("ip", ["-n", _outsideName, .. commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    /// <summary>A packet from one place to another; both sockets are made when first needed.</summary>
    internal void Send(string from, string to, Packet packet, bool expected, string what)
    {
        Listen(to, packet.Source.IsIPv6, packet.Protocol);
        uint id = Magic | ++_next;
        _sent[id] = (to, expected, what);
        try
        {
            Sender(from, packet.Source.IsIPv6).SendTo(RawPacket.Build(packet, id), new IPEndPoint(packet.Destination.ToIPAddress(), 0));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            // Dropped on its way out of the sender's own host, which the kernel tells.
        }
    }

    /// <summary>All that should arrive does, and nothing that should not, not even later. Returns what is wrong, a line each; starts over.</summary>
    internal async Task<string> CheckAsync()
    {
        await ReadUntilAsync(() => _sent.All(s => !s.Value.Expected || _arrived.Contains((s.Value.To, s.Key))));
        await Task.Delay(Grace, TimeProvider.System);
        Read();
        string wrong = string.Join('\n', _sent.Where(s => s.Value.Expected != _arrived.Contains((s.Value.To, s.Key))).Select(s => $"{(s.Value.Expected ? "did not arrive" : "arrived")}: {s.Value.What}"));
        _sent.Clear();
        _arrived.Clear();
        return wrong;
    }

    /// <summary>Every packet is the first of its connection again.</summary>
    internal void ForgetConnections()
    {
        if (_flows.ListFlows() is { Ok: true, Value: { Count: > 0 } flows }) _flows.DeleteFlows(flows);
    }

    private async Task ReadUntilAsync(Func<bool> all)
    {
        long begun = TimeProvider.System.GetTimestamp();
        for (Read(); !all() && TimeProvider.System.GetElapsedTime(begun) < Patience; Read()) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
    }

    private void Read()
    {
        byte[] buffer = new byte[2048];
        foreach (((string place, bool _, byte _), Socket socket) in _receivers)
        {
            while (socket.Poll(0, SelectMode.SelectRead))
            {
                int length = socket.Receive(buffer);
                if (length >= 4) _arrived.Add((place, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(length - 4))));
            }
        }
    }

    private void Listen(string place, bool v6, byte protocol)
    {
        if (_receivers.ContainsKey((place, v6, protocol))) return;
        _receivers[(place, v6, protocol)] = _spaces[place].Run(() => OpenRaw(v6, protocol));
    }

    /// <summary>The runtime refuses protocols that it has no name for; the kernel does not.</summary>
    private static Socket OpenRaw(bool v6, byte protocol)
    {
        const int inet = 2, inet6 = 10, raw = 3, closeOnExec = 0x80000;
        int descriptor = NativeMethods.socket(v6 ? inet6 : inet, raw | closeOnExec, protocol);
        if (descriptor < 0) throw new SocketException(Marshal.GetLastPInvokeError());
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) { ReceiveBufferSize = 1 << 20 };
    }

    private Socket Sender(string place, bool v6)
    {
        if (_senders.TryGetValue((place, v6), out Socket? socket)) return socket;
        return _senders[(place, v6)] = _spaces[place].Run(() => new Socket(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Socket socket in _senders.Values.Concat(_receivers.Values)) socket.Dispose();
        _flows.Dispose();
        await Host.DisposeAsync();
        NetworkNamespace.Delete(_outsideName);
        _spaces[Outside].Dispose();
    }
}
