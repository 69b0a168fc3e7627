using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;

namespace Margay.Agent.State;

// A file of records, one per line, each with its own checksum:
//
//   1c291ca3 {"attachment":{…}}\n
//   └ CRC-32C of the bytes between the blank and the newline
//
// Appending is one write() to the end of the file: when it returns, the record survives the death of the process at any moment (the kernel has
// it). A power failure may lose the last moments; FlushAsync bounds how many. What that means is decided by the users of the log
// (docs/decisions/0071). Reading stops at the first line that is torn or fails its checksum: what was written after it hung on it.

/// <summary>An append-only file of records. One writer; <see cref="FlushAsync"/> may come from any thread.</summary>
internal sealed class RecordLog<T> : IDisposable
    where T : class
{
    private static readonly byte[] s_newline = "\n"u8.ToArray();

    private readonly string _path;
    private readonly JsonTypeInfo<T> _type;
    private SafeFileHandle _file;
    private long _flushed;

    private RecordLog(string path, JsonTypeInfo<T> type, SafeFileHandle file, long length)
    {
        _path = path;
        _type = type;
        _file = file;
        Length = length;
        _flushed = length;
    }

    /// <summary>Bytes of good records in the file.</summary>
    public long Length { get; private set; }

    /// <summary>
    /// Opens or creates the file and reads its records. <paramref name="damage"/> says in words what was cut off its end, or is null.
    /// <see cref="IOException"/> when the file system refuses.
    /// </summary>
    public static RecordLog<T> Open(string path, JsonTypeInfo<T> type, out IReadOnlyList<T> records, out string? damage)
    {
        File.Delete(TemporaryOf(path));
        byte[] bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        int good = Read(bytes, type, out records);
        damage = good == bytes.Length
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{path}: the last {bytes.Length - good} of {bytes.Length} bytes are torn or fail their checksum; record {records.Count} is the last good one");
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        if (good != bytes.Length) RandomAccess.SetLength(file, good);
        return new RecordLog<T>(path, type, file, good);
    }

    /// <summary>The record is in the file when this returns. <see cref="IOException"/> (no space, I/O error): it is not.</summary>
    public void Append(T record)
    {
        byte[] line = Encode(record, _type);
        try
        {
            RandomAccess.Write(_file, line, Length);
        }
        catch (IOException)
        {
            // Half a line must not stand in front of the next record.
            RandomAccess.SetLength(_file, Length);
            throw;
        }
        Length += line.Length;
    }

    /// <summary>Something appended may not be on the disk yet.</summary>
    public bool NeedsFlush => Volatile.Read(ref _flushed) < Length;

    /// <summary>Everything appended before the call is on the disk when the task completes.</summary>
    public Task FlushAsync()
    {
        long target = Length;
        if (Volatile.Read(ref _flushed) >= target) return Task.CompletedTask;
        SafeFileHandle file = _file;
        return Task.Run(() =>
        {
            RandomAccess.FlushToDisk(file);
            Volatile.Write(ref _flushed, target);
        });
    }

    /// <summary>Puts a shorter history in place of the file: whole on disk before the old one goes.</summary>
    public void Replace(IEnumerable<T> records)
    {
        string temporary = TemporaryOf(_path);
        SafeFileHandle file = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        long length = 0;
        try
        {
            foreach (T record in records)
            {
                byte[] line = Encode(record, _type);
                RandomAccess.Write(file, line, length);
                length += line.Length;
            }
            RandomAccess.FlushToDisk(file);
            File.Move(temporary, _path, overwrite: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        DirectorySync.Flush(Path.GetDirectoryName(_path)!);
        SafeFileHandle old = _file;
        _file = file;
        Length = length;
        Volatile.Write(ref _flushed, length);
        old.Dispose();
    }

    public void Dispose() => _file.Dispose();

    internal static byte[] Encode(T record, JsonTypeInfo<T> type)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(record, type);
        string checksum = Checksum(json).ToString("x8", CultureInfo.InvariantCulture);
        return [.. Encoding.ASCII.GetBytes(checksum), (byte)' ', .. json, .. s_newline];
    }

    /// <summary>Reads up to the first bad line and returns how many bytes were good.</summary>
    internal static int Read(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type, out IReadOnlyList<T> records)
    {
        List<T> read = [];
        records = read;
        int good = 0;
        while (true)
        {
            ReadOnlySpan<byte> rest = bytes[good..];
            int end = rest.IndexOf((byte)'\n');
            if (end < 0 || !TryDecode(rest[..end], type, out T? record)) return good;
            read.Add(record!);
            good += end + 1;
        }
    }

    private static bool TryDecode(ReadOnlySpan<byte> line, JsonTypeInfo<T> type, out T? record)
    {
        record = null;
        if (line.Length < 10 || line[8] != ' ') return false;
        if (!uint.TryParse(line[..8], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint checksum)) return false;
        ReadOnlySpan<byte> json = line[9..];
        if (Checksum(json) != checksum) return false;
        try
        {
            record = JsonSerializer.Deserialize(json, type);
            return record is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>CRC-32C (Castagnoli), as iSCSI and ext4 use it.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static string TemporaryOf(string path) => path + ".new";
}
