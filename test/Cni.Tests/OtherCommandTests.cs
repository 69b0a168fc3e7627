using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Resources;

namespace Margay.Cni.Tests;

public class OtherCommandTests
{
    private const string Checked = """
        {"cniVersion":"1.0.0","name":"net","type":"margay-cni","prevResult":{"cniVersion":"1.0.0",
         "interfaces":[{"name":"mg1"},{"name":"eth0","sandbox":"/run/netns/w1"},{"name":"tun0","sandbox":"/run/netns/w1"}],
         "ips":[{"address":"10.65.0.7/32","interface":1},{"address":"192.0.2.1/24","interface":2}]}}
        """;

    [Fact]
    public void Version_NeedsNoOtherVariablesAndNoInput()
    {
        PluginRun run = new();
        run.Environment.Clear();
        run.Environment["CNI_COMMAND"] = "VERSION";
        (int exit, JsonElement output) = run.Run(config: null);

        Assert.Equal(0, exit);
        Assert.Equal("1.0.0", output.GetProperty("cniVersion").GetString());
        Assert.Equal(["0.3.0", "0.3.1", "0.4.0", "1.0.0"], output.GetProperty("supportedVersions").EnumerateArray().Select(v => v.GetString()!));
    }

    [Fact]
    public void Delete_WorksWithoutANamespaceAndPrintsNothing()
    {
        PluginRun run = PluginRun.Of("DEL");
        run.Environment.Remove("CNI_NETNS");
        (int exit, JsonElement output) = run.Run();

        Assert.Equal((0, JsonValueKind.Undefined), (exit, output.ValueKind));
        DetachRequest request = JsonSerializer.Deserialize(run.Asked!, ApiJsonContext.Default.AgentRequest)!.Detach!;
        Assert.Equal(new DetachRequest { ContainerId = "c1", Interface = "eth0" }, request);
    }

    [Fact]
    public void Check_AsksForTheAddressesOfItsOwnInterface()
    {
        PluginRun run = PluginRun.Of("CHECK");
        Assert.Equal(0, run.Run(Checked).ExitCode);

        CheckRequest request = JsonSerializer.Deserialize(run.Asked!, ApiJsonContext.Default.AgentRequest)!.Check!;
        Assert.Equal(("c1", "eth0", "/run/netns/w1"), (request.ContainerId, request.Interface, request.NetworkNamespace));
        Assert.Equal(["10.65.0.7/32"], request.Addresses!);
    }

    [Fact]
    public void Check_WithoutPreviousResult_IsAnInvalidConfiguration() =>
        Assert.Equal((7, "prevResult: is missing; CHECK compares with it"), PluginRun.Of("CHECK").Fail());

    [Fact]
    public void Check_InAVersionWithoutIt_IsIncompatible() =>
        Assert.Equal(1, PluginRun.Of("CHECK").Fail(Checked.Replace("\"1.0.0\",\"name\"", "\"0.3.1\",\"name\"", StringComparison.Ordinal)).Code);

    [Fact]
    public void Status_AsksTheAgent_AndSaysWhenThereIsNone()
    {
        PluginRun ready = PluginRun.Of("STATUS");
        ready.Environment.Remove("CNI_CONTAINERID");
        Assert.Equal(0, ready.Run().ExitCode);
        Assert.Equal("status", JsonSerializer.Deserialize(ready.Asked!, ApiJsonContext.Default.AgentRequest)!.Query!.Topic);
        Assert.Equal(50, PluginRun.Of("STATUS", reply: null).Fail().Code);
    }
}
