using Margay.Core.Buffers;

namespace Margay.Core.Tests.Buffers;

public class SpanReaderTests
{
    [Fact]
    public void Read_PastTheEnd_FailsForGoodAndReturnsZero()
    {
        SpanReader reader = new([1, 2, 3]);
        Assert.Equal(0x0102, reader.ReadUInt16BigEndian());
        Assert.Equal(0u, reader.ReadUInt32BigEndian());
        Assert.True(reader.Failed);
        Assert.Equal(0, reader.ReadByte());
        Assert.True(reader.AtEnd);
    }

    [Fact]
    public void ReadSlice_TooLong_MakesBothFail()
    {
        SpanReader reader = new([1, 2]);
        SpanReader slice = reader.ReadSlice(3);
        Assert.True(slice.Failed);
        Assert.True(reader.Failed);
    }

    [Fact]
    public void Write_ThatDoesNotFit_WritesNothing()
    {
        Span<byte> buffer = stackalloc byte[3];
        SpanWriter writer = new(buffer);
        writer.WriteUInt16BigEndian(0x0102);
        writer.WriteUInt16BigEndian(0x0304);
        Assert.True(writer.Failed);
        Assert.Equal(2, writer.Position);
        Assert.Equal(0, buffer[2]);
        writer.Rewind(2);
        writer.WriteByte(9);
        Assert.False(writer.Failed);
        Assert.Equal([1, 2, 9], buffer.ToArray());
    }

    [Fact]
    public void Numbers_RoundTrip()
    {
        Span<byte> buffer = stackalloc byte[64];
        SpanWriter writer = new(buffer);
        writer.WriteUInt64BigEndian(0x0102030405060708);
        writer.WriteUInt64Native(42);
        writer.WriteUInt32Native(7);
        writer.WriteUInt16Native(5);
        SpanReader reader = new(writer.Written);
        Assert.Equal(0x0102030405060708ul, reader.ReadUInt64BigEndian());
        Assert.Equal(42ul, reader.ReadUInt64Native());
        Assert.Equal(7u, reader.ReadUInt32Native());
        Assert.Equal(5, reader.ReadUInt16Native());
        Assert.True(reader.AtEnd && !reader.Failed);
    }
}
