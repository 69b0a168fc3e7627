using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Margay.Store.Sqlite;

/// <summary>
/// The database file: a log of changes, from which compaction removes what is superseded. State is the last row of each key. Belongs to
/// the writer's loop; every statement is prepared once.
/// </summary>
internal sealed class LogFile : IDisposable
{
    private const int ApplicationId = 0x4d617267; // "Marg"
    private const int Format = 1;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _begin, _commit, _rollback, _insert, _delete, _setCompacted;

    public LogFile(string path)
    {
        // SQLite takes a short file for an empty database, and writes over it.
        if (!IsNewOrDatabase(path)) throw Damaged(path, "it is no SQLite database");
        SqliteConnectionStringBuilder options = new() { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = 1 };
        _connection = new SqliteConnection(options.ConnectionString);
        try
        {
            _connection.Open();
            // The pages' own structure is checked here, values by their checksum in Read.
            if (Text("PRAGMA quick_check(1)") is var verdict and not "ok") throw Damaged(path, verdict);
            Prepare(path);
        }
        catch (SqliteException e)
        {
            _connection.Dispose();
            throw e.SqliteErrorCode is 5 or 6
                ? new StoreOpenException($"the database {path} is locked by another process; stop it (a sqlite3 shell?) and start again", e)
                : Damaged(path, e.Message, e);
        }
        catch (StoreOpenException)
        {
            _connection.Dispose();
            throw;
        }
        _begin = Command("BEGIN IMMEDIATE");
        _commit = Command("COMMIT");
        _rollback = Command("ROLLBACK");
        _insert = Command("INSERT INTO log(id, key, value, created, previous, crc) VALUES ($id, $key, $value, $created, $previous, $crc)",
            ("$id", SqliteType.Integer), ("$key", SqliteType.Text), ("$value", SqliteType.Blob), ("$created", SqliteType.Integer),
            ("$previous", SqliteType.Integer), ("$crc", SqliteType.Integer));
        _delete = Command("DELETE FROM log WHERE id = $id", ("$id", SqliteType.Integer));
        _setCompacted = Command("UPDATE meta SET value = $value WHERE name = 'compacted'", ("$value", SqliteType.Text));
    }

    public string Id => Text("SELECT value FROM meta WHERE name = 'id'");
    public long Compacted => long.Parse(Text("SELECT value FROM meta WHERE name = 'compacted'"), CultureInfo.InvariantCulture);

    public static StoreOpenException Damaged(string path, string what, Exception? inner = null) => new(
        $"the database {path} is damaged ({what}); it was left as it is: restore it from a backup, together with its -wal file, or move it away to start empty",
        inner ?? new InvalidDataException(what));

    private static bool IsNewOrDatabase(string path)
    {
        if (!File.Exists(path)) return true;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> head = stackalloc byte[16];
        int length = file.ReadAtLeast(head, 16, throwOnEndOfStream: false);
        return length == 0 || head.SequenceEqual("SQLite format 3\0"u8);
    }

    private void Prepare(string path)
    {
        if (Number("PRAGMA page_count") == 0 || (Number("PRAGMA application_id") == 0 && Number("SELECT count(*) FROM sqlite_master") == 0)) CreateSchema();
        else if (Number("PRAGMA application_id") != ApplicationId) throw new StoreOpenException($"{path} is a database of another program; choose another --data-dir");
        else if (Number("PRAGMA user_version") is var format and not Format) throw new StoreOpenException($"{path} has format {format}, this version reads format {Format}; use the version that wrote it");
        // FULL: the log is synced at each commit, so that an acknowledged write survives power loss.
        Run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
    }

    private void CreateSchema() => Run($"""
        PRAGMA page_size = 8192;
        BEGIN EXCLUSIVE;
        CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE log(id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, created INTEGER NOT NULL, previous INTEGER NOT NULL, crc INTEGER NOT NULL);
        INSERT INTO meta VALUES ('id', '{Guid.NewGuid():n}'), ('compacted', '0');
        PRAGMA application_id = {ApplicationId};
        PRAGMA user_version = {Format};
        COMMIT;
        """);

    /// <summary>All rows, in the order they were written. Throws <see cref="StoreOpenException"/> at the first whose checksum is wrong.</summary>
    public IEnumerable<LogRow> Read()
    {
        using SqliteCommand select = Command("SELECT id, key, value, created, previous, crc FROM log ORDER BY id");
        using SqliteDataReader reader = select.ExecuteReader();
        while (reader.Read())
        {
            LogRow row = new(reader.GetInt64(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2), reader.GetInt64(3), reader.GetInt64(4));
            if (row.Checksum() != reader.GetInt64(5)) throw Damaged(_connection.DataSource, $"the checksum of key '{row.Key}' at revision {row.Revision} is wrong");
            yield return row;
        }
    }

    public void Begin() => _begin.ExecuteNonQuery();
    public void Commit() => _commit.ExecuteNonQuery();
    public void Rollback() => _rollback.ExecuteNonQuery();

    public void Insert(LogRow row)
    {
        SqliteParameterCollection p = _insert.Parameters;
        p[0].Value = row.Id;
        p[1].Value = row.Key;
        p[2].Value = row.Value is null ? DBNull.Value : row.Value;
        p[3].Value = row.CreateRevision;
        p[4].Value = row.Previous;
        p[5].Value = (long)row.Checksum();
        _insert.ExecuteNonQuery();
    }

    public void Delete(long id)
    {
        _delete.Parameters[0].Value = id;
        _delete.ExecuteNonQuery();
    }

    public void SetCompacted(long revision)
    {
        _setCompacted.Parameters[0].Value = revision.ToString(CultureInfo.InvariantCulture);
        _setCompacted.ExecuteNonQuery();
    }

    /// <summary>Folds the write-ahead log into the database, so that a copy of the one file is whole.</summary>
    public void Checkpoint() => Run("PRAGMA wal_checkpoint(TRUNCATE)");

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, SqliteType Type)> parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this file
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, SqliteType type) in parameters) command.Parameters.Add(name, type);
        if (parameters.Length > 0) command.Prepare();
        return command;
    }

    private void Run(string sql)
    {
        using SqliteCommand command = Command(sql);
        command.ExecuteNonQuery();
    }

    private string Text(string sql)
    {
        using SqliteCommand command = Command(sql);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }

    private long Number(string sql)
    {
        using SqliteCommand command = Command(sql);
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        foreach (SqliteCommand command in (ReadOnlySpan<SqliteCommand>)[_begin, _commit, _rollback, _insert, _delete, _setCompacted]) command.Dispose();
        _connection.Dispose();
    }
}
