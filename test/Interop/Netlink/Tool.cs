using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Margay.Interop.Netlink;

/// <summary>Runs the tools that are the oracle: ip, bridge, nft, conntrack. A tool that is missing fails the test and says what to install.</summary>
internal static class Tool
{
    private static readonly Dictionary<string, string> Packages = new()
    {
        ["ip"] = "iproute2",
        ["bridge"] = "iproute2",
        ["nft"] = "nftables",
        ["conntrack"] = "conntrack",
        ["busybox"] = "busybox-static",
    };

    internal static void RequireRoot() =>
        Assert.True(Environment.IsPrivilegedProcess, "these tests make network namespaces and links: run them as root (or with sudo)");

    /// <summary>Runs and returns standard output; fails with standard error unless the exit code is zero.</summary>
    internal static string Run(string command, params IEnumerable<string> arguments) => RunWithInput(command, null, arguments);

    internal static string RunWithInput(string command, string? input, params IEnumerable<string> arguments)
    {
        ProcessStartInfo info = new(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input is not null,
        };
        using Process process = Start(command, info);
        if (input is not null)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', info.ArgumentList)}: exit {process.ExitCode}: {error.Result}{output}");
        return output;
    }

    internal static JsonNode? Json(string command, params IEnumerable<string> arguments)
    {
        string output = Run(command, arguments);
        return output.Trim().Length == 0 ? new JsonArray() : JsonNode.Parse(output);
    }

    private static Process Start(string command, ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Fail($"'{command}' is missing: apt-get install {Packages.GetValueOrDefault(command, command)}");
            throw;
        }
    }
}
