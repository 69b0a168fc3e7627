using System.Text;
using System.Text.Json;
using Margay.Cni.Agent;

namespace Margay.Cni.Tests;

/// <summary>Runs the plugin in this process with a recorded agent, and keeps what was asked.</summary>
internal sealed class PluginRun : IAgent
{
    public const string Config = """{"cniVersion":"1.0.0","name":"net","type":"margay-cni"}""";

    public const string AttachReply = """
        {"attach":{"addresses":["10.65.0.7/32","fd65::7/128"],"hostInterface":"mg0123456789a","mac":"02:00:00:00:00:07","hostMac":"ee:ee:ee:ee:ee:ee",
        "ipv4Gateway":"169.254.1.1","ipv6Gateway":"fe80::ecee:eeff:feee:eeee","mtu":1500,"endpoint":"default/node-cni-c1-eth0","timings":{"link":1.5}}}
        """;

    public Dictionary<string, string> Environment { get; } = new()
    {
        ["CNI_COMMAND"] = "ADD",
        ["CNI_CONTAINERID"] = "c1",
        ["CNI_NETNS"] = "/run/netns/w1",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_PATH"] = "/opt/cni/bin",
    };

    public string? Reply { get; init; } = "{}";
    public string? SocketPath { get; private set; }
    public string? Asked { get; private set; }

    public static PluginRun Of(string command, string? reply = "{}")
    {
        PluginRun run = new() { Reply = reply };
        run.Environment["CNI_COMMAND"] = command;
        return run;
    }

    public (int ExitCode, JsonElement Output) Run(string? config = Config)
    {
        Plugin plugin = new(name => Environment.GetValueOrDefault(name), (path, _) => Remember(path));
        Outcome outcome = plugin.Run(() => config is null ? null : Encoding.UTF8.GetBytes(config));
        return (outcome.ExitCode, outcome.Output.Length == 0 ? default : JsonDocument.Parse(outcome.Output).RootElement);
    }

    /// <summary>Runs and expects failure.</summary>
    public (int Code, string Message) Fail(string? config = Config)
    {
        (int exit, JsonElement output) = Run(config);
        Assert.Equal(1, exit);
        return (output.GetProperty("code").GetInt32(), output.GetProperty("msg").GetString()!);
    }

    public byte[]? Ask(ReadOnlySpan<byte> request, out string failure)
    {
        Asked = Encoding.UTF8.GetString(request);
        failure = "cannot connect: No such file or directory";
        return Reply is null ? null : Encoding.UTF8.GetBytes(Reply);
    }

    private PluginRun Remember(string path)
    {
        SocketPath = path;
        return this;
    }
}
