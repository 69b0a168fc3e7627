using System.Diagnostics;
using System.Globalization;
using System.Text;
using Margay.Store.Sqlite;

namespace Margay.Store.Tests;

/// <summary>kill -9 in the middle of churn, again and again on one directory: what was acknowledged is there.</summary>
public sealed class KillTests
{
    private sealed record Attempt(long Sequence, string Key, bool Delete);

    [Fact]
    public async Task KilledWriter_LosesNoAcknowledgedWrite()
    {
        using TemporaryDirectory directory = new();
        Dictionary<string, Attempt> acknowledged = [];
        long first = 1;
        int acks = 0;
        for (int round = 0; round < 5; round++)
        {
            Dictionary<int, Attempt> open = [];
            foreach (string line in await ChurnAsync(directory.Path, first, acksToWaitFor: 150))
            {
                string[] words = line.Split(' ');
                int writer = int.Parse(words[1], CultureInfo.InvariantCulture);
                long sequence = long.Parse(words[2], CultureInfo.InvariantCulture);
                first = Math.Max(first, sequence + 1);
                if (words[0] == "try")
                {
                    open[writer] = new Attempt(sequence, words[3], words[4] == "delete");
                }
                else
                {
                    acknowledged[open[writer].Key] = open[writer];
                    open.Remove(writer);
                    acks++;
                }
            }
            await using SqliteStore store = SqliteStore.Open(new SqliteOptions { DataDirectory = directory.Path });
            foreach ((string key, Attempt last) in acknowledged) Check(store.Current.Get(key), last, open.Values.FirstOrDefault(a => a.Key == key));
            // What was in flight may or may not have happened; from here on it counts as what it became.
            foreach (Attempt inFlight in open.Values) Settle(acknowledged, store.Current.Get(inFlight.Key), inFlight);
        }
        Assert.True(acks >= 500, $"only {acks} writes were acknowledged");
    }

    private static void Check(StoredValue? found, Attempt acknowledged, Attempt? inFlight)
    {
        bool asAcknowledged = acknowledged.Delete ? found is null : found is not null && Sequence(found) == acknowledged.Sequence;
        bool asInFlight = inFlight is not null && (inFlight.Delete ? found is null : found is not null && Sequence(found) == inFlight.Sequence);
        Assert.True(asAcknowledged || asInFlight, $"{acknowledged} was acknowledged, in flight was {inFlight}, found {(found is null ? "nothing" : Sequence(found))}");
    }

    private static void Settle(Dictionary<string, Attempt> acknowledged, StoredValue? found, Attempt inFlight)
    {
        if (found is null) acknowledged[inFlight.Key] = inFlight with { Delete = true };
        else acknowledged[inFlight.Key] = new Attempt(Sequence(found), inFlight.Key, Delete: false);
    }

    private static long Sequence(StoredValue value) => long.Parse(Encoding.ASCII.GetString(value.Value.Span).Trim(), CultureInfo.InvariantCulture);

    private static async Task<List<string>> ChurnAsync(string directory, long first, int acksToWaitFor)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "Margay.StoreChurn.dll"), directory, first.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        using Process churn = Process.Start(start)!;
        List<string> lines = [];
        int acks = 0;
        while (await churn.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            // A line cut by the kill says nothing.
            if (line.Split(' ').Length is 4 or 5) lines.Add(line);
            if (line.StartsWith("ack", StringComparison.Ordinal) && ++acks == acksToWaitFor) churn.Kill();
        }
        await churn.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(137, churn.ExitCode);
        return lines;
    }
}
