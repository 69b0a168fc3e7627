namespace Margay.Bgp.Mrt;

/// <summary>What a dump wrote.</summary>
public sealed record MrtSummary(string File, int Peers, long Routes, long Bytes);

/// <summary>A dump into a file that appears whole or not at all: written beside its place, flushed, renamed.</summary>
internal static class MrtFile
{
    /// <param name="next">The next octets, empty at the end; see <see cref="MrtDump.Next"/>.</param>
    internal static async Task<long> WriteAsync(string file, Func<Task<ReadOnlyMemory<byte>>> next, CancellationToken cancel)
    {
        string temporary = $"{file}.{Guid.NewGuid():N}.part";
        long written = 0;
        try
        {
            FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            await using (stream.ConfigureAwait(false))
            {
                while (await next().ConfigureAwait(false) is { IsEmpty: false } bytes)
                {
                    await stream.WriteAsync(bytes, cancel).ConfigureAwait(false);
                    written += bytes.Length;
                }
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, file, overwrite: true);
            return written;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
