using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Margay.Agent.State;

/// <summary>The life before this one.</summary>
/// <param name="Ago">Since it was last known to be alive, by the host's clock; never negative.</param>
/// <param name="SameBoot">The host has run since then: what the kernel had, it has.</param>
internal sealed record FormerLife(TimeSpan Ago, bool SameBoot);

/// <summary>
/// Says in the state directory that the agent lives: one line, <c>BOOT-ID UNIX-SECONDS</c>, written anew every <see cref="Interval"/>. It is not flushed: the death of the
/// process does not touch it, and after that of the host it is not needed to the second.
/// </summary>
internal sealed class Pulse : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>All lines have this length, so that none is ever half another.</summary>
    private const int LineLength = 64;

    private readonly SafeFileHandle _file;
    private readonly string _boot;
    private readonly TimeProvider _time;

    private Pulse(SafeFileHandle file, string boot, TimeProvider time)
    {
        _file = file;
        _boot = boot;
        _time = time;
    }

    /// <summary>The kernel's name for the time since the host came up, from <c>/proc/sys/kernel/random/boot_id</c>.</summary>
    public static string ReadBootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Reads what the last life left, and writes nothing yet. Null in <paramref name="former"/>: there was none, or its line cannot be read.</summary>
    public static Pulse Open(string path, string boot, TimeProvider time, out FormerLife? former)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        Span<byte> line = stackalloc byte[LineLength];
        former = RandomAccess.Read(file, line, 0) == LineLength ? Read(Encoding.ASCII.GetString(line), boot, time.GetUtcNow()) : null;
        return new Pulse(file, boot, time);
    }

    /// <summary>Beats from when <paramref name="begin"/> completes: an agent that dies before then has not lived, and the next one judges by the life before.</summary>
    public async Task RunAsync(Task begin, ILogger logger, CancellationToken cancel)
    {
        await begin.WaitAsync(cancel).ConfigureAwait(false);
        using PeriodicTimer timer = new(Interval, _time);
        bool refused = false;
        do
        {
            try
            {
                Beat();
                refused = false;
            }
            catch (IOException e)
            {
                if (!refused) Log.StateNotWritten(logger, e.Message);
                refused = true;
            }
        }
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false));
    }

    /// <summary><see cref="IOException"/> when the file system refuses.</summary>
    internal void Beat()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{_boot} {_time.GetUtcNow().ToUnixTimeSeconds()}");
        RandomAccess.Write(_file, Encoding.ASCII.GetBytes(text.PadRight(LineLength - 1) + "\n"), 0);
    }

    private static FormerLife? Read(string line, string boot, DateTimeOffset now)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words is not [{ } then, { } number] || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)) return null;
        TimeSpan ago = TimeSpan.FromSeconds(now.ToUnixTimeSeconds() - seconds);
        return new FormerLife(ago < TimeSpan.Zero ? TimeSpan.Zero : ago, then == boot);
    }

    public void Dispose() => _file.Dispose();
}
