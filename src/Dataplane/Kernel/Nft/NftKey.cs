using System.Buffers.Binary;
using System.Text;
using Margay.Core.Net;

namespace Margay.Dataplane.Kernel.Nft;

/// <summary>
/// The bytes of a set element's key or of a constant, as the kernel holds them: network order, each part of a concatenation padded to 4 bytes.
/// Compared by content.
/// </summary>
public readonly struct NftKey : IEquatable<NftKey>
{
    private readonly byte[]? _bytes;

    private NftKey(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes;
    public int Length => _bytes?.Length ?? 0;

    public static NftKey Of(ReadOnlySpan<byte> bytes) => new(bytes.ToArray());
    public static NftKey OfByte(byte value) => new([value]);

    public static NftKey OfUInt16(ushort value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return new NftKey(bytes);
    }

    /// <summary>In host order: marks, conntrack states and map ids, which the kernel compares as numbers.</summary>
    public static NftKey OfNumber(uint value) => new(BitConverter.GetBytes(value));

    public static NftKey OfAddress(InetAddress address) => new(address.ToBytes());

    /// <summary>The 16 bytes of an interface name.</summary>
    public static NftKey OfInterface(string name)
    {
        byte[] bytes = new byte[16];
        Encoding.ASCII.GetBytes(name, bytes);
        return new NftKey(bytes);
    }

    /// <summary>The first bytes of an interface name: compares a prefix, as <c>mg*</c>.</summary>
    public static NftKey OfInterfacePrefix(string prefix) => new(Encoding.ASCII.GetBytes(prefix));

    /// <summary>A concatenation.</summary>
    public static NftKey Join(params ReadOnlySpan<NftKey> parts)
    {
        int length = 0;
        foreach (NftKey part in parts) length += (part.Length + 3) & ~3;
        byte[] bytes = new byte[length];
        int at = 0;
        foreach (NftKey part in parts)
        {
            part.Bytes.CopyTo(bytes.AsSpan(at));
            at += (part.Length + 3) & ~3;
        }
        return new NftKey(bytes);
    }

    public bool Equals(NftKey other) => Bytes.SequenceEqual(other.Bytes);
    public override bool Equals(object? obj) => obj is NftKey other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => Convert.ToHexStringLower(Bytes);
    public static bool operator ==(NftKey a, NftKey b) => a.Equals(b);
    public static bool operator !=(NftKey a, NftKey b) => !a.Equals(b);
}
