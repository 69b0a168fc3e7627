using System.Net;
using System.Text.Json.Nodes;

namespace Margay.ApiServer.Tests;

/// <summary>Floating addresses at the server: of the operator's pools only, each once, chosen when not given, and given back.</summary>
public sealed class FloatingIPTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static int s_range;

    private static string FloatingOf(string ns) => $"/apis/margay.dev/v1/namespaces/{ns}/floatingips";

    private static string Floating(string name, string more = "") => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"network":"net","target":"10.0.0.5"{{{more}}}} }""";

    /// <summary>A namespace with a network, and a pool with four addresses.</summary>
    private async Task<(string Namespace, string Pool, string Range)> PlaceAsync()
    {
        string ns = server.NewName("ns"), pool = server.NewName("pool"), range = $"198.18.{Interlocked.Increment(ref s_range)}";
        await server.CreateAsync("/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{ns}}}"} }""");
        await server.CreateAsync($"/apis/margay.dev/v1/namespaces/{ns}/virtualnetworks", """{"metadata":{"name":"net"},"spec":{"subnets":[{"cidr":"10.0.0.0/24"}]} }""");
        await server.CreateAsync($"{RunningServer.Calico}/ippools", $$$"""{"metadata":{"name":"{{{pool}}}"},"spec":{"cidr":"{{{range}}}.0/30","blockSize":30,"allowedUses":["FloatingIP"]} }""");
        return (ns, pool, range);
    }

    private async Task<JsonNode> GiveAsync(string ns, string body)
    {
        (HttpStatusCode code, JsonNode made) = await server.SendAsync("POST", FloatingOf(ns), body);
        Assert.True(code == HttpStatusCode.Created, made.ToString());
        return made;
    }

    [Fact]
    public async Task Address_IsChosen_Kept_AndGivenBack()
    {
        (string ns, string pool, string range) = await PlaceAsync();
        string of = $",\"pool\":\"{pool}\"";
        JsonNode[] made = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => GiveAsync(ns, Floating($"f{i}", of))));
        Assert.Equal(Enumerable.Range(0, 4).Select(i => $"{range}.{i}"), made.Select(m => (string)m["spec"]!["address"]!).Order(StringComparer.Ordinal));
        (HttpStatusCode code, JsonNode refused) = await server.SendAsync("POST", FloatingOf(ns), Floating("f4", of));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "spec.address"), (code, (string?)refused["details"]!["causes"]![0]!["field"]));
        string kept = (string)made[0]["spec"]!["address"]!;
        (code, JsonNode changed) = await server.SendAsync("PUT", $"{FloatingOf(ns)}/f0", Floating("f0", of).Replace("10.0.0.5", "10.0.0.6", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.OK, kept), (code, (string?)changed["spec"]!["address"]));
        await server.SendAsync("DELETE", $"{FloatingOf(ns)}/f0");
        Assert.Equal(kept, (string?)(await GiveAsync(ns, Floating("f4", of)))["spec"]!["address"]);
    }

    [Fact]
    public async Task Address_IsOfAPoolForIt_AndOneTenants()
    {
        (string ns, _, string range) = await PlaceAsync();
        (string other, _, _) = await PlaceAsync();
        await GiveAsync(ns, Floating("a", $",\"address\":\"{range}.1\""));
        (HttpStatusCode code, JsonNode refused) = await server.SendAsync("POST", FloatingOf(other), Floating("a", $",\"address\":\"{range}.1\""));
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Contains($"{ns}/a", (string)refused["message"]!, StringComparison.Ordinal);
        (code, refused) = await server.SendAsync("POST", FloatingOf(ns), Floating("b", ",\"address\":\"192.0.2.1\""));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "spec.address"), (code, (string?)refused["details"]!["causes"]![0]!["field"]));
        (code, refused) = await server.SendAsync("POST", FloatingOf(ns), Floating("b", ",\"pool\":\"nowhere\""));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "spec.pool"), (code, (string?)refused["details"]!["causes"]![0]!["field"]));
        (code, refused) = await server.SendAsync("POST", FloatingOf(ns), Floating("b").Replace("\"net\"", "\"nonet\"", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "spec.network"), (code, (string?)refused["details"]!["causes"]![0]!["field"]));
    }

    [Fact]
    public async Task WhatItNeeds_Stays_AndItGoesWithItsNamespace()
    {
        (string ns, string pool, string range) = await PlaceAsync();
        await GiveAsync(ns, Floating("a", $",\"address\":\"{range}.1\""));
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync("DELETE", $"/apis/margay.dev/v1/namespaces/{ns}/virtualnetworks/net")).Code);
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync("DELETE", $"{RunningServer.Calico}/ippools/{pool}")).Code);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"/api/v1/namespaces/{ns}")).Code);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("DELETE", $"{RunningServer.Calico}/ippools/{pool}")).Code);
        (ns, _, _) = await PlaceAsync();
        await server.CreateAsync($"{RunningServer.Calico}/ippools", $$$"""{"metadata":{"name":"{{{pool}}}"},"spec":{"cidr":"{{{range}}}.0/30","blockSize":30,"allowedUses":["FloatingIP"]} }""");
        await GiveAsync(ns, Floating("a", $",\"address\":\"{range}.1\""));
    }
}
