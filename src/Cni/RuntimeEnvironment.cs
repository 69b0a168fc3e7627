using Margay.Cni.Config;

namespace Margay.Cni;

/// <summary>What the runtime says in the environment (specification, section 2, "Parameters").</summary>
internal sealed record RuntimeEnvironment
{
    public string Command { get; init; } = "";
    public string ContainerId { get; init; } = "";

    /// <summary>Path of the network namespace; may be empty for DEL.</summary>
    public string NetworkNamespace { get; init; } = "";

    public string Interface { get; init; } = "";
    public CniArgs Args { get; init; } = new();

    /// <summary>Reads the variables; what is missing or malformed for the command is all in <paramref name="faults"/>.</summary>
    public static RuntimeEnvironment Read(Func<string, string?> variable, Faults faults)
    {
        string command = variable("CNI_COMMAND") ?? "";
        RuntimeEnvironment environment = new()
        {
            Command = command,
            ContainerId = variable("CNI_CONTAINERID") ?? "",
            NetworkNamespace = variable("CNI_NETNS") ?? "",
            Interface = variable("CNI_IFNAME") ?? "",
        };
        if (command is "")
        {
            faults.Invalid("CNI_COMMAND", "is missing; this is a CNI plugin, run by a container runtime");
            return environment;
        }
        if (command is not ("ADD" or "DEL" or "CHECK" or "VERSION" or "STATUS"))
        {
            faults.Invalid("CNI_COMMAND", $"'{command}' is none of ADD, DEL, CHECK, STATUS, VERSION");
            return environment;
        }
        if (command is "VERSION" or "STATUS") return environment;

        if (environment.ContainerId is "") faults.Invalid("CNI_CONTAINERID", "is missing");
        else if (!IsContainerId(environment.ContainerId)) faults.Invalid("CNI_CONTAINERID", "must begin with a letter or digit, followed by letters, digits, '_', '.' and '-'");
        if (environment.Interface is "") faults.Invalid("CNI_IFNAME", "is missing");
        else if (!IsInterfaceName(environment.Interface)) faults.Invalid("CNI_IFNAME", "must have 1 to 15 characters without '/', ':' and white space, and not be '.' or '..'");
        if (environment.NetworkNamespace is "" && command is not "DEL") faults.Invalid("CNI_NETNS", "is missing");
        return environment with { Args = CniArgs.Parse(variable("CNI_ARGS"), faults) };
    }

    private static bool IsContainerId(string text) =>
        char.IsAsciiLetterOrDigit(text[0]) && !text.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    // dev_valid_name() in the kernel's net/core/dev.c.
    private static bool IsInterfaceName(string text)
    {
        if (text.Length > 15 || text is "." or "..") return false;
        foreach (char c in text)
            if (c is '/' or ':' || char.IsWhiteSpace(c) || c > '~') return false;
        return true;
    }
}
