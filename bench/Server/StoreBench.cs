using System.Diagnostics;
using Margay.Store;
using Margay.Store.Sqlite;

namespace Margay.Bench.Server;

/// <summary>Creations of 600-byte values, each acknowledged only when it is on the disk.</summary>
internal static class StoreBench
{
    public static async Task RunAsync(int writers, TimeSpan duration)
    {
        string directory = Directory.CreateTempSubdirectory("margay-bench-").FullName;
        await using (SqliteStore store = SqliteStore.Open(new SqliteOptions { DataDirectory = directory }))
        {
            Percentiles latencies = new();
            long started = Stopwatch.GetTimestamp();
            int[] counts = await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
            {
                int n = 0;
                for (; Stopwatch.GetElapsedTime(started) < duration; n++)
                {
                    long begun = Stopwatch.GetTimestamp();
                    WriteResult result = await store.WriteAsync(StoreTransaction.Of(StoreWrite.Create($"bench/{w}/{n}", new byte[600])));
                    if (!result.IsWritten) throw new InvalidOperationException(result.ToString());
                    latencies.Add(Stopwatch.GetElapsedTime(begun));
                }
                return n;
            })));
            Console.WriteLine($"store, {writers,3} writers: {counts.Sum() / duration.TotalSeconds:0} durable writes/s; {latencies}");
        }
        Directory.Delete(directory, recursive: true);
    }
}
