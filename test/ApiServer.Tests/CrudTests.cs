using System.Net;
using System.Text.Json.Nodes;

namespace Margay.ApiServer.Tests;

/// <summary>create, get, replace, patch, delete.</summary>
public sealed class CrudTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Sets = RunningServer.Calico + "/globalnetworksets";
    private const string Policies = RunningServer.Calico + "/namespaces/default/networkpolicies";

    private static string Set(string name, string net = "10.0.0.0/8") => $$"""{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkSet","metadata":{"name":"{{name}}"},"spec":{"nets":["{{net}}"]} }""";

    [Fact]
    public async Task Create_StampsMetadata()
    {
        JsonNode created = await server.CreateAsync(Sets, Set(server.NewName()));
        Assert.Equal(1, (int)created["metadata"]!["generation"]!);
        Assert.True(Guid.TryParse((string?)created["metadata"]!["uid"], out _));
        Assert.EndsWith("Z", (string?)created["metadata"]!["creationTimestamp"], StringComparison.Ordinal);
        Assert.True(long.Parse((string)created["metadata"]!["resourceVersion"]!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        (HttpStatusCode code, JsonNode read) = await server.SendAsync("GET", $"{Sets}/{created["metadata"]!["name"]}");
        Assert.Equal((HttpStatusCode.OK, created.ToJsonString()), (code, read.ToJsonString()));
    }

    [Fact]
    public async Task Create_GenerateName_MakesDistinctNames()
    {
        const string Body = """{"metadata":{"generateName":"gen-"},"spec":{}}""";
        string a = (string)(await server.CreateAsync(Sets, Body))["metadata"]!["name"]!, b = (string)(await server.CreateAsync(Sets, Body))["metadata"]!["name"]!;
        Assert.NotEqual(a, b);
        Assert.Matches("^gen-[a-z0-9]{5}$", a);
    }

    [Fact]
    public async Task Create_Twice_IsAlreadyExists()
    {
        string name = server.NewName();
        await server.CreateAsync(Sets, Set(name));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", Sets, Set(name));
        Assert.Equal((HttpStatusCode.Conflict, "AlreadyExists"), (code, (string?)status["reason"]));
        Assert.Equal(name, (string?)status["details"]!["name"]);
    }

    [Fact]
    public async Task Create_AppliesDefaults()
    {
        JsonNode policy = await server.CreateAsync(Policies, $$"""{"metadata":{"name":"{{server.NewName()}}"},"spec":{"egress":[{"action":"Allow"}]} }""");
        Assert.Equal("default", (string?)policy["spec"]!["tier"]);
        Assert.Equal("""["Egress"]""", policy["spec"]!["types"]!.ToJsonString());
    }

    [Fact]
    public async Task Create_Yaml_IsAccepted()
    {
        string name = server.NewName();
        (HttpStatusCode code, JsonNode created) = await server.SendAsync("POST", Sets, $"metadata:\n  name: {name}\nspec:\n  nets: [192.0.2.0/24]\n", "application/yaml");
        Assert.Equal(HttpStatusCode.Created, code);
        Assert.Equal("192.0.2.0/24", (string?)created["spec"]!["nets"]![0]);
    }

    [Fact]
    public async Task Replace_StaleResourceVersion_Conflicts_CurrentOneWorks()
    {
        JsonNode created = await server.CreateAsync(Sets, Set(server.NewName()));
        string path = $"{Sets}/{created["metadata"]!["name"]}";
        created["spec"]!["nets"] = new JsonArray("192.0.2.0/24");
        string stale = created.ToJsonString();
        (HttpStatusCode code, JsonNode updated) = await server.SendAsync("PUT", path, stale);
        Assert.Equal((HttpStatusCode.OK, 2), (code, (int)updated["metadata"]!["generation"]!));
        (code, JsonNode status) = await server.SendAsync("PUT", path, stale.Replace("192.0.2", "192.0.3", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.Conflict, "Conflict"), (code, (string?)status["reason"]));
    }

    [Fact]
    public async Task Replace_Unchanged_WritesNothing_MetadataOnly_KeepsGeneration()
    {
        JsonNode created = await server.CreateAsync(Sets, Set(server.NewName()));
        string path = $"{Sets}/{created["metadata"]!["name"]}";
        (_, JsonNode same) = await server.SendAsync("PUT", path, created.ToJsonString());
        Assert.Equal((string?)created["metadata"]!["resourceVersion"], (string?)same["metadata"]!["resourceVersion"]);
        created["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        (_, JsonNode labelled) = await server.SendAsync("PUT", path, created.ToJsonString());
        Assert.NotEqual((string?)created["metadata"]!["resourceVersion"], (string?)labelled["metadata"]!["resourceVersion"]);
        Assert.Equal(1, (int)labelled["metadata"]!["generation"]!);
    }

    [Fact]
    public async Task Replace_OtherUidOrName_IsRefused()
    {
        JsonNode created = await server.CreateAsync(Sets, Set(server.NewName()));
        string path = $"{Sets}/{created["metadata"]!["name"]}";
        created["metadata"]!["uid"] = Guid.NewGuid().ToString();
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync("PUT", path, created.ToJsonString())).Code);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync("PUT", path, Set("another"))).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("PUT", $"{Sets}/missing", Set("missing"))).Code);
    }

    [Theory]
    [InlineData("application/merge-patch+json", """{"spec":{"nets":["192.0.2.0/24"]},"metadata":{"labels":{"a":"b"}}}""", """{"nets":["192.0.2.0/24"]}""")]
    [InlineData("application/strategic-merge-patch+json", """{"spec":{"$setElementOrder/nets":[],"nets":["192.0.2.0/24"]}}""", """{"nets":["192.0.2.0/24"]}""")]
    [InlineData("application/json-patch+json", """[{"op":"test","path":"/spec/nets/0","value":"10.0.0.0/8"},{"op":"add","path":"/spec/nets/-","value":"192.0.2.0/24"}]""", """{"nets":["10.0.0.0/8","192.0.2.0/24"]}""")]
    [InlineData("application/merge-patch+json", """{"spec":{"nets":null}}""", "{}")]
    public async Task Patch_Kinds_Apply(string type, string patch, string spec)
    {
        string name = server.NewName();
        await server.CreateAsync(Sets, Set(name));
        (HttpStatusCode code, JsonNode patched) = await server.SendAsync("PATCH", $"{Sets}/{name}", patch, type);
        Assert.True(code == HttpStatusCode.OK, patched.ToJsonString());
        Assert.Equal(spec, patched["spec"]!.ToJsonString());
    }

    [Theory]
    [InlineData("application/apply-patch+yaml", "{}", HttpStatusCode.UnsupportedMediaType, "--server-side")]
    [InlineData("text/plain", "{}", HttpStatusCode.UnsupportedMediaType, "merge-patch")]
    [InlineData("application/merge-patch+json", "[]", HttpStatusCode.BadRequest, "object")]
    [InlineData("application/merge-patch+json", "{", HttpStatusCode.BadRequest, "JSON")]
    [InlineData("application/merge-patch+json", """{"spec":{"nest":[]}}""", HttpStatusCode.BadRequest, "spec.nest")]
    [InlineData("application/merge-patch+json", """{"spec":{"nets":["nonsense"]}}""", HttpStatusCode.UnprocessableEntity, "spec.nets[0]")]
    [InlineData("application/merge-patch+json", """{"metadata":{"resourceVersion":"1"}}""", HttpStatusCode.Conflict, "modified")]
    [InlineData("application/strategic-merge-patch+json", """{"spec":{"$patch":"replace"}}""", HttpStatusCode.BadRequest, "$patch")]
    [InlineData("application/json-patch+json", """[{"op":"test","path":"/spec/nets/0","value":"x"}]""", HttpStatusCode.UnprocessableEntity, "another")]
    [InlineData("application/json-patch+json", """[{"op":"remove","path":"/spec/nothing"}]""", HttpStatusCode.BadRequest, "/spec/nothing")]
    [InlineData("application/json-patch+json", """[{"op":"jump","path":"/"}]""", HttpStatusCode.BadRequest, "op must be")]
    public async Task Patch_Faulty_IsRefusedAndChangesNothing(string type, string patch, HttpStatusCode expected, string words)
    {
        string name = server.NewName();
        JsonNode created = await server.CreateAsync(Sets, Set(name));
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("PATCH", $"{Sets}/{name}", patch, type);
        Assert.Equal(expected, code);
        Assert.Contains(words, (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal(created.ToJsonString(), (await server.SendAsync("GET", $"{Sets}/{name}")).Body.ToJsonString());
    }

    [Fact]
    public async Task Patch_Concurrent_LosesNone()
    {
        string name = server.NewName();
        await server.CreateAsync(Sets, Set(name));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
            Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("PATCH", $"{Sets}/{name}", $$$"""{"metadata":{"labels":{"l{{{i}}}":"x"} } }""", "application/merge-patch+json")).Code)));
        Assert.Equal(10, (await server.SendAsync("GET", $"{Sets}/{name}")).Body["metadata"]!["labels"]!.AsObject().Count);
    }

    [Fact]
    public async Task Delete_GivesStatusWithUid_ThenNotFound()
    {
        JsonNode created = await server.CreateAsync(Sets, Set(server.NewName()));
        string path = $"{Sets}/{created["metadata"]!["name"]}";
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("DELETE", path, """{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"}""");
        Assert.Equal((HttpStatusCode.OK, "Success", (string?)created["metadata"]!["uid"]), (code, (string?)status["status"], (string?)status["details"]!["uid"]));
        (code, status) = await server.SendAsync("GET", path);
        Assert.Equal((HttpStatusCode.NotFound, "NotFound", "globalnetworksets"), (code, (string?)status["reason"], (string?)status["details"]!["kind"]));
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("DELETE", path)).Code);
    }

    [Fact]
    public async Task Delete_Precondition_MustHold()
    {
        JsonNode created = await server.CreateAsync(Sets, Set(server.NewName()));
        string path = $"{Sets}/{created["metadata"]!["name"]}";
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync("DELETE", path, """{"preconditions":{"uid":"another"}}""")).Code);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", path, $$$"""{"preconditions":{"uid":"{{{created["metadata"]!["uid"]}}}"} }""")).Code);
    }

    [Fact]
    public async Task DeleteCollection_TakesOnlyWhatIsSelected()
    {
        string label = server.NewName("l");
        foreach (string value in (string[])["a", "a", "b"])
        {
            await server.CreateAsync(Policies, $$$"""{"metadata":{"name":"{{{server.NewName()}}}","labels":{"{{{label}}}":"{{{value}}}"} } }""");
        }
        (HttpStatusCode code, JsonNode deleted) = await server.SendAsync("DELETE", $"{Policies}?labelSelector={label}%3Da");
        Assert.Equal((HttpStatusCode.OK, 2), (code, deleted["items"]!.AsArray().Count));
        Assert.Single((await server.SendAsync("GET", $"{Policies}?labelSelector={label}")).Body["items"]!.AsArray());
    }

    [Fact]
    public async Task DryRun_ChangesNothing()
    {
        string name = server.NewName();
        Assert.Equal(HttpStatusCode.Created, (await server.SendAsync("POST", $"{Sets}?dryRun=All", Set(name))).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("GET", $"{Sets}/{name}")).Code);
        JsonNode created = await server.CreateAsync(Sets, Set(name));
        (_, JsonNode patched) = await server.SendAsync("PATCH", $"{Sets}/{name}?dryRun=All", """{"spec":{"nets":null}}""", "application/merge-patch+json");
        Assert.Equal("{}", patched["spec"]!.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{Sets}/{name}?dryRun=All")).Code);
        Assert.Equal(created.ToJsonString(), (await server.SendAsync("GET", $"{Sets}/{name}")).Body.ToJsonString());
        Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync("DELETE", $"{Sets}/{name}?dryRun=Some")).Code);
    }

    [Fact]
    public async Task FieldValidation_StrictNamesAll_WarnWarns_IgnoreIsSilent()
    {
        string body = $$$"""{"metadata":{"name":"{{{server.NewName()}}}"},"spec":{"nest":[],"netz":[]},"more":1}""";
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", Sets, body);
        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Equal(["more", "spec.nest", "spec.netz"], status["details"]!["causes"]!.AsArray().Select(c => (string?)c!["field"]).Order(StringComparer.Ordinal));
        using HttpResponseMessage warned = await server.SendRawAsync("POST", $"{Sets}?fieldValidation=Warn&dryRun=All", body);
        Assert.Equal((HttpStatusCode.Created, 3), (warned.StatusCode, warned.Headers.GetValues("Warning").Count()));
        using HttpResponseMessage ignored = await server.SendRawAsync("POST", $"{Sets}?fieldValidation=Ignore&dryRun=All", body);
        Assert.Equal((HttpStatusCode.Created, false), (ignored.StatusCode, ignored.Headers.Contains("Warning")));
    }

    [Fact]
    public async Task Status_IsWrittenAtItsOwnPathOnly()
    {
        string name = server.NewName("node"), path = $"{RunningServer.Calico}/nodes/{name}";
        JsonNode created = await server.CreateAsync($"{RunningServer.Calico}/nodes", $$$"""{"metadata":{"name":"{{{name}}}"},"status":{"agentVersion":"9"} }""");
        Assert.Null(created["status"]);
        (HttpStatusCode code, JsonNode updated) = await server.SendAsync("PATCH", $"{path}/status", """{"status":{"agentVersion":"1.2"},"spec":{"bgp":{"asNumber":1}},"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json");
        Assert.Equal((HttpStatusCode.OK, "1.2", true, true), (code, (string?)updated["status"]!["agentVersion"], updated["spec"]!["bgp"] is null, updated["metadata"]!["labels"] is null));
        (_, JsonNode spec) = await server.SendAsync("PATCH", path, """{"status":{"agentVersion":"8"},"spec":{"bgp":{"asNumber":64513}}}""", "application/merge-patch+json");
        Assert.Equal(("1.2", 64513, 2), ((string?)spec["status"]!["agentVersion"], (int)spec["spec"]!["bgp"]!["asNumber"]!, (int)spec["metadata"]!["generation"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("GET", $"{Sets}/any/status")).Code);
    }
}
