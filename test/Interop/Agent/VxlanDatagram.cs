using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Margay.Core.Net;
using Margay.Dataplane.Networks;
using Margay.Netlink.Namespaces;

namespace Margay.Interop.Agent;

/// <summary>What anybody with a UDP socket can send to a tunnel end: a VXLAN header (RFC 7348 §5), and in it a frame that brings a UDP datagram to a workload.</summary>
internal static class VxlanDatagram
{
    internal const int InnerPort = 9999;
    private const int Port = 4789, Vxlan = 8, Ethernet = 14, Ip = 20, Udp = 8;

    /// <param name="to">The host whose tunnel end it goes to.</param>
    /// <param name="outerSource">An address of the sender, or one that it only claims.</param>
    internal static void Send(NetworkNamespace from, string to, uint vni, string source, string destination, string text, string? outerSource = null)
    {
        using Socket socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        if (outerSource is not null) socket.Bind(new IPEndPoint(IPAddress.Parse(outerSource), 0));
        try
        {
            socket.SendTo(Of(vni, TunnelEnd.Of(InetAddress.Parse(to), 1500).RouterMac, source, destination, text), new IPEndPoint(IPAddress.Parse(to), Port));
        }
        catch (SocketException)
        {
            // An ICMP error for one before it, or no way there: it does not arrive, which is what is asked.
        }
    }

    private static byte[] Of(uint vni, MacAddress target, string source, string destination, string text)
    {
        byte[] payload = Encoding.ASCII.GetBytes(text);
        byte[] bytes = new byte[Vxlan + Ethernet + Ip + Udp + payload.Length];
        bytes[0] = 0x08;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), vni << 8);

        Span<byte> frame = bytes.AsSpan(Vxlan);
        for (int i = 0; i < 6; i++) frame[i] = (byte)(target.Value >> 8 * (5 - i));
        frame[6] = 0x02;
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x0800);

        Span<byte> ip = frame[Ethernet..];
        (ip[0], ip[8], ip[9]) = (0x45, 64, (byte)ProtocolType.Udp);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        IPAddress.Parse(source).GetAddressBytes().CopyTo(ip[12..]);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(ip[16..]);
        int sum = 0;
        for (int i = 0; i < Ip; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~((sum & 0xffff) + (sum >> 16)));

        Span<byte> udp = ip[Ip..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, InnerPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], InnerPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        payload.CopyTo(udp[Udp..]);
        return bytes;
    }
}
