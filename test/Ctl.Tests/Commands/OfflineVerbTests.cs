using System.Text.Json;

namespace Margay.Ctl.Tests.Commands;

/// <summary>What needs no server: validate, selector, version, completion, usage, settings.</summary>
public sealed class OfflineVerbTests : CliFixture
{
    [Fact]
    public async Task Validate_Good()
    {
        (int status, string output, _) = await RunAsync(["validate", "-f", "-"], "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n");
        Assert.Equal((0, "1 object, 0 errors, 0 warnings\n"), (status, output));
    }

    [Fact]
    public async Task Validate_TellsEveryFaultInOrder_AndWarnings()
    {
        const string text =
            """
            apiVersion: projectcalico.org/v3
            kind: IPPool
            metadata: {name: p}
            spec:
              cidr: 10.65.0.1/16
              ipipMode: Always
              blocksize: 26
            """;
        (int status, string output, _) = await RunAsync(["validate", "-f", "-"], text);
        string[] lines = output.Split('\n');
        Assert.Equal(1, status);
        Assert.StartsWith("-:5: error: IPPool/p: spec.cidr: 10.65.0.1/16 has bits set", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("-:6: warning: IPPool/p: spec.ipipMode: accepted, but not implemented", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("-:7: error: IPPool/p: spec.blocksize: unknown field (did you mean blockSize?)", lines[2], StringComparison.Ordinal);
        Assert.Equal("1 object, 2 errors, 1 warning", lines[3]);
    }

    [Fact]
    public async Task Validate_Json()
    {
        (int status, string output, _) = await RunAsync(["validate", "-o", "json", "-f", "-"], "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: N}\n");
        JsonElement verdict = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal(1, status);
        Assert.False(verdict.GetProperty("valid").GetBoolean());
        Assert.Equal(("metadata.name", 3), (verdict.GetProperty("findings")[0].GetProperty("field").GetString(), verdict.GetProperty("findings")[0].GetProperty("line").GetInt32()));
    }

    [Theory]
    [InlineData("a=='b'", "", 0, "a == \"b\"\n")]
    [InlineData("a=='b'", "a=b", 0, "a == \"b\"\ntrue\n")]
    [InlineData("a=='b'", "a=c", 1, "a == \"b\"\nfalse\n")]
    [InlineData("a in {'b','b'} && has(c)", "a=b c=", 0, "a in {\"b\"} && has(c)\ntrue\n")]
    public async Task Selector_PrintsTheCanonicalForm_AndTheVerdict(string selector, string labels, int status, string output) =>
        Assert.Equal((status, output, ""), await RunAsync(["selector", selector, .. labels.Split(' ', StringSplitOptions.RemoveEmptyEntries)]));

    [Fact]
    public async Task Selector_Json()
    {
        Assert.Equal((1, "{\n  \"selector\": \"a == \\\"b\\\"\",\n  \"matches\": false\n}\n", ""), await RunAsync("selector", "-o", "json", "a=='b'", "a=c"));
        Assert.Equal((0, "{\n  \"selector\": \"all()\"\n}\n", ""), await RunAsync("selector", "-o", "json", ""));
    }

    [Fact]
    public async Task Selector_PointsAtTheFault()
    {
        (int status, _, string error) = await RunAsync("selector", "has(a) & has(b)");
        Assert.Equal((2, "error: at character 8: a single '&' is no operator: use '&&'\n  has(a) & has(b)\n         ^\n"), (status, error));
        Assert.Equal(2, (await RunAsync("selector", "all()", "novalue")).Status);
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _margay margay")]
    [InlineData("zsh", "compdef _margay margay")]
    [InlineData("fish", "complete -c margay")]
    public async Task Completion_PrintsAScript(string shell, string line) => Assert.Contains(line, (await RunAsync("completion", shell)).Out, StringComparison.Ordinal);

    [Fact]
    public async Task Completion_ComesFromTheCommandTree()
    {
        Assert.Contains("validate\n", (await RunAsync("[suggest:10]", "margay val")).Out, StringComparison.Ordinal);
        Assert.Contains("ippools\n", (await RunAsync("[suggest:13]", "margay get ip")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_IsOneLine() => Assert.Matches(@"^margay \d+\.\d+\.\d+\n$", (await RunAsync("version")).Out);

    [Theory]
    [InlineData("aply -f x", "did you mean apply?", "margay --help")]
    [InlineData("get", "Required argument", "margay get --help")]
    [InlineData("get nodes -o xml", "xml", "margay get --help")]
    [InlineData("apply", "--filename", "margay apply --help")]
    [InlineData("ipam shwo", "did you mean show?", "margay ipam --help")]
    public async Task WrongUsage_HasStatus2_AndPointsToHelp(string line, string message, string help)
    {
        (int status, string output, string error) = await RunAsync(line.Split(' '));
        Assert.Equal((2, ""), (status, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.EndsWith($"See: {help}\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_FlagBeforeEnvironmentBeforeFile()
    {
        Write(".config/margay/margay.conf", "# mine\nserver = http://file:1  # here\ntoken-file = /file\n");
        Variables["HOME"] = Folder;
        await RunAsync("get", "nodes");
        Assert.Equal(("http://file:1/", "/file"), (Used!.Server.AbsoluteUri, Used.TokenFile));
        Variables["MARGAY_SERVER"] = "http://env:2";
        await RunAsync("get", "nodes", "--timeout", "7");
        Assert.Equal(("http://env:2/", TimeSpan.FromSeconds(7)), (Used.Server.AbsoluteUri, Used.RequestTimeout));
        await RunAsync("--server", "https://flag:3", "get", "nodes");
        Assert.Equal("https://flag:3/", Used.Server.AbsoluteUri);
    }

    [Theory]
    [InlineData("--server localhost:7443", "is no server: write it like http://127.0.0.1:7443")]
    [InlineData("--ca-file /nonexistent", "/nonexistent does not exist")]
    [InlineData("--timeout 0", "--timeout must be 1 or more")]
    public async Task Settings_Faults_AreTold(string flags, string message)
    {
        (int status, _, string error) = await RunAsync([.. flags.Split(' '), "get", "nodes"]);
        Assert.Equal(2, status);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_FaultyFile_NamesTheLine()
    {
        string file = Write("margay/margay.conf", "server = http://a\nservr = http://b\n");
        Variables["XDG_CONFIG_HOME"] = Folder;
        Assert.Contains($"{file}:2: expected one of server, token-file", (await RunAsync("get", "nodes")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bgp peers")]
    [InlineData("bgp routes")]
    [InlineData("bgp explain 10.0.0.0/8")]
    [InlineData("endpoint list")]
    public async Task AgentVerbs_WithoutAnAgent_SayWhatToDo(string line)
    {
        (int status, _, string error) = await RunAsync([.. line.Split(' '), "--agent-socket", "/nonexistent.sock"]);
        Assert.Equal(1, status);
        Assert.Contains("there is no socket /nonexistent.sock: is margay-agent running on this host?", error, StringComparison.Ordinal);
    }
}
