using System.Text.Json;
using CsCheck;

namespace Margay.Cni.Tests;

public class BadInputTests
{
    [Fact]
    public void MissingVariables_AreListedAllAtOnce()
    {
        PluginRun run = new();
        run.Environment.Clear();
        run.Environment["CNI_COMMAND"] = "ADD";

        (int code, string message) = run.Fail();
        Assert.Equal(4, code);
        Assert.All(["CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS"], name => Assert.Contains(name, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("CNI_COMMAND", "", "CNI_COMMAND: is missing")]
    [InlineData("CNI_COMMAND", "add", "'add' is none of")]
    [InlineData("CNI_CONTAINERID", "-x", "CNI_CONTAINERID: must begin")]
    [InlineData("CNI_CONTAINERID", "a/b", "CNI_CONTAINERID: must begin")]
    [InlineData("CNI_IFNAME", "abcdefghijklmnop", "CNI_IFNAME: must have 1 to 15")]
    [InlineData("CNI_IFNAME", "..", "CNI_IFNAME")]
    [InlineData("CNI_IFNAME", "e th", "CNI_IFNAME")]
    [InlineData("CNI_ARGS", "K8S_POD_NAME", "'K8S_POD_NAME' is not KEY=VALUE")]
    [InlineData("CNI_ARGS", "FOO=1;BAR=2", "does not know FOO, BAR")]
    public void WrongVariable_IsNamed(string name, string value, string expected)
    {
        PluginRun run = new();
        run.Environment[name] = value;
        (int code, string message) = run.Fail();
        Assert.Equal(4, code);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 6, "is empty")]
    [InlineData(" \n", 6, "is empty")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n""", 6, "line 1, byte")]
    [InlineData("[]", 7, "must be an object")]
    [InlineData("""{"name":"n"}""", 7, "cniVersion: is missing")]
    [InlineData("""{"cniVersion":"1.0.0"}""", 7, "name: is missing")]
    [InlineData("""{"cniVersion":"9.0.0","name":"n"}""", 1, "'9.0.0' is not supported")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","ipv4pools":["a"]}""", 7, "ipv4pools: is not a field of this plugin")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","ipv4Pools":"a","mtu":7,"labels":{"a":1},"agentSocket":"x"}""", 7, "ipv4Pools: must be a list; mtu: must be a number from 68 to 65535; labels.a: must be a string; agentSocket: must be an absolute path")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","ports":[{"name":"a","port":0},{"port":1,"x":2}]}""", 7, "ports[0].port: must be a number from 1 to 65535")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","args":{"cni":{"labels":[{"key":"a"}]}}}""", 7, "args.cni.labels[0]: needs a key and a value")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","ipam":{"type":"host-local"}}""", 2, "addresses come from the agent")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","ipMasq":true}""", 2, "natOutgoing")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","runtimeConfig":{"portMappings":[{"hostPort":80,"containerPort":80}]}}""", 2, "portmap")]
    [InlineData("""{"cniVersion":"1.0.0","name":"n","runtimeConfig":{"bandwidth":{}}}""", 2, "runtimeConfig.bandwidth")]
    public void WrongConfiguration_IsNamed(string config, int code, string expected)
    {
        PluginRun run = new();
        (int got, string message) = run.Fail(config);
        Assert.Equal(code, got);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Null(run.Asked);
    }

    [Fact]
    public void UnreadableInput_IsAnIOFailure() => Assert.Equal(5, new PluginRun().Fail(config: null).Code);

    [Fact]
    public void NoAgent_MeansTryAgainLater_WithTheRemedy()
    {
        PluginRun run = PluginRun.Of("DEL", reply: null);
        (int exit, JsonElement output) = run.Run();
        Assert.Equal(1, exit);
        Assert.Equal(11, output.GetProperty("code").GetInt32());
        Assert.Contains("/run/margay/agent.sock", output.GetProperty("msg").GetString(), StringComparison.Ordinal);
        Assert.Contains("systemctl start margay-agent", output.GetProperty("details").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("InvalidRequest", false, 7)]
    [InlineData("NoAddress", false, 100)]
    [InlineData("NoAddress", true, 11)]
    [InlineData("ServerUnreachable", true, 11)]
    [InlineData("NameCollision", false, 101)]
    [InlineData("NotFound", false, 3)]
    [InlineData("CheckFailed", false, 102)]
    [InlineData("Timeout", true, 11)]
    [InlineData("Kernel", false, 103)]
    [InlineData("Internal", false, 199)]
    [InlineData("SomethingNew", false, 199)]
    public void ErrorOfTheAgent_KeepsItsWords(string agentCode, bool retry, int code)
    {
        string reply = $$"""{"error":{"retry":{{(retry ? "true" : "false")}},"code":"{{agentCode}}","message":"why and what to do"} }""";
        Assert.Equal((code, "why and what to do"), PluginRun.Of("ADD", reply).Fail());
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"attach":{}}""")]
    [InlineData("""{"attach":{"addresses":7}}""")]
    [InlineData("""{"error":{}}""")]
    public void AnswerThatIsNotTheAgents_IsAnError(string reply) => Assert.Equal(199, PluginRun.Of("ADD", reply).Fail().Code);

    [Fact]
    public void AnyBytesOnInput_GiveAResultOrAnError() =>
        Gen.Char[" {}[]\":,abc01\n\\"].Array[0, 60].Sample(chars =>
        {
            (int exit, _) = PluginRun.Of("ADD", PluginRun.AttachReply).Run(new string(chars));
            Assert.Equal(1, exit);
        }, iter: 2000);

    [Fact]
    public void EveryPrefixOfAConfiguration_IsRefused()
    {
        for (int length = 0; length < PluginRun.Config.Length; length++) Assert.Equal(6, new PluginRun().Fail(PluginRun.Config[..length]).Code);
    }
}
