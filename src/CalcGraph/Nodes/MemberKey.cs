using System.Globalization;
using Margay.Core.Net;

namespace Margay.CalcGraph.Nodes;

/// <summary>A member of a set in 24 bytes: a prefix, or address, protocol and port.</summary>
internal readonly record struct MemberKey
{
    private readonly ulong _high, _low;
    private readonly ushort _port;
    private readonly byte _length, _protocol;
    private readonly bool _isIPv6;

    private MemberKey(ulong high, ulong low, byte length, bool isIPv6, byte protocol, ushort port) =>
        (_high, _low, _length, _isIPv6, _protocol, _port) = (high, low, length, isIPv6, protocol, port);

    public static MemberKey Of(IpPrefix prefix)
    {
        UInt128 bits = prefix.Address.Bits;
        return new MemberKey((ulong)(bits >> 64), (ulong)bits, (byte)prefix.Length, prefix.IsIPv6, 0, 0);
    }

    public MemberKey WithPort(byte protocol, ushort port) => new(_high, _low, _length, _isIPv6, protocol, port);

    /// <summary>The prefix without protocol and port: what address holders are found by.</summary>
    public MemberKey WithoutPort => new(_high, _low, _length, _isIPv6, 0, 0);

    public byte Protocol => _protocol;
    public ushort Port => _port;
    public IpPrefix Prefix => new(InetAddress.FromBits(new UInt128(_high, _low), _isIPv6), _length);

    /// <summary>As members are written in a view.</summary>
    public override string ToString() =>
        _protocol == 0 ? Prefix.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Prefix.Address},{_protocol},{_port}");
}
