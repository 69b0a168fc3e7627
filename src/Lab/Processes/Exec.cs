using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using static Margay.Lab.Processes.NativeMethods;

namespace Margay.Lab.Processes;

/// <summary>
/// Replaces this program by a command inside an enclosure: the terminal, signals and exit status are then the command's own. The thread that calls
/// execve becomes the process and brings its namespaces along; all others end.
/// </summary>
internal static unsafe class Exec
{
    /// <summary>Returns only when it failed, with the reason.</summary>
    internal static string Replace(Enclosure enclosure, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment)
    {
        Dictionary<string, string> variables = [];
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables()) variables[(string)entry.Key] = (string?)entry.Value ?? "";
        variables["PATH"] = Launcher.SearchPath();
        foreach ((string key, string value) in environment) variables[key] = value;
        if (Launcher.FindProgram(command[0], variables["PATH"]) is not { } program) return $"there is no program '{command[0]}'";
        return enclosure.Run(() =>
        {
            // .NET ignores SIGPIPE, and what is ignored stays so across execve.
            signal(SIGPIPE, 0);
            execve(Text(program), Array(command), Array([.. variables.Select(v => $"{v.Key}={v.Value}")]));
            return $"cannot run {program}: {Marshal.GetLastPInvokeErrorMessage()}";
        });
    }

    // Never freed: either the process is replaced, or it is about to end with an error.
    private static byte* Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + '\0');
        byte* copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return copy;
    }

    private static byte** Array(IReadOnlyList<string> texts)
    {
        byte** array = (byte**)NativeMemory.Alloc((nuint)(texts.Count + 1), (nuint)sizeof(byte*));
        for (int i = 0; i < texts.Count; i++) array[i] = Text(texts[i]);
        array[texts.Count] = null;
        return array;
    }
}
