using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Resources;

namespace Margay.Cni.Tests;

public class AddTests
{
    [Theory]
    [InlineData("0.3.0", true)]
    [InlineData("0.3.1", true)]
    [InlineData("0.4.0", true)]
    [InlineData("1.0.0", false)]
    public void Result_HasTheFormOfTheAskedVersion(string version, bool saysFamily)
    {
        (int exit, JsonElement result) = PluginRun.Of("ADD", PluginRun.AttachReply).Run($$"""{"cniVersion":"{{version}}","name":"net","type":"margay-cni"}""");

        Assert.Equal(0, exit);
        Assert.Equal(version, result.GetProperty("cniVersion").GetString());
        JsonElement interfaces = result.GetProperty("interfaces");
        Assert.Equal("mg0123456789a", interfaces[0].GetProperty("name").GetString());
        Assert.False(interfaces[0].TryGetProperty("sandbox", out _));
        Assert.Equal("eth0", interfaces[1].GetProperty("name").GetString());
        Assert.Equal("/run/netns/w1", interfaces[1].GetProperty("sandbox").GetString());
        JsonElement ips = result.GetProperty("ips");
        Assert.Equal("10.65.0.7/32", ips[0].GetProperty("address").GetString());
        Assert.Equal("169.254.1.1", ips[0].GetProperty("gateway").GetString());
        Assert.Equal(1, ips[0].GetProperty("interface").GetInt32());
        Assert.Equal("fe80::ecee:eeff:feee:eeee", ips[1].GetProperty("gateway").GetString());
        Assert.Equal(saysFamily, ips[1].TryGetProperty("version", out JsonElement family));
        if (saysFamily) Assert.Equal("6", family.GetString());
        Assert.Equal("0.0.0.0/0", result.GetProperty("routes")[0].GetProperty("dst").GetString());
        Assert.Equal("::/0", result.GetProperty("routes")[1].GetProperty("dst").GetString());
        Assert.Equal(JsonValueKind.Object, result.GetProperty("dns").ValueKind);
    }

