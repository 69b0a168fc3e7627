using System.Net;
using System.Text.Json.Nodes;
using Margay.Api.Resources;
using Margay.Api.Validation.Manifests;

namespace Margay.ApiServer.Tests;

/// <summary>Policy as users send it: the examples, tiers, and what the answers say.</summary>
public sealed class PolicyTests(RunningServer server) : IClassFixture<RunningServer>
{
    public static TheoryData<string> Examples() => [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "examples"), "*.yaml").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    private static string UrlOf(ResourceKind kind, string? ns) =>
        $"{(kind.Group.Length == 0 ? "/api/" : "/apis/")}{kind.ApiVersion}/{(kind.Namespaced ? $"namespaces/{ns}/" : "")}{kind.Plural}";

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Example_Applies(string file)
    {
        foreach (ManifestObject item in ManifestReader.Read(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "examples", file)), file))
        {
            (ResourceKind kind, Resource resource) = (item.Decoded.Kind!, item.Decoded.Resource!);
            (HttpStatusCode code, JsonNode body) = await server.SendAsync("POST", UrlOf(kind, resource.Namespace), item.Json!.Value.GetRawText());
            bool isThere = code == HttpStatusCode.Conflict && kind == ResourceKinds.Namespace;
            Assert.True(code == HttpStatusCode.Created || isThere, body.ToJsonString());
            (code, body) = await server.SendAsync("GET", $"{UrlOf(kind, resource.Namespace)}/{resource.Name}");
            Assert.Equal((HttpStatusCode.OK, kind.ApiVersion), (code, (string)body["apiVersion"]!));
        }
    }

    [Fact]
    public async Task ReservedTiers_AreThere_AndStay()
    {
        foreach ((string name, double order, string action) in new[] { ("default", 1e6, "Deny"), ("kube-admin", 1e3, "Pass"), ("kube-baseline", 1e7, "Pass") })
        {
            string path = $"/apis/projectcalico.org/v3/tiers/{name}";
            (_, JsonNode tier) = await server.SendAsync("GET", path);
            Assert.Equal((order, action), ((double)tier["spec"]!["order"]!, (string)tier["spec"]!["defaultAction"]!));
            Assert.Equal(HttpStatusCode.Forbidden, (await server.SendAsync("DELETE", path)).Code);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await server.SendAsync("PATCH", path, """{"spec":{"order":1}}""", "application/merge-patch+json")).Code);
        }
    }

    [Fact]
    public async Task Tier_GoesOnlyWhenItIsEmpty()
    {
        string tier = server.NewName("tier"), policy = server.NewName("gnp"), tiers = "/apis/projectcalico.org/v3/tiers", policies = "/apis/projectcalico.org/v3/globalnetworkpolicies";
        await server.SendAsync("POST", tiers, $$"""{"metadata":{"name":"{{tier}}"},"spec":{"order":7} }""");
        await server.SendAsync("POST", policies, $$"""{"metadata":{"name":"{{policy}}"},"spec":{"tier":"{{tier}}"} }""");
        (HttpStatusCode code, JsonNode refusal) = await server.SendAsync("DELETE", $"{tiers}/{tier}");
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Contains(policy, (string)refusal["message"]!, StringComparison.Ordinal);
        await server.SendAsync("DELETE", $"{policies}/{policy}");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{tiers}/{tier}")).Code);
    }

    [Fact]
    public async Task KindsOfOneName_AreKeptApart()
    {
        string name = server.NewName("np");
        Assert.Equal(HttpStatusCode.Created, (await server.SendAsync("POST", "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", $$"""{"metadata":{"name":"{{name}}"},"spec":{"podSelector":{} } }""")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync("GET", $"/apis/projectcalico.org/v3/namespaces/default/networkpolicies/{name}")).Code);
        Assert.Equal(HttpStatusCode.Created, (await server.SendAsync("POST", "/apis/projectcalico.org/v3/namespaces/default/networkpolicies", $$"""{"metadata":{"name":"{{name}}"},"spec":{} }""")).Code);
        (_, JsonNode kubernetes) = await server.SendAsync("GET", $"/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/{name}");
        Assert.Equal("Ingress", (string)kubernetes["spec"]!["policyTypes"]![0]!);
    }

    [Fact]
    public async Task WhatIsNotEnforced_StandsInTheStatus()
    {
        string name = server.NewName("np"), path = "/apis/projectcalico.org/v3/namespaces/default/networkpolicies";
        (_, JsonNode made) = await server.SendAsync("POST", path, $$"""{"metadata":{"name":"{{name}}"},"spec":{"ingress":[{"action":"Allow","http":{"methods":["GET"]} }]} }""");
        Assert.Equal("False", (string)made["status"]!["conditions"]![0]!["status"]!);
        (_, JsonNode changed) = await server.SendAsync("PATCH", $"{path}/{name}", """{"spec":{"ingress":[{"action":"Allow"}]}}""", "application/merge-patch+json");
        Assert.Equal("True", (string)changed["status"]!["conditions"]![0]!["status"]!);
    }
}
