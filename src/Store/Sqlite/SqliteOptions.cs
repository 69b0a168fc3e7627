namespace Margay.Store.Sqlite;

/// <summary>How a <see cref="SqliteStore"/> keeps its data.</summary>
public sealed record SqliteOptions
{
    /// <summary>Holds margay.db, its write-ahead log and the lock file. Made when it does not exist.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Events kept for watches that resume; older ones are compacted. 10,000 is minutes of heavy churn and some tens of megabytes.</summary>
    public int HistoryEvents { get; init; } = 10_000;

    /// <summary>Transactions in one commit. Bounds what a failed commit takes back and how long the first one waits.</summary>
    public int MaxBatch { get; init; } = 1024;

    internal string DatabasePath => Path.Combine(DataDirectory, "margay.db");
}
