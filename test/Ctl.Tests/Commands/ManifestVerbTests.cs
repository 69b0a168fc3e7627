using System.Net;
using System.Text.Json.Nodes;

namespace Margay.Ctl.Tests.Commands;

/// <summary>apply, create, replace, delete: what is sent, what is told, and that nothing is sent when something is wrong.</summary>
public sealed class ManifestVerbTests : CliFixture
{
    private const string Web =
        """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: web, labels: {team: a}}
        spec: {selector: app == 'web', order: 10}
        """;

    private const string Prod = "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod}\n";
    private const string WebPath = "/apis/projectcalico.org/v3/namespaces/prod/networkpolicies/web";

    [Fact]
    public async Task Apply_Creates_ThenChangesOnlyWhatDiffers()
    {
        string file = Write("m.yaml", $"{Web}\n---\n{Prod}");
        Assert.Equal((0, "namespace/prod created\nnetworkpolicy.projectcalico.org/web created\n", ""), await RunAsync("apply", "-n", "prod", "-f", file));
        Assert.Equal((0, "namespace/prod unchanged\nnetworkpolicy.projectcalico.org/web unchanged\n", ""), await RunAsync("apply", "-n", "prod", "-f", file));
        Assert.Equal(2, Server.Writes.Count);
        Write("m.yaml", Web.Replace("order: 10", "order: 20", StringComparison.Ordinal));
        Assert.Equal((0, "networkpolicy.projectcalico.org/web configured\n", ""), await RunAsync("apply", "-n", "prod", "-f", file));
        Assert.Equal(20, Server[WebPath]!["spec"]!["order"]!.GetValue<int>());
    }

    [Fact]
    public async Task Apply_RemovesWhatItAppliedBefore_AndKeepsWhatOthersSet()
    {
        string file = Write("m.yaml", Web);
        await RunAsync("apply", "-n", "prod", "-f", file);
        Server[WebPath]!["metadata"]!["labels"]!["other"] = "kept";
        Write("m.yaml", "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: web, namespace: prod}\nspec: {selector: app == 'web'}\n");
        Assert.Equal(0, (await RunAsync("apply", "-f", file)).Status);
        JsonObject web = Server[WebPath]!;
        Assert.Null(web["spec"]!["order"]);
        Assert.Equal("""{"other":"kept"}""", web["metadata"]!["labels"]!.ToJsonString());
    }

    [Fact]
    public async Task AnyFault_SendsNothing_AndTellsAllWithLines()
    {
        string file = Write("m.yaml", $"{Prod}---\n{Web.Replace("app ==", "app =", StringComparison.Ordinal)}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: X}}\n");
        (int status, string output, string error) = await RunAsync("apply", "-f", file);
        Assert.Equal((1, ""), (status, output));
        Assert.Empty(Server.Writes);
        Assert.Contains($"{file}:8: error: NetworkPolicy/web: spec.selector: is no selector: at character 5: a single '=' is no operator: use '=='\n", error, StringComparison.Ordinal);
        Assert.Contains($"{file}:12: error: Namespace/X: metadata.name:", error, StringComparison.Ordinal);
        Assert.EndsWith("error: nothing was sent to the server\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PartialFailure_TellsEveryOutcome()
    {
        Server.Refuse = path => path.EndsWith("/ippools", StringComparison.Ordinal) ? HttpStatusCode.Forbidden : null;
        string file = Write("m.yaml", $"{Prod}---\napiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {{name: p}}\nspec: {{cidr: 10.0.0.0/8}}\n---\n{Web}");
        (int status, string output, string error) = await RunAsync("apply", "-f", file);
        Assert.Equal((1, "namespace/prod created\nnetworkpolicy.projectcalico.org/web created\n"), (status, output));
        Assert.Contains("ippool.projectcalico.org/p failed: refused by the test", error, StringComparison.Ordinal);
        Assert.Contains("1 of 3 objects failed; the others are done", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerDown_IsToldOnce()
    {
        Server.IsDown = true;
        (int status, _, string error) = await RunAsync(["apply", "-f", "-"], $"{Prod}---\n{Web}");
        Assert.Equal(1, status);
        Assert.Contains("cannot reach the server at http://127.0.0.1:7443/", error, StringComparison.Ordinal);
        Assert.Equal(2, error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task NoValidate_LeavesTheCheckToTheServer()
    {
        (int status, _, string error) = await RunAsync(["create", "--no-validate", "-f", "-"], Web.Replace("app ==", "app =", StringComparison.Ordinal));
        Assert.Equal((1, "POST /apis/projectcalico.org/v3/namespaces/default/networkpolicies"), (status, Assert.Single(Server.Writes)));
        Assert.Contains("is invalid: spec.selector", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_Replace_Delete()
    {
        Assert.Equal("networkpolicy.projectcalico.org/web created\n", (await RunAsync(["create", "-f", "-"], Web)).Out);
        (int status, _, string error) = await RunAsync(["create", "-f", "-"], Web);
        Assert.Equal(1, status);
        Assert.Contains("already exists", error, StringComparison.Ordinal);
        Assert.Equal("networkpolicy.projectcalico.org/web replaced\n", (await RunAsync(["replace", "-f", "-"], Web)).Out);
        Assert.Equal("networkpolicy.projectcalico.org/web deleted\n", (await RunAsync(["delete", "-f", "-"], Web)).Out);
        Assert.Equal(1, (await RunAsync("delete", "networkpolicy", "web")).Status);
        Assert.Equal((0, "networkpolicy.projectcalico.org/web not found\n", ""), await RunAsync("delete", "networkpolicy/web", "--ignore-not-found"));
    }

    [Fact]
    public async Task Delete_TakesNamespacesLast()
    {
        string file = Write("m.yaml", $"{Prod}---\n{Web}");
        await RunAsync("apply", "-n", "prod", "-f", file);
        Assert.Equal("networkpolicy.projectcalico.org/web deleted\nnamespace/prod deleted\n", (await RunAsync("delete", "-n", "prod", "-f", file)).Out);
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("delete nodes")]
    [InlineData("delete nodes a -f x.yaml")]
    [InlineData("delete nodes,ippools a")]
    [InlineData("delete node/a b")]
    [InlineData("apply -f /nonexistent.yaml")]
    public async Task WrongUse_IsRefusedBeforeAnythingIsSent(string line)
    {
        (int status, _, string error) = await RunAsync(line.Split(' '));
        Assert.Equal(1, status);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Empty(Server.Writes);
    }

    [Fact]
    public async Task Folders_AreReadInOrder_AndDeepOnlyOnDemand()
    {
        Write("d/b.yaml", Prod.Replace("prod", "b", StringComparison.Ordinal));
        Write("d/a.json", """{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}]}""");
        Write("d/notes.txt", "no manifest");
        Write("d/deep/c.yml", Prod.Replace("prod", "c", StringComparison.Ordinal));
        string folder = Path.Combine(Folder, "d");
        Assert.Equal("namespace/a created\nnamespace/b created\n", (await RunAsync("apply", "-f", folder)).Out);
        Assert.Contains("namespace/c created\n", (await RunAsync("apply", "-R", "-f", folder)).Out, StringComparison.Ordinal);
        Assert.Contains("--recursive", (await RunAsync("apply", "-f", Directory.CreateDirectory(Path.Combine(Folder, "empty")).FullName)).Error, StringComparison.Ordinal);
        Assert.Contains("there is no object", (await RunAsync(["apply", "-f", "-"], "# nothing\n")).Error, StringComparison.Ordinal);
    }
}
