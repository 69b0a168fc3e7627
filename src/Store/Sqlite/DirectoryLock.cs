using System.Globalization;

namespace Margay.Store.Sqlite;

/// <summary>
/// Keeps a second process off a data directory. The kernel drops the lock (flock) when the holder dies, however it dies; the file stays
/// and means nothing by itself.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    public static DirectoryLock Take(string directory)
    {
        FileStream file;
        string owner = Path.Combine(directory, "owner");
        try
        {
            file = new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreOpenException($"the data directory {directory} cannot be written: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new StoreOpenException($"the data directory {directory} is in use by {Holder(owner)}; stop that process or choose another --data-dir", e);
        }
        File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new DirectoryLock(file);
    }

    // In a file of its own, because a locked one cannot be opened even for reading (FileStream takes a shared flock).
    private static string Holder(string owner)
    {
        try
        {
            return $"process {File.ReadAllText(owner)}";
        }
        catch (IOException)
        {
            return "another process";
        }
    }

    public void Dispose() => _file.Dispose();
}
