using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Margay.Store.Sqlite;

/// <summary>One row of the log table: what one transaction did to one key. <see cref="Value"/> null is a tombstone.</summary>
/// <param name="Id">Revision in the upper 48 bits, position within the transaction in the lower 16.</param>
/// <param name="Previous">Revision of the key's change before this one, 0 when the key was not there.</param>
internal readonly record struct LogRow(long Id, string Key, byte[]? Value, long CreateRevision, long Previous)
{
    public long Revision => Id >> 16;

    public static LogRow Of(StoreEvent e) =>
        new(e.RowId, e.Key, e.Value?.Value.ToArray(), (e.Value ?? e.Previous)!.CreateRevision, e.Previous?.ModRevision ?? 0);

    /// <summary>CRC-32C over every column: SQLite itself does not notice a flipped bit in a value.</summary>
    public uint Checksum()
    {
        Span<byte> numbers = stackalloc byte[25];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, Id);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], CreateRevision);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[16..], Previous);
        numbers[24] = Value is null ? (byte)1 : (byte)0;
        uint crc = Crc(uint.MaxValue, numbers);
        crc = Crc(crc, Encoding.UTF8.GetBytes(Key));
        return ~Crc(crc, Value);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
