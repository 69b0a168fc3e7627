using System.Net;
using System.Net.Sockets;
using Margay.Core.Net;
using Margay.Netlink.Conntrack;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Interop.Netlink;

public class ConntrackTests
{
    /// <summary>Loopback traffic inside, tracked because a rule asks for its state: UDP from ports 40001 and 40002 to 5000 over IPv4, 40003 over IPv6.</summary>
    private static void AddFlows(Sandbox s)
    {
        s.Ip("link set lo up");
        s.NftScript("table inet t { chain c { type filter hook output priority -200; ct state new ct mark set 0x7\n }\n }");
        s.Namespace.Run(() =>
        {
            foreach (ushort port in new ushort[] { 40001, 40002 }) Send(IPAddress.Loopback, port);
            Send(IPAddress.IPv6Loopback, 40003);
        });
    }

    private static void Send(IPAddress address, ushort from)
    {
        using Socket receiver = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        receiver.Bind(new IPEndPoint(address, 5000));
        using Socket sender = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        sender.Bind(new IPEndPoint(address, from));
        sender.SendTo([1], new IPEndPoint(address, 5000));
    }

    [Fact]
    public void List_AgreesWithTheTool()
    {
        using Sandbox s = new();
        AddFlows(s);
        ConntrackFlow flow = Assert.Single(s.Conntrack.ListFlows(new ConntrackFilter { SourcePort = 40001 }).Value);
        InetAddress loopback = InetAddress.Parse("127.0.0.1");
        Assert.Equal(new ConntrackTuple(loopback, loopback, 17, 40001, 5000), flow.Original);
        Assert.Equal(new ConntrackTuple(loopback, loopback, 17, 5000, 40001), flow.Reply);
        Assert.Equal(7u, flow.Mark);
        string shown = Tool.Run("ip", "netns", "exec", s.Name, "conntrack", "-L", "-f", "ipv4");
        Assert.Contains("sport=40001 dport=5000", shown, StringComparison.Ordinal);
        Assert.Equal(shown.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, s.Conntrack.ListFlows(new ConntrackFilter { IPv6 = false }).Value.Count);
    }

    [Fact]
    public void Count_IsThatOfTheList()
    {
        using Sandbox s = new();
        Assert.Equal(0, s.Conntrack.CountFlows().Value);
        AddFlows(s);
        Assert.Equal(s.Conntrack.ListFlows().Value.Count, s.Conntrack.CountFlows().Value);
    }

    [Fact]
    public void Delete_TakesWhatTheFilterNames()
    {
        using Sandbox s = new();
        AddFlows(s);
        Assert.Equal(1, s.Conntrack.DeleteFlows(new ConntrackFilter { SourcePort = 40001, Protocol = 17 }).Value);
        Assert.Equal([40002, 40003], s.Conntrack.ListFlows(new ConntrackFilter { Protocol = 17 }).Value.Select(f => (int)f.Original.SourcePort).Order());
        Assert.Equal(0, s.Conntrack.DeleteFlows(new ConntrackFilter { Mark = 8 }).Value);
        Assert.Equal(0, s.Conntrack.DeleteFlows(new ConntrackFilter { Zone = 3 }).Value);
        Assert.Equal(1, s.Conntrack.DeleteFlows(new ConntrackFilter { AnyEnd = IpPrefix.Parse("127.0.0.0/8") }).Value);
        Assert.Equal(1, s.Conntrack.DeleteFlows(new ConntrackFilter { Mark = 7 }).Value);
        Assert.DoesNotContain("sport", Tool.Run("ip", "netns", "exec", s.Name, "conntrack", "-L"), StringComparison.Ordinal);
    }

    [Fact]
    public void Zone_IsReadAndDeletedIn()
    {
        using Sandbox s = new();
        s.Ip("link set lo up");
        NftTable table = new(NftFamily.Inet, "t");
        NftChain raw = new(table, "raw") { Hook = new NftHook(NftHookPoint.Output, -300) };
        NftChain track = new(table, "track") { Hook = new NftHook(NftHookPoint.Output, 0) };
        using NfTablesBatch batch = new();
        batch.Add(table);
        batch.Add(raw);
        batch.Add(track);
        batch.Add(new NftRule(raw, NftImmediate.Load(NftValue.Native((ushort)9)), NftCt.Set(NftCtKey.Zone)));
        batch.Add(new NftRule(track, [.. NftMatch.CtState(NftCtState.New), new NftCounter()]));
        s.Nft.Commit(batch).ThrowIfFailed();
        s.Namespace.Run(() => Send(IPAddress.Loopback, 40001));
        Assert.Contains(s.Conntrack.ListFlows().Value, f => f.Zone == 9);
        Assert.Equal(1, s.Conntrack.DeleteFlows(new ConntrackFilter { Zone = 9 }).Value);
    }
}
