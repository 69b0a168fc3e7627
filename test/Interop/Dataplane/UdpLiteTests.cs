using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Dataplane;

/// <summary>
/// UDP-Lite (RFC 3828) as the kernel's own sockets send it. Connection tracking verifies its checksum with UDP's protocol number in the pseudo header (nf_conntrack_proto_udp.c, 6.18), finds
/// it wrong, and calls the packet invalid; where it verifies none, UDP-Lite is tracked and policed like any other protocol.
/// </summary>
public sealed class UdpLiteTests
{
    private const ushort Port = 7;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task IsPoliced_WhereChecksumsAreNotVerified_AndInvalidElsewhere(bool verified)
    {
        await using TestHost host = new();
        await host.StartEmptyAsync();
        Workload a = await host.AddWorkloadAsync("a"), b = await host.AddWorkloadAsync("b");
        RuleView open = Rules.Allow with { Protocol = Protocol.UdpLite };
        await host.ApplyAsync(Rules.Ingress("in", open), Rules.Egress("out", open));
        await host.WaitProgrammedAsync(a, b);
        host.Namespace.WriteSysctl("net/netfilter/nf_conntrack_checksum", verified ? "1" : "0").ThrowIfFailed();
        Assert.Equal(!verified, Arrives(a, b));
        string forward = host.Nft("list", "table", "inet", "margay");
        Assert.Equal(verified, System.Text.RegularExpressions.Regex.IsMatch(forward, "counter packets [1-9].*invalid for connection tracking"));

        // Without the rule it is denied like anything else.
        await host.ApplyAsync(Rules.Ingress("in", Rules.Allow with { Protocol = Protocol.Udp }), Rules.Egress("out", open));
        Assert.False(Arrives(a, b));
    }

    private static bool Arrives(Workload from, Workload to)
    {
        using Socket receiver = Lite(to.Namespace), sender = Lite(from.Namespace);
        receiver.Bind(new IPEndPoint(to.V4.ToIPAddress(), Port));
        sender.SendTo([1], new IPEndPoint(to.V4.ToIPAddress(), Port));
        return receiver.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectRead);
    }

    private static Socket Lite(NetworkNamespace space) => space.Run(() =>
    {
        const int inet = 2, datagram = 2, closeOnExec = 0x80000;
        int descriptor = NativeMethods.socket(inet, datagram | closeOnExec, Protocol.UdpLite);
        if (descriptor < 0) throw new SocketException(Marshal.GetLastPInvokeError());
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    });
}
