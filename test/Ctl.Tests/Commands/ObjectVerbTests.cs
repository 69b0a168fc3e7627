namespace Margay.Ctl.Tests.Commands;

/// <summary>get, patch, label and how objects are named on the command line.</summary>
public sealed class ObjectVerbTests : CliFixture
{
    private const string Objects =
        """
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}}
        {"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "p4"}, "spec": {"cidr": "10.65.0.0/16", "natOutgoing": true}}
        {"apiVersion": "projectcalico.org/v3", "kind": "Node", "metadata": {"name": "n1", "labels": {"rack": "1"}}, "spec": {"bgp": {"ipv4Address": "192.0.2.1/24", "asNumber": 64601}}}
        {"apiVersion": "projectcalico.org/v3", "kind": "WorkloadEndpoint", "metadata": {"name": "w", "namespace": "prod"}, "spec": {"node": "n1", "interfaceName": "mg1", "ipNetworks": ["10.65.0.65/32"]}}
        """;

    [Fact]
    public async Task Get_Tables()
    {
        await Fill();
        Assert.Equal((0, "NAME  CIDR          BLOCK  NAT  DISABLED  AGE\np4    10.65.0.0/16  -      yes  no        2d\n", ""), await RunAsync("get", "ippools"));
        Assert.Equal("NAMESPACE  NAME  NODE  ADDRESSES      STATE  AGE\nprod       w     n1    10.65.0.65/32  -      2d\n", (await RunAsync("get", "wep", "-A")).Out);
        Assert.Equal("NAME  IPV4          IPV6  AS     REFLECTOR  AGENT  LABELS  AGE\nn1    192.0.2.1/24  -     64601  -          -      rack=1  2d\n", (await RunAsync("get", "no", "n1", "-o", "wide")).Out);
        Assert.Equal((0, "", "no workloadendpoints in the namespace default (all namespaces: -A)\n"), await RunAsync("get", "workloadendpoints"));
    }

    [Fact]
    public async Task Get_SeveralKinds_AndNames()
    {
        await Fill();
        Assert.Equal("ippool.projectcalico.org/p4\nnode.projectcalico.org/n1\n", (await RunAsync("get", "ippools,nodes", "-o", "name")).Out);
        Assert.Equal("node.projectcalico.org/n1\nnamespace/prod\n", (await RunAsync("get", "node/n1", "ns/prod", "-o", "name")).Out);
        (int status, string output, string error) = await RunAsync("get", "nodes", "n1", "n2", "-o", "name");
        Assert.Equal((1, "node.projectcalico.org/n1\n"), (status, output));
        Assert.Contains("n2 not found", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_Documents_CanBeAppliedAgain()
    {
        await Fill();
        string yaml = (await RunAsync("get", "ippool", "p4", "-o", "yaml")).Out;
        Assert.Contains("spec:\n  cidr: 10.65.0.0/16\n  natOutgoing: true\n", yaml, StringComparison.Ordinal);
        Assert.Equal("ippool.projectcalico.org/p4 replaced\n", (await RunAsync(["replace", "-f", "-"], yaml)).Out);
        string json = (await RunAsync("get", "ippools,nodes", "-o", "json")).Out;
        Assert.Contains("\"kind\": \"List\"", json, StringComparison.Ordinal);
        Assert.Equal("ippool.projectcalico.org/p4 replaced\nnode.projectcalico.org/n1 replaced\n", (await RunAsync(["replace", "-f", "-"], json)).Out);
    }

    [Theory]
    [InlineData("get ippol", "there is no kind \"ippol\" (did you mean ippools?); known: namespaces, ")]
    [InlineData("get nodes n1 -A", "leave --all-namespaces out")]
    [InlineData("get nodes,ippools -w", "only one kind")]
    [InlineData("patch nodes -p {}", "name one object")]
    [InlineData("patch node n1 -p []", "a merge patch is an object")]
    [InlineData("patch node n1 --type json -p {}", "a JSON patch is a list")]
    [InlineData("patch node n1 -p {a", "not YAML")]
    [InlineData("patch node n1 -p @/nonexistent", "cannot read /nonexistent")]
    [InlineData("label node n1", "say what to change")]
    [InlineData("label node a=b", "name one object")]
    public async Task WrongUse_IsTold(string line, string message)
    {
        (int status, _, string error) = await RunAsync(line.Split(' '));
        Assert.Equal(1, status);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_YamlOrJson()
    {
        await Fill();
        Assert.Equal((0, "node.projectcalico.org/n1 patched\n", ""), await RunAsync("patch", "node", "n1", "-p", "{spec: {bgp: {asNumber: 64700}}}"));
        Assert.Equal(64700, Server["/apis/projectcalico.org/v3/nodes/n1"]!["spec"]!["bgp"]!["asNumber"]!.GetValue<int>());
        Assert.Equal(0, (await RunAsync("patch", "node/n1", "-p", "@" + Write("p.yaml", "spec:\n  bgp:\n    asNumber: 64800\n"))).Status);
        (int status, _, string error) = await RunAsync("patch", "node", "n1", "-p", """{"spec":{"bgp":{"asNumber":0}}}""");
        Assert.Equal(1, status);
        Assert.Contains("AS 0 must not be used", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Label_SetsRemovesAndProtects()
    {
        await Fill();
        Assert.Equal("node.projectcalico.org/n1 labelled\n", (await RunAsync("label", "node", "n1", "zone=a", "rack=1")).Out);
        Assert.Contains("--overwrite", (await RunAsync("label", "node", "n1", "rack=2")).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("label", "node/n1", "rack=2", "zone-", "--overwrite")).Status);
        Assert.Equal("""{"rack":"2"}""", Server["/apis/projectcalico.org/v3/nodes/n1"]!["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal("node.projectcalico.org/n1 unchanged\n", (await RunAsync("label", "node/n1", "rack=2", "nothing-")).Out);
    }

    [Fact]
    public async Task Node_Status_CountsWhatRunsThere()
    {
        await Fill();
        (int status, string output, _) = await RunAsync("node", "status", "--agent-socket", "/nonexistent");
        Assert.Equal(0, status);
        Assert.Equal("NODE  IPV4          IPV6  AS     BLOCKS  ENDPOINTS  UP  AGENT  CONDITIONS\nn1    192.0.2.1/24  -     64601  0       1          0   -      -\n", output);
    }

    [Theory]
    [InlineData("ipam show")]
    [InlineData("ipam check")]
    [InlineData("node status")]
    [InlineData("get nodes")]
    [InlineData("get nodes -w")]
    [InlineData("label node n1 a=b")]
    public async Task ServerDown_NamesTheServer(string line)
    {
        Server.IsDown = true;
        (int status, _, string error) = await RunAsync(line.Split(' '));
        Assert.Equal((1, "error: cannot reach the server at http://127.0.0.1:7443/: Connection refused\n"), (status, error));
    }

    private async Task Fill() => Assert.Equal(0, (await RunAsync(["create", "-f", "-"], Objects)).Status);
}
