namespace Margay.Ctl.Settings;

/// <summary>Reads <c>key = value</c> lines: server, token-file, ca-file, agent-socket. '#' begins a comment.</summary>
internal static class ConfigurationFile
{
    private static readonly string[] Keys = ["server", "token-file", "ca-file", "agent-socket"];

    public static IReadOnlyDictionary<string, string> Read(Terminal terminal)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in Paths(terminal))
            if (File.Exists(path)) Add(settings, path);
        return settings;
    }

    // The first file that has a key wins.
    private static IEnumerable<string> Paths(Terminal terminal)
    {
        string? folder = terminal.Variable("XDG_CONFIG_HOME") is { Length: > 0 } xdg ? xdg : terminal.Variable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".config") : null;
        if (folder is not null) yield return Path.Combine(folder, "margay", "margay.conf");
        yield return "/etc/margay/margay.conf";
    }

    private static void Add(Dictionary<string, string> settings, string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"cannot read {path}: {e.Message}");
        }

        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Split('#')[0].Trim();
            if (line.Length == 0) continue;
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? line : line[..equals].Trim();
            if (equals < 0 || !Keys.Contains(key)) throw new SettingsException($"{path}:{i + 1}: expected one of {string.Join(", ", Keys)}, then = and a value");
            settings.TryAdd(key, line[(equals + 1)..].Trim());
        }
    }
}
