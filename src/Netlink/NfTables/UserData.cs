using System.Runtime.InteropServices;
using System.Text;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.NfTables;

/// <summary>
/// What the nft tool keeps with an object for itself: a list of (type, length, value), each number one byte. The kernel stores it unread. Written so
/// that <c>nft list ruleset</c> shows comments, and keys as what they are.
/// </summary>
internal static class UserData
{
    /// <summary>The comment, in tables, chains, rules, elements and objects alike.</summary>
    internal const byte Comment = 0;

    internal const byte SetKeyByteOrder = 0;
    internal const byte SetDataByteOrder = 1;
    internal const byte SetComment = 7;

    private const int MaxComment = 128;

    internal static void WriteComment(ref MessageWriter m, int attribute, string? comment, byte type = Comment)
    {
        if (comment is null) return;
        Span<byte> bytes = stackalloc byte[MaxComment + 2];
        m.Bytes(attribute, bytes[..Append(bytes, 0, type, comment)]);
    }

    internal static void WriteSet(ref MessageWriter m, int attribute, NftSet set)
    {
        Span<byte> bytes = stackalloc byte[MaxComment + 14];
        int length = Append(bytes, 0, SetKeyByteOrder, ByteOrder(set.Key));
        if (set.Data is { } data) length = Append(bytes, length, SetDataByteOrder, data == NftDataType.Verdict ? 0 : ByteOrder(data));
        if (set.Comment is { } comment) length = Append(bytes, length, SetComment, comment);
        m.Bytes(attribute, bytes[..length]);
    }

    internal static string? ReadComment(NetlinkAttribute attribute, byte type = Comment)
    {
        for (ReadOnlySpan<byte> rest = attribute.Value; rest.Length >= 2 && rest.Length >= 2 + rest[1]; rest = rest[(2 + rest[1])..])
            if (rest[0] == type) return Encoding.UTF8.GetString(rest.Slice(2, rest[1])).TrimEnd('\0');
        return null;
    }

    // nft: 0 unknown, 1 host, 2 network.
    private static uint ByteOrder(NftDataType type) => type.IsConcatenation ? 0u : type.BigEndian ? 2u : 1u;

    private static int Append(Span<byte> bytes, int at, byte type, uint value)
    {
        bytes[at] = type;
        bytes[at + 1] = sizeof(uint);
        MemoryMarshal.Write(bytes[(at + 2)..], value);
        return at + 2 + sizeof(uint);
    }

    private static int Append(Span<byte> bytes, int at, byte type, string text)
    {
        if (!Encoding.UTF8.TryGetBytes(text, bytes.Slice(at + 2, MaxComment - 1), out int length))
            throw new ArgumentException($"a comment has at most {MaxComment - 1} bytes: '{text}'");
        bytes[at] = type;
        bytes[at + 1] = (byte)(length + 1);
        bytes[at + 2 + length] = 0;
        return at + 3 + length;
    }
}
