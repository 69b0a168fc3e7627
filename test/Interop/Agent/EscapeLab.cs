using System.Globalization;
using System.Text.RegularExpressions;
using Margay.Core.Net;
using Margay.Interop.Dataplane;
using Margay.Interop.Netlink;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>
/// A <see cref="NetworkLab"/> with an attacker, a workload of red on the first host, and a witness in every namespace where nothing of it may ever be seen but what is meant for it. Red and green
/// have equal addresses, and both a way out. Up once for all tests of a class.
/// </summary>
public sealed partial class EscapeLab : IAsyncLifetime
{
    internal const string World4 = "198.51.100.1", World6 = "2001:db8:100::1";

    private readonly List<Witness> _witnesses = [];
    private readonly List<NetworkNamespace> _opened = [];
    private FrameSender? _sender;
    private int _mark = Environment.ProcessId % 1000 * 100;

    internal NetworkLab Lab { get; private set; } = null!;
    internal Tenant Attacker { get; private set; } = null!;
    internal Tenant Beside { get; private set; } = null!;
    internal Tenant Friend { get; private set; } = null!;
    internal Tenant Green1 { get; private set; } = null!;
    internal Tenant Green2 { get; private set; } = null!;
    internal Tenant Default1 { get; private set; } = null!;
    internal MacAddress Mac { get; private set; }

    /// <summary>The network of the attacker, on its host.</summary>
    internal string RedSpace => Lab.SpaceOf("n1", "red.net");

    internal string GreenSpace => Lab.SpaceOf("n1", "green.net");

    internal string Host1 => Lab.Cluster.NameOf("n1");

    public async ValueTask InitializeAsync()
    {
        Lab = await NetworkLab.StartAsync();
        try
        {
            Cluster cluster = Lab.Cluster;
            await cluster.PutAsync("POST", "ippools", """{"metadata":{"name":"p"},"spec":{"cidr":"10.65.0.0/24","blockSize":28,"ipipMode":"Never","vxlanMode":"Never"}}""");
            cluster.Ip("hub", $"address add {World4}/32 dev lo");
            cluster.Ip("hub", "-6 address add 2001:db8::fe/64 dev br0 nodad");
            cluster.Ip("hub", $"-6 address add {World6}/128 dev lo");
            foreach (int n in (int[])[1, 2])
            {
                cluster.Ip($"n{n}", $"-6 address add 2001:db8::{n}/64 dev up0 nodad");
                cluster.Ip($"n{n}", "-6 route add default via 2001:db8::fe");
            }
            foreach (string tenant in (string[])["red", "green"]) await Lab.PatchNetworkAsync(tenant, """{"egress":{"mode":"Snat"}}""");
            Attacker = await Lab.AttachAsync("n1", "r1", "red");
            Beside = await Lab.AttachAsync("n1", "r3", "red");
            Friend = await Lab.AttachAsync("n2", "r2", "red");
            Green1 = await Lab.AttachAsync("n1", "g1", "green");
            Green2 = await Lab.AttachAsync("n2", "g2", "green");
            Default1 = await Lab.AttachAsync("n1", "d1", "default");
            foreach (string address in Friend.Addresses.Concat([World4, World6])) await Lab.CanPingAsync(Attacker, address);
            foreach (string address in Green2.Addresses.Concat([World4, World6])) await Lab.CanPingAsync(Green1, address);

            string inside = Lab.SpaceOf(Attacker);
            // It says nothing of its own that could be taken for what a test sends.
            Tool.Run("ip", "-n", inside, "link", "set", "eth0", "addrgenmode", "none");
            Mac = MacAddress.Parse(Tool.Run("ip", "netns", "exec", inside, "cat", "/sys/class/net/eth0/address").Trim());
            _sender = new FrameSender(Open(inside), int.Parse(Tool.Run("ip", "netns", "exec", inside, "cat", "/sys/class/net/eth0/ifindex"), CultureInfo.InvariantCulture));
            foreach ((string name, string space) in ((string, string)[])
                [
                    ("the friend", Lab.SpaceOf(Friend)), ("its neighbour", Lab.SpaceOf(Beside)), ("green on n1", Lab.SpaceOf(Green1)), ("green on n2", Lab.SpaceOf(Green2)), ("a workload of the default network", Lab.SpaceOf(Default1)),
                    ("host n1", Host1), ("host n2", cluster.NameOf("n2")), ("the world", cluster.NameOf("hub")),
                    ("network green on n1", GreenSpace), ("network green on n2", Lab.SpaceOf("n2", "green.net")),
                ]) _witnesses.Add(new Witness(name, Open(space)));
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    internal int NextMark() => Interlocked.Increment(ref _mark);

    /// <summary>Sends a packet past the attacker's own IP stack.</summary>
    internal void Send(byte[] packet) => SendFrame(Frame.Of(Mac, packet));

    internal void SendFrame(byte[] frame) => _sender!.Send(frame);

    /// <summary>Names of those who have seen a mark.</summary>
    internal IReadOnlyList<string> Saw(int mark) => [.. _witnesses.Where(w => w.Saw(mark)).Select(w => w.Name)];

    /// <summary>Waits until something that the attacker may send has come to its friend: what it sent before has been looked at.</summary>
    internal async Task IsThroughAsync()
    {
        int mark = NextMark();
        await Eventually.Async(() =>
        {
            Send(MarkedPacket.Datagram(Attacker.V4, Friend.V4, 9, mark));
            return Task.FromResult(_witnesses[0].Saw(mark));
        }, NetworkLab.Patience);
    }

    /// <summary>Packets that rules with this comment have dropped in a namespace.</summary>
    internal static long Dropped(string space, string comment) =>
        Tool.Run("ip", "netns", "exec", space, "nft", "list", "ruleset").Split('\n').Where(l => l.Contains($"drop comment \"{comment} ", StringComparison.Ordinal))
            .Sum(l => long.Parse(CounterOf().Match(l).Groups[1].ValueSpan, CultureInfo.InvariantCulture));

    /// <summary>An address of a network's transit pair on the first host.</summary>
    internal string Transit(string network, bool v6) =>
        Tool.Run("ip", "-n", Lab.SpaceOf("n1", network), "-o", v6 ? "-6" : "-4", "address", "show", "dev", "leg", "scope", "global").Split("inet")[1].Split(' ')[1].Split('/')[0];

    internal NetworkNamespace Open(string space)
    {
        NetworkNamespace opened = NetworkNamespace.OpenNamed(space);
        _opened.Add(opened);
        return opened;
    }

    [GeneratedRegex(@"counter packets (\d+)")]
    private static partial Regex CounterOf();

    public async ValueTask DisposeAsync()
    {
        foreach (Witness witness in _witnesses) await witness.DisposeAsync();
        _sender?.Dispose();
        foreach (NetworkNamespace opened in _opened) opened.Dispose();
        if (Lab is not null) await Lab.DisposeAsync();
    }
}