    [Theory]
    [InlineData("file", null, null, null, "file")]
    [InlineData(null, "args", null, null, "args")]
    [InlineData("file", "args", null, null, "args")]
    [InlineData("file", "args", "env", null, "env")]
    [InlineData("file", "args", "env", "pod", "pod")]
    [InlineData(null, null, null, null, null)]
    public void Network_IsWhatIsSaidOfThisWorkload_ElseWhatTheFileSays(string? file, string? args, string? environment, string? annotation, string? asked)
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.AttachReply);
        if (environment is not null) run.Environment["CNI_ARGS"] = $"MARGAY_NETWORK={environment}";
        string More(string? value, string json) => value is null ? "" : $",{json.Replace("VALUE", value, StringComparison.Ordinal)}";
        (int exit, _) = run.Run("{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"type\":\"margay-cni\""
            + More(file, "\"network\":\"VALUE\"") + More(args, "\"args\":{\"cni\":{\"network\":\"VALUE\"}}")
            + More(annotation, "\"capabilities\":{\"io.kubernetes.cri.pod-annotations\":true},\"runtimeConfig\":{\"io.kubernetes.cri.pod-annotations\":{\"other\":\"x\",\"margay.dev/network\":\"VALUE\"}}") + "}");
        Assert.Equal(0, exit);
        Assert.Equal(asked, JsonSerializer.Deserialize(run.Asked!, ApiJsonContext.Default.AgentRequest)!.Attach!.Network);
    }

    [Fact]
    public void EveryField_ReachesTheAgentAsTheSerialiserReadsIt()
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.AttachReply);
        run.Environment["CNI_ARGS"] = "IgnoreUnknown=1;K8S_POD_NAME=web-0;K8S_POD_NAMESPACE=shop;K8S_POD_INFRA_CONTAINER_ID=c1;OTHER=x";
        run.Run("""
            {"cniVersion":"1.0.0","name":"net","type":"margay-cni","agentSocket":"/tmp/a.sock","network":"blue",
             "labels":{"app":"we\"b\\","tier":"front"},"profiles":["open"],"ipv4Pools":["p4","10.0.0.0/8"],"ipv6Pools":["p6"],"mtu":1400,
             "ports":[{"name":"http","protocol":"TCP","port":80}],
             "args":{"cni":{"labels":[{"key":"tier","value":"back"},{"key":"rôle","value":"\u0001\n"}]},"other":{}},
             "runtimeConfig":{"ips":["10.65.0.9/32","fd65::9"],"mac":"02:11:22:33:44:55"}}
            """);

        Assert.Equal("/tmp/a.sock", run.SocketPath);
        AttachRequest request = JsonSerializer.Deserialize(run.Asked!, ApiJsonContext.Default.AgentRequest)!.Attach!;
        Assert.Equal("c1", request.ContainerId);
        Assert.Equal("/run/netns/w1", request.NetworkNamespace);
        Assert.Equal("eth0", request.Interface);
        Assert.Equal("blue", request.Network);
        Assert.Equal("shop", request.Namespace);
        Assert.Equal("k8s", request.Orchestrator);
        Assert.Equal("web-0", request.Workload);
        Assert.Equal(new Dictionary<string, string> { ["app"] = "we\"b\\", ["tier"] = "back", ["rôle"] = "\u0001\n" }, request.Labels);
        Assert.Equal(["open"], request.Profiles!);
        Assert.Equal(["p4", "10.0.0.0/8"], request.Ipv4Pools!);
        Assert.Equal(["p6"], request.Ipv6Pools!);
        Assert.Equal(1400, request.Mtu);
        Assert.Equal(new EndpointPort { Name = "http", Protocol = new Protocol("TCP"), Port = 80 }, Assert.Single(request.Ports!));
        Assert.Equal(["10.65.0.9/32", "fd65::9"], request.Addresses!);
        Assert.Equal("02:11:22:33:44:55", request.Mac);
    }

    [Fact]
    public void Namespace_OfTheConfigurationWinsOverThatOfTheRuntime()
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.AttachReply);
        run.Environment["CNI_ARGS"] = "K8S_POD_NAME=web;K8S_POD_NAMESPACE=web";
        run.Run("""{"cniVersion":"1.0.0","name":"net","type":"margay-cni","namespace":"default"}""");

        Assert.Equal("default", JsonDocument.Parse(run.Asked!).RootElement.GetProperty("attach").GetProperty("namespace").GetString());
    }

    [Theory]
    [InlineData("""{"ips":["10.0.0.1"]}""", """{"cni":{"ips":["10.0.0.2"]}}""", "IP=10.0.0.3", "10.0.0.1")]
    [InlineData("{}", """{"cni":{"ips":["10.0.0.2"]}}""", "IP=10.0.0.3", "10.0.0.2")]
    [InlineData("{}", "{}", "IP=10.0.0.3", "10.0.0.3")]
    public void Address_IsTakenFromTheMostSpecificSource(string runtimeConfig, string args, string cniArgs, string expected)
    {
        PluginRun run = PluginRun.Of("ADD", PluginRun.AttachReply);
        run.Environment["CNI_ARGS"] = cniArgs;
        run.Run($$"""{"cniVersion":"1.0.0","name":"net","type":"margay-cni","runtimeConfig":{{runtimeConfig}},"args":{{args}}}""");

        JsonElement addresses = JsonDocument.Parse(run.Asked!).RootElement.GetProperty("attach").GetProperty("addresses");
        Assert.Equal(expected, Assert.Single(addresses.EnumerateArray()).GetString());
    }

    [Fact]
    public void ResultOfEarlierPlugins_IsKeptInFront()
    {
        (_, JsonElement result) = PluginRun.Of("ADD", PluginRun.AttachReply).Run("""
            {"cniVersion":"1.0.0","name":"net","type":"margay-cni","dns":{"nameservers":["10.0.0.53"]},
             "prevResult":{"cniVersion":"1.0.0","interfaces":[{"name":"lo","sandbox":"/run/netns/w1","x":1}],
                           "ips":[{"address":"127.0.0.1/8","interface":0}],"routes":[{"dst":"192.0.2.0/24"}]}}
            """);

        Assert.Equal(["lo", "mg0123456789a", "eth0"], result.GetProperty("interfaces").EnumerateArray().Select(i => i.GetProperty("name").GetString()!));
        Assert.Equal(1, result.GetProperty("interfaces")[0].GetProperty("x").GetInt32());
        Assert.Equal([0, 2, 2], result.GetProperty("ips").EnumerateArray().Select(i => i.GetProperty("interface").GetInt32()));
        Assert.Equal("192.0.2.0/24", result.GetProperty("routes")[0].GetProperty("dst").GetString());
        Assert.Equal("10.0.0.53", result.GetProperty("dns").GetProperty("nameservers")[0].GetString());
    }
}
