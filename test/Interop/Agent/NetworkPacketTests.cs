using System.Buffers.Binary;
using Margay.Core.Net;
using Margay.Interop.Dataplane;
using Margay.Interop.Netlink;

namespace Margay.Interop.Agent;

/// <summary>
/// A workload that makes its packets itself and tries to get out of its network, or into another's, by them. Each attempt is seen nowhere, and the rule that stopped it has counted it.
/// </summary>
public sealed class NetworkPacketTests(EscapeLab escape) : IClassFixture<EscapeLab>
{
    private const int Copies = 3;
    private const string Spoofed = "spoofed source", Vxlan = "VXLAN";

    // In red's namespace: before anything routes them. The kernel itself drops a source of ::1.
    public static TheoryData<string, string, string> Sources => new()
    {
        { "another workload's of the network", "beside", "friend" },
        { "the gateway's", "169.254.1.1", "friend" },
        { "the gateway's, to the world", "169.254.1.1", EscapeLab.World4 },
        { "the host's own", "192.0.2.1", "friend" },
        { "the host's own, to the world", "192.0.2.1", EscapeLab.World4 },
        { "the host's own, to another host", "192.0.2.1", "192.0.2.2" },
        { "another host's", "192.0.2.2", "192.0.2.1" },
        { "the network's transit address", "red's transit", EscapeLab.World4 },
        { "another network's transit address", "green's transit", EscapeLab.World4 },
        { "another network's transit address, to it", "green's transit", "green's transit" },
        { "a workload's of the default network", "default", EscapeLab.World4 },
        { "a service's", "169.254.169.254", "friend" },
        { "the loopback's", "127.0.0.1", "friend" },
        { "everybody's", "255.255.255.255", "friend" },
        { "another workload's (IPv6)", "beside6", "friend6" },
        { "the host's own (IPv6)", "2001:db8::1", EscapeLab.World6 },
        { "the network's transit address (IPv6)", "red's transit6", EscapeLab.World6 },
        { "another network's transit address (IPv6)", "green's transit6", "green's transit6" },
        { "the other end of every leg", "fe80::6d6c:6567", EscapeLab.World6 },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public Task AForgedSource_IsDropped_WhereItComesIn(string whose, string source, string destination)
    {
        Assert.NotEmpty(whose);
        return IsStoppedAsync(escape.RedSpace, Spoofed, mark => [MarkedPacket.Datagram(Address(source), Address(destination), 9, mark)]);
    }

    // Under its own address. A network reaches what is outside of it by its leg; what the host itself has, and what belongs to other networks, is not.
    public static TheoryData<string, string, ushort, string, string> Destinations => new()
    {
        { "VXLAN to another host", "192.0.2.2", 4789, "red", Vxlan },
        { "VXLAN to its own host", "192.0.2.1", 4789, "red", Vxlan },
        { "VXLAN to a workload of its network", "friend", 4789, "red", Vxlan },
        { "VXLAN to the gateway", "169.254.1.1", 4789, "red", Vxlan },
        { "VXLAN to the network's transit address", "red's transit", 4789, "red", Vxlan },
        { "VXLAN to another host (IPv6)", "2001:db8::2", 4789, "red", Vxlan },
        { "the host", "192.0.2.1", 9, "host", "a network to the host" },
        { "the host (IPv6)", "2001:db8::1", 9, "host", "a network to the host" },
        { "another network's transit address", "green's transit", 9, "host", "link-local" },
        { "another network's transit address (IPv6)", "green's transit6", 9, "host", "into a network" },
        { "a service that nobody named", "169.254.169.254", 80, "host", "link-local" },
        { "a link-local address", "169.254.7.7", 9, "host", "link-local" },
        { "a DHCP server, by broadcast", "255.255.255.255", 67, "red", "workload to host" },
        { "the gateway", "169.254.1.1", 9, "red", "workload to host" },
    };

    [Theory]
    [MemberData(nameof(Destinations))]
    public Task WhatIsNotItsOwn_IsNotReached(string what, string destination, ushort port, string where, string rule)
    {
        Assert.NotEmpty(what);
        byte[] before = port == 4789 ? VxlanBytes() : [];
        return IsStoppedAsync(where == "host" ? escape.Host1 : escape.RedSpace, rule, mark => [MarkedPacket.Datagram(Address(destination).Contains(':', StringComparison.Ordinal) ? escape.Attacker.V6 : escape.Attacker.V4, Address(destination), port, mark, before)],
            // By the leg to the host's namespace, where it is stopped.
            where == "host" ? ["host n1"] : []);
    }

    // Nothing counts these: the kernel drops them for want of a way, or of somebody who listens.
    [Theory]
    [InlineData("an address of the network that nobody has", "10.0.0.77")]
    [InlineData("the same (IPv6)", "fd00::7777")]
    [InlineData("the host's loopback", "127.0.0.1")]
    [InlineData("everybody's names", "224.0.0.251")]
    [InlineData("all DHCPv6 servers", "ff02::1:2")]
    [InlineData("everybody's names (IPv6)", "ff02::fb")]
    [InlineData("all sites' routers", "ff05::2")]
    public async Task WhatNobodyHas_GoesNowhere(string what, string destination)
    {
        Assert.NotEmpty(what);
        int mark = escape.NextMark();
        for (int i = 0; i < Copies; i++) escape.Send(MarkedPacket.Datagram(destination.Contains(':', StringComparison.Ordinal) ? escape.Attacker.V6 : escape.Attacker.V4, destination, 547, mark));
        await escape.IsThroughAsync();
        Assert.Empty(escape.Saw(mark));
    }

    /// <summary>They are put together before anything looks at them.</summary>
    [Theory]
    [InlineData("192.0.2.2", 8)]
    [InlineData("192.0.2.2", 16)]
    [InlineData("friend", 8)]
    [InlineData("2001:db8::2", 8)]
    [InlineData("friend6", 16)]
    public Task AFragmentedTunnel_IsSeenAsWhole(string destination, int first) => IsStoppedAsync(escape.RedSpace, Vxlan, mark =>
    {
        byte[] whole = MarkedPacket.Datagram(Address(destination).Contains(':', StringComparison.Ordinal) ? escape.Attacker.V6 : escape.Attacker.V4, Address(destination), 4789, mark, VxlanBytes());
        int length = whole.Length - (whole[0] >> 4 == 6 ? 40 : 20);
        return [MarkedPacket.FragmentOf(whole, (ushort)mark, 0, first, more: true), MarkedPacket.FragmentOf(whole, (ushort)mark, first, length - first, more: false)];
    }, copies: 1);

    /// <summary>The second says that the port is another than the first said (RFC 1858 §4, RFC 5722): the kernel keeps neither.</summary>
    [Theory]
    [InlineData("friend")]
    [InlineData("friend6")]
    [InlineData(EscapeLab.World4)]
    [InlineData(EscapeLab.World6)]
    public async Task OverlappingFragments_AreNoPacket(string destination)
    {
        int mark = escape.NextMark();
        string source = Address(destination).Contains(':', StringComparison.Ordinal) ? escape.Attacker.V6 : escape.Attacker.V4;
        byte[] innocent = MarkedPacket.Datagram(source, Address(destination), 53, mark), other = MarkedPacket.Datagram(source, Address(destination), 4789, mark);
        int length = innocent.Length - (innocent[0] >> 4 == 6 ? 40 : 20);
        escape.Send(MarkedPacket.FragmentOf(innocent, (ushort)mark, 0, 16, more: true));
        escape.Send(MarkedPacket.FragmentOf(other, (ushort)mark, 0, 24, more: true));
        escape.Send(MarkedPacket.FragmentOf(innocent, (ushort)mark, 16, length - 16, more: false));
        await escape.IsThroughAsync();
        Assert.Empty(escape.Saw(mark));
    }

    /// <summary>IP in IP: to a host that would unwrap it.</summary>
    [Theory]
    [InlineData("192.0.2.2")]
    [InlineData("friend")]
    public Task IpInIp_IsDropped(string destination) => IsStoppedAsync(escape.RedSpace, "IP in IP",
        mark => [MarkedPacket.Ip(InetAddress.Parse(escape.Attacker.V4), InetAddress.Parse(Address(destination)), 4, MarkedPacket.Datagram(escape.Green2.V4, escape.Green1.V4, 9, mark))]);

    /// <summary>A workload is no router, for nobody.</summary>
    [Theory]
    [InlineData("router advertisement", 134, "own link", "ff02::1")]
    [InlineData("router advertisement", 134, "fe80::ecee:eeff:feee:eeee", "ff02::1")]
    [InlineData("router advertisement", 134, "own link", "friend6")]
    [InlineData("redirect", 137, "fe80::ecee:eeff:feee:eeee", "friend6")]
    [InlineData("redirect", 137, "fe80::ecee:eeff:feee:eeee", "fe80::ecee:eeff:feee:eeee")]
    [InlineData("advertises another's address", 136, "own link", "ff02::1")]
    public async Task ARoutersMessages_AreDropped(string rule, byte type, string source, string destination)
    {
        long before = EscapeLab.Dropped(escape.RedSpace, rule);
        string[] states = [.. Bystanders.Select(HostState.Of)];
        InetAddress from = source == "own link" ? escape.Mac.ToLinkLocal() : InetAddress.Parse(source);
        for (int i = 0; i < Copies; i++) escape.SendFrame(Frame.Discovery(escape.Mac, type, from, InetAddress.Parse(Address(destination)), InetAddress.Parse(escape.Beside.V6)));
        await IsCountedAsync(escape.RedSpace, rule, before + Copies);
        Assert.Equal(states, Bystanders.Select(HostState.Of));
    }

    private string[] Bystanders => [escape.RedSpace, escape.GreenSpace, escape.Host1];

    private async Task IsStoppedAsync(string space, string rule, Func<int, IEnumerable<byte[]>> packets, string[]? seenBy = null, int copies = Copies)
    {
        int mark = escape.NextMark();
        long before = EscapeLab.Dropped(space, rule);
        for (int i = 0; i < copies; i++)
            foreach (byte[] packet in packets(mark)) escape.Send(packet);
        await IsCountedAsync(space, rule, before + copies);
        await escape.IsThroughAsync();
        Assert.Equal(seenBy ?? [], escape.Saw(mark));
    }

    private static async Task IsCountedAsync(string space, string rule, long expected)
    {
        if (!await Eventually.WithinAsync(() => Task.FromResult(EscapeLab.Dropped(space, rule) >= expected), TimeSpan.FromSeconds(10)))
            Assert.Fail($"'{rule}' has counted {EscapeLab.Dropped(space, rule)} and not {expected}\n{Tool.Run("ip", "netns", "exec", space, "nft", "list", "ruleset")}");
    }

    /// <summary>The header of green's VNI and a frame's beginning (RFC 7348 §5).</summary>
    private byte[] VxlanBytes()
    {
        byte[] header = new byte[8 + 14];
        header[0] = 0x08;
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), escape.Lab.VniAsync("n1", "green.net").GetAwaiter().GetResult() << 8);
        header[20] = 0x08;
        return header;
    }

    private string Address(string name) => name switch
    {
        "friend" => escape.Friend.V4, "friend6" => escape.Friend.V6, "beside" => escape.Beside.V4, "beside6" => escape.Beside.V6, "default" => escape.Default1.V4,
        "red's transit" => escape.Transit("red.net", false), "red's transit6" => escape.Transit("red.net", true),
        "green's transit" => escape.Transit("green.net", false), "green's transit6" => escape.Transit("green.net", true),
        _ => name,
    };
}
