using System.Buffers.Binary;
using Margay.Core.Net;
using Margay.Policy;

namespace Margay.Interop.Dataplane;

/// <summary>Ethernet frames of a workload to its host, with right checksums: what is dropped is dropped for what it says.</summary>
internal static class Frame
{
    private const ushort EtherV4 = 0x0800, EtherArp = 0x0806, EtherV6 = 0x86dd;
    private const int V6Header = 40, HopLimitAt = 7, ChecksumAt = 2;

    /// <summary>An IP packet of one of the known protocols.</summary>
    internal static byte[] Ip(MacAddress sender, Packet packet)
    {
        byte[] bytes = RawPacket.Build(packet, 1);
        if (packet.Source.IsIPv4) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), RawPacket.Fold(RawPacket.Sum(bytes.AsSpan(0, 20))));
        return Of(sender, packet.Source.IsIPv4 ? EtherV4 : EtherV6, bytes);
    }

    /// <summary>Neighbour discovery (RFC 4861 §4): a message with a target, and the sender's link-layer address as its option.</summary>
    /// <param name="hopByHop">An extension header before it (RFC 8200 §4.3).</param>
    internal static byte[] Discovery(MacAddress sender, byte type, InetAddress source, InetAddress destination, InetAddress target, byte hopLimit = 255, bool hopByHop = false)
    {
        const byte icmpV6 = 58, padN = 1, sourceOption = 1, targetOption = 2, solicitation = 135, advertisement = 136, overridesAndSolicited = 0x60;
        byte[] message = new byte[32];
        message[0] = type;
        if (type == advertisement) message[4] = overridesAndSolicited;
        target.ToBytes().CopyTo(message, 8);
        (message[24], message[25]) = (type == solicitation ? sourceOption : targetOption, 1);
        Bytes(sender).CopyTo(message, 26);
        uint sum = RawPacket.Sum(source.ToBytes()) + RawPacket.Sum(destination.ToBytes()) + (uint)message.Length + icmpV6;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(ChecksumAt), RawPacket.Fold(sum + RawPacket.Sum(message)));
        byte[] extension = hopByHop ? [icmpV6, 0, padN, 4, 0, 0, 0, 0] : [];
        byte[] header = new byte[V6Header];
        (header[0], header[6], header[HopLimitAt]) = (0x60, hopByHop ? (byte)0 : icmpV6, hopLimit);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(extension.Length + message.Length));
        source.ToBytes().CopyTo(header, 8);
        destination.ToBytes().CopyTo(header, 24);
        return Of(sender, EtherV6, [.. header, .. extension, .. message]);
    }

    /// <summary>ARP over Ethernet (RFC 826).</summary>
    internal static byte[] Arp(MacAddress sender, ushort operation, InetAddress from, InetAddress about) => Of(sender, EtherArp,
        [0, 1, 8, 0, 6, 4, (byte)(operation >> 8), (byte)operation, .. Bytes(sender), .. from.ToBytes(), .. Bytes(MacAddress.Gateway), .. about.ToBytes()]);

    /// <summary>The two fragments of an IPv4 packet: the first carries eight bytes of what follows the header, the least there can be (RFC 791 §3.2).</summary>
    internal static (byte[] First, byte[] Second) Fragments(byte[] frame)
    {
        const int ethernet = 14, header = 20, payload = 8, totalAt = ethernet + 2, idAt = ethernet + 4, flagsAt = ethernet + 6, checksumAt = ethernet + 10;
        byte[] first = frame[..(ethernet + header + payload)], second = [.. frame[..(ethernet + header)], .. frame[(ethernet + header + payload)..]];
        foreach ((byte[] fragment, ushort flags) in ((byte[], ushort)[])[(first, 0x2000), (second, payload / 8)])
        {
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(totalAt), (ushort)(fragment.Length - ethernet));
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(idAt), 77);
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(flagsAt), flags);
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(checksumAt), 0);
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(checksumAt), RawPacket.Fold(RawPacket.Sum(fragment.AsSpan(ethernet, header))));
        }
        return (first, second);
    }

    /// <summary>Any packet, to the gateway.</summary>
    internal static byte[] Of(MacAddress sender, byte[] packet) => Of(sender, packet[0] >> 4 == 6 ? EtherV6 : EtherV4, packet);

    private static byte[] Of(MacAddress sender, ushort type, byte[] payload) => [.. Bytes(MacAddress.Gateway), .. Bytes(sender), (byte)(type >> 8), (byte)type, .. payload];

    private static byte[] Bytes(MacAddress address)
    {
        byte[] bytes = new byte[6];
        address.WriteBytes(bytes);
        return bytes;
    }
}
