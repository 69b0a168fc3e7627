using System.Runtime.InteropServices;
using Margay.Netlink.Constants;

namespace Margay.Netlink.Sockets;

/// <summary>
/// Walks the attributes of a message or of a nested attribute. A malformed length ends the walk and makes <see cref="Failed"/> true.
/// <code>while (reader.TryRead(out NetlinkAttribute a)) switch (a.Type) { case IFLA_MTU: mtu = a.UInt32; break; }</code>
/// </summary>
public ref struct AttributeReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public bool Failed { get; private set; }

    public bool TryRead(out NetlinkAttribute attribute)
    {
        attribute = default;
        if (_rest.Length < 4)
        {
            // A tail shorter than a header is padding, and only that.
            Failed |= _rest.ContainsAnyExcept((byte)0);
            return false;
        }
        int length = MemoryMarshal.Read<ushort>(_rest);
        int type = MemoryMarshal.Read<ushort>(_rest[2..]) & LinuxNetlink.NLA_TYPE_MASK;
        if (length < 4 || length > _rest.Length)
        {
            Failed = true;
            _rest = default;
            return false;
        }
        attribute = new NetlinkAttribute(type, _rest[4..length]);
        _rest = _rest[Math.Min(NetlinkHeader.Align(length), _rest.Length)..];
        return true;
    }
}
