using System.Globalization;
using System.Text.RegularExpressions;
using Margay.Interop.Netlink;
using Margay.Lab.Processes;
using static Margay.Lab.Processes.NativeMethods;

namespace Margay.Interop.Peers;

/// <summary>The real daemons that the tests speak with.</summary>
public enum PeerKind
{
    /// <summary>BIRD 2.</summary>
    Bird,

    /// <summary>FRR: bgpd, with zebra where kernel routes are asked for.</summary>
    Frr,
    GoBgp,
    ExaBgp,
    OpenBgpd,
}

/// <summary>
/// A BGP daemon in a network namespace that somebody else made: its configuration from a <see cref="PeerSetup"/>, its processes, its log, and its own word on what it
/// sees. Every wait is bounded; every process is ended by its identity, also when the test failed. One subclass for each kind knows its configuration and its tool.
/// </summary>
internal abstract partial class PeerDaemon : IAsyncDisposable
{
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly List<ProcessIdentity> _processes = [];

    private protected PeerDaemon(string networkNamespace, string folder, IReadOnlyList<(string Target, string Source)>? binds = null)
    {
        Tool.RequireRoot();
        Folder = folder;
        Directory.CreateDirectory(folder);
        // Some give up root before they open their files.
        OpenToAll(folder);
        foreach ((_, string source) in binds ?? []) Directory.CreateDirectory(source);
        Enclosure = new Enclosure { NetworkNamespace = networkNamespace, Binds = binds ?? [] };
    }

    internal static PeerDaemon Create(PeerKind kind, string networkNamespace, string folder) => kind switch
    {
        PeerKind.Bird => new Bird(networkNamespace, folder),
        PeerKind.Frr => new Frr(networkNamespace, folder),
        PeerKind.GoBgp => new GoBgp(networkNamespace, folder),
        PeerKind.ExaBgp => new ExaBgp(networkNamespace, folder),
        PeerKind.OpenBgpd => new OpenBgpd(networkNamespace, folder),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    protected Enclosure Enclosure { get; }
    protected string Folder { get; }
    private string LogFile => Path.Combine(Folder, "log");

    /// <summary>What all its processes wrote, and its log.</summary>
    internal string Log => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    /// <summary>Starts it with this configuration; may be called again after it ended.</summary>
    internal abstract Task StartAsync(PeerSetup setup);

    /// <summary>What it knows of a prefix, with communities written <c>a:b</c> and <c>a:b:c</c>; empty if nothing, or while it does not answer yet.</summary>
    internal async Task<string> ShowAsync(string prefix)
    {
        CommandResult result = await LookAsync(prefix);
        return result.Succeeded ? Tuple().Replace(result.Output, static m => string.Join(':', m.Value[1..^1].Split(',', StringSplitOptions.TrimEntries))) : "";
    }

    private protected abstract Task<CommandResult> LookAsync(string prefix);

    /// <summary>Waits until what it knows of <paramref name="prefix"/> holds all <paramref name="parts"/>.</summary>
    internal async Task SeesAsync(string prefix, params string[] parts)
    {
        string last = "";
        bool all = await Eventually.WithinAsync(async () => (last = await ShowAsync(prefix)).Contains(prefix, StringComparison.Ordinal) && parts.All(p => last.Contains(p, StringComparison.Ordinal)), s_patience);
        Assert.True(all, string.Create(CultureInfo.InvariantCulture, $"{GetType().Name}: expected '{string.Join("', '", parts)}' of {prefix} in:\n{last}\n{Tail()}"));
    }

    /// <summary>Waits until it does not know <paramref name="prefix"/>.</summary>
    internal async Task SeesNoMoreAsync(string prefix)
    {
        string last = "";
        bool gone = await Eventually.WithinAsync(async () => !(last = await ShowAsync(prefix)).Contains(prefix, StringComparison.Ordinal), s_patience);
        Assert.True(gone, $"{GetType().Name} still has {prefix}:\n{last}");
    }

    /// <summary>kill -9 of all its processes, and the end of them.</summary>
    internal Task KillAsync() => EndAsync(TimeSpan.Zero);

    /// <summary>SIGTERM, as an operator stops it.</summary>
    internal Task StopAsync() => EndAsync(s_answerLimit);

    private async Task EndAsync(TimeSpan grace)
    {
        if (grace == TimeSpan.Zero)
            foreach (ProcessIdentity p in _processes) p.Signal(SIGKILL);
        IReadOnlyList<ProcessIdentity> left = await ProcessIdentity.StopAsync(_processes, grace, TimeProvider.System);
        _processes.Clear();
        Assert.Empty(left);
    }

    /// <summary>One command of its own tool, whatever the outcome.</summary>
    private protected Task<CommandResult> RunAsync(params IReadOnlyList<string> command) =>
        Launcher.RunAsync(Enclosure, command, s_answerLimit, TimeProvider.System, environment: Environment, cancel: TestContext.Current.CancellationToken);

    private protected virtual IReadOnlyDictionary<string, string>? Environment => null;

    /// <summary>One command that must succeed, as soon as the daemon answers at all: its output.</summary>
    internal async Task<string> AskAsync(params string[] command)
    {
        CommandResult result = new(-1, "", "", false);
        await Eventually.WithinAsync(async () => (result = await CommandAsync(command)).Succeeded, s_answerLimit);
        Assert.True(result.Succeeded, $"{GetType().Name}: {string.Join(' ', command)}: {result.Words}\n{Tail()}");
        return result.Output;
    }

    /// <summary>One command in the words of its tool (birdc, vtysh, gobgp, bgpctl).</summary>
    private protected abstract Task<CommandResult> CommandAsync(string[] command);

    private protected ProcessIdentity Launch(string package, params IReadOnlyList<string> command)
    {
        Assert.True(Launcher.FindProgram(command[0]) is not null, $"'{command[0]}' is missing: apt-get install {package}");
        ProcessIdentity process = Launcher.StartDaemon(Enclosure, [Launcher.FindProgram(command[0])!, .. command.Skip(1)], LogFile, Environment);
        _processes.Add(process);
        return process;
    }

    private protected void Adopt(ProcessIdentity process) => _processes.Add(process);

    private protected string Write(string name, string text, UnixFileMode? mode = null)
    {
        string file = Path.Combine(Folder, name);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, mode ?? (UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead));
        return file;
    }

    private protected static void OpenToAll(string folder) => File.SetUnixFileMode(folder,
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);

    /// <summary>The last lines of its log, for the message of a failed test.</summary>
    internal string Tail() => string.Join('\n', Log.Split('\n').TakeLast(20));

    public async ValueTask DisposeAsync()
    {
        await EndAsync(TimeSpan.Zero);
        GC.SuppressFinalize(this);
    }

    [GeneratedRegex(@"[(\[] *[0-9]+ *, *[0-9]+ *(, *[0-9]+ *)?[)\]]")]
    private static partial Regex Tuple();
}
