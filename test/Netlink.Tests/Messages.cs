using Margay.Netlink.Sockets;

namespace Margay.Netlink.Tests;

/// <summary>Writes messages and looks at them again.</summary>
internal static class Messages
{
    internal delegate void Writer(ref MessageBuffer buffer);

    internal delegate bool Reader<T>(NetlinkMessage message, out T value);

    internal static byte[] Bytes(Writer write)
    {
        using MessageBuffer buffer = new();
        write(ref System.Runtime.CompilerServices.Unsafe.AsRef(in buffer));
        return buffer.Written.ToArray();
    }

    /// <summary>The one message without its netlink header, in hex.</summary>
    internal static string Payload(Writer write) => Convert.ToHexStringLower(Bytes(write).AsSpan(NetlinkHeader.Size));

    internal static T RoundTrip<T>(Writer write, Reader<T> read)
    {
        ReadOnlySpan<byte> bytes = Bytes(write);
        Assert.True(NetlinkMessage.TryTake(ref bytes, out NetlinkMessage message));
        Assert.True(bytes.IsEmpty);
        Assert.True(read(message, out T value));
        return value;
    }
}
