using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Margay.Agent.State;

/// <summary>
/// Where the agent keeps what it must know again after its death. Held by a lock, so that two agents never share one;
/// the lock goes with the process, however that ends.
/// </summary>
internal sealed class StateDirectory : IDisposable
{
    private readonly SafeFileHandle _lock;

    private StateDirectory(string path, SafeFileHandle held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }
    public string JournalFile => System.IO.Path.Combine(Path, "attachments.log");
    public string ViewFile => System.IO.Path.Combine(Path, "view.log");
    public string PulseFile => System.IO.Path.Combine(Path, "pulse");

    /// <summary>Creates the directory (mode 0700) and takes the lock. <see cref="IOException"/> with the reason in words.</summary>
    public static StateDirectory Open(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string file = System.IO.Path.Combine(path, "lock");
        SafeFileHandle held;
        try
        {
            held = File.OpenHandle(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"another margay-agent uses the state directory {path}; stop it, or give this one its own with --state-dir", e);
        }
        byte[] pid = System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        RandomAccess.SetLength(held, 0);
        RandomAccess.Write(held, pid, 0);
        return new StateDirectory(path, held);
    }

    public void Dispose() => _lock.Dispose();
}
