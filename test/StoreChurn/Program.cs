// Writes to a store from several tasks until it is killed, and says on standard output what it tries and what was acknowledged:
//   try WRITER SEQUENCE KEY put|delete        ack WRITER SEQUENCE REVISION
// usage: StoreChurn DIRECTORY FIRST-SEQUENCE
using System.Globalization;
using System.Text;
using Margay.Store;
using Margay.Store.Sqlite;

const int Writers = 8, Keys = 10;
long first = long.Parse(args[1], CultureInfo.InvariantCulture);
await using SqliteStore store = SqliteStore.Open(new SqliteOptions { DataDirectory = args[0], HistoryEvents = 200 });
Lock gate = new();
using Stream output = Console.OpenStandardOutput();

// One write per line: what reached the pipe is read by the parent even when this process is killed.
void Say(string line)
{
    lock (gate) output.Write(Encoding.ASCII.GetBytes(line + "\n"));
}

async Task ChurnAsync(int writer)
{
    Random random = new(writer + (int)first);
    for (long sequence = first; ; sequence++)
    {
        string key = $"churn/{writer}/{random.Next(Keys)}";
        StoredValue? current = store.Current.Get(key);
        bool delete = current is not null && random.Next(3) == 0;
        byte[] value = Encoding.ASCII.GetBytes(sequence.ToString(CultureInfo.InvariantCulture).PadRight(random.Next(20, 3000)));
        Say($"try {writer} {sequence} {key} {(delete ? "delete" : "put")}");
        WriteResult result = await store.WriteAsync(StoreTransaction.Of(new StoreWrite(key, delete ? null : value, current?.ModRevision ?? 0)));
        if (!result.IsWritten) throw new InvalidOperationException($"{result.Outcome} {result.Error}");
        Say($"ack {writer} {sequence} {result.Revision}");
    }
}

await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(() => ChurnAsync(w))));
