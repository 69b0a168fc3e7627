using System.Buffers.Binary;

namespace Margay.Api.Client;

/// <summary>Framing on the agent's socket, for both ends: the length of the JSON in 4 bytes, big-endian, then the JSON.</summary>
public static class AgentFrame
{
    public const int HeaderLength = 4;

    /// <summary>The most that a message may have: 1 MiB.</summary>
    public const int MaxLength = 1024 * 1024;

    public static byte[] Encode(ReadOnlySpan<byte> json)
    {
        byte[] frame = new byte[HeaderLength + json.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, json.Length);
        json.CopyTo(frame.AsSpan(HeaderLength));
        return frame;
    }

    /// <summary>The length that a header announces; false when it is 0 or beyond <see cref="MaxLength"/>.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, out int length)
    {
        length = BinaryPrimitives.ReadInt32BigEndian(header);
        return length is > 0 and <= MaxLength;
    }
}
