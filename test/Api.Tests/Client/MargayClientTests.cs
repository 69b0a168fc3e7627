using System.Net;
using Margay.Api.Client;
using Margay.Api.NodeSync;
using Margay.Api.Resources;
using Microsoft.Extensions.Time.Testing;

namespace Margay.Api.Tests.Client;

public sealed class MargayClientTests
{
    private const string Pool = """{"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p","resourceVersion":"7"},"spec":{"cidr":"10.0.0.0/8"}}""";
    private const string NotFound = """{"kind":"Status","status":"Failure","reason":"NotFound","message":"ippools \"p\" not found","code":404}""";

    private readonly FakeHandler _server = new();

    [Fact]
    public async Task Verbs_AskTheRightUrls()
    {
        using MargayClient client = Connect();
        var pool = new IPPool { Metadata = new ObjectMeta { Name = "p" }, Spec = new IPPoolSpec { Cidr = "10.0.0.0/8" } };
        var endpoint = new WorkloadEndpoint { Metadata = new ObjectMeta { Name = "w", Namespace = "prod" } };
        for (int i = 0; i < 3; i++) _server.Answer(HttpStatusCode.OK, Pool);
        for (int i = 0; i < 3; i++) _server.Answer(HttpStatusCode.OK, "{}");
        Assert.Equal("10.0.0.0/8", (await client.GetAsync<IPPool>(null, "p", Cancel)).Value.Spec.Cidr);
        Assert.Equal("7", (await client.CreateAsync(pool, Cancel)).Value.Metadata.ResourceVersion);
        Assert.True((await client.ReplaceAsync(pool, Cancel)).IsOk);
        Assert.True((await client.UpdateStatusAsync(endpoint, Cancel)).IsOk);
        Assert.True((await client.PatchAsync<WorkloadEndpoint>("prod", "w", "{}"u8.ToArray(), MediaType.MergePatch, Cancel)).IsOk);
        Assert.True((await client.DeleteAsync<Namespace>(null, "a/b", cancel: Cancel)).IsOk);
        Assert.Equal(
        [
            "GET /apis/projectcalico.org/v3/ippools/p", "POST /apis/projectcalico.org/v3/ippools", "PUT /apis/projectcalico.org/v3/ippools/p",
            "PUT /apis/projectcalico.org/v3/namespaces/prod/workloadendpoints/w/status", "PATCH /apis/projectcalico.org/v3/namespaces/prod/workloadendpoints/w", "DELETE /api/v1/namespaces/a%2Fb",
        ], _server.Requests);
        Assert.Equal("""application/json {"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"p"},"spec":{"cidr":"10.0.0.0/8"}}""", _server.Bodies[1]);
        Assert.StartsWith("application/merge-patch+json", _server.Bodies[4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_GivesTypedObjectsAndTheRevision()
    {
        using MargayClient client = Connect();
        _server.Answer(HttpStatusCode.OK, """{"kind":"IPPoolList","metadata":{"resourceVersion":"42"},"items":[""" + Pool + """,{"metadata":{"name":"q"}}]}""");
        ResourcePage<IPPool> page = (await client.ListAsync<IPPool>(null, "a=b,c!=d", Cancel)).Value;
        Assert.Equal(("42", 2, "IPPool"), (page.ResourceVersion, page.Items.Count, page.Items[1].Kind));
        Assert.Equal("GET /apis/projectcalico.org/v3/ippools?labelSelector=a%3Db%2Cc%21%3Dd", _server.Requests[0]);
    }

    [Theory]
    [InlineData(401, "", ApiErrorReason.Unauthorized)]
    [InlineData(403, "", ApiErrorReason.Forbidden)]
    [InlineData(404, NotFound, ApiErrorReason.NotFound)]
    [InlineData(409, """{"kind":"Status","reason":"AlreadyExists","message":"there is one"}""", ApiErrorReason.AlreadyExists)]
    [InlineData(409, """{"kind":"Status","reason":"Conflict","message":"it has changed"}""", ApiErrorReason.Conflict)]
    [InlineData(410, "", ApiErrorReason.Expired)]
    [InlineData(422, """{"kind":"Status","message":"bad","details":{"causes":[{"field":"spec.cidr","message":"is missing"}]}}""", ApiErrorReason.Invalid)]
    [InlineData(500, "<html>", ApiErrorReason.Server)]
    [InlineData(302, "", ApiErrorReason.Server)]
    public async Task Failures_AreValues(int code, string body, ApiErrorReason reason)
    {
        using MargayClient client = Connect();
        _server.Answer((HttpStatusCode)code, body);
        ApiError error = (await client.GetAsync<IPPool>(null, "p", Cancel)).Error!;
        Assert.Equal(reason, error.Reason);
        Assert.Equal(code == 422 ? 1 : 0, error.Causes.Count);
        Assert.NotEmpty(error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"spec\":5}")]
    public async Task Garbage_IsAnError(string body)
    {
        using MargayClient client = Connect();
        _server.Answer(HttpStatusCode.OK, body).Answer(HttpStatusCode.OK, body);
        Assert.Equal(ApiErrorReason.Server, (await client.GetAsync<IPPool>(null, "p", Cancel)).Error!.Reason);
        Assert.Equal(ApiErrorReason.Server, (await client.ListAsync<IPPool>(cancel: Cancel)).Error!.Reason);
    }

    [Fact]
    public async Task Unreachable_SafeRequestsAreRepeated_OthersAreNot()
    {
        using MargayClient client = Connect(retries: 2);
        _server.Break(new HttpRequestException("refused")).Break(new HttpRequestException("refused")).Answer(HttpStatusCode.OK, Pool);
        Assert.True((await client.GetAsync<IPPool>(null, "p", Cancel)).IsOk);
        Assert.Equal(3, _server.Requests.Count);
        _server.Break(new HttpRequestException("refused"));
        ApiError error = (await client.CreateAsync(new IPPool { Metadata = new ObjectMeta { Name = "p" } }, Cancel)).Error!;
        Assert.Equal(ApiErrorReason.Unreachable, error.Reason);
        Assert.Contains("http://127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, _server.Requests.Count);
    }

    [Fact]
    public async Task Delete_RepeatedAfterALostAnswer_IsDone()
    {
        using MargayClient client = Connect(retries: 1);
        _server.Break(new HttpRequestException("reset")).Answer(HttpStatusCode.NotFound, NotFound).Answer(HttpStatusCode.NotFound, NotFound);
        Assert.True((await client.DeleteAsync<IPPool>(null, "p", cancel: Cancel)).IsOk);
        Assert.Equal(ApiErrorReason.NotFound, (await client.DeleteAsync<IPPool>(null, "p", cancel: Cancel)).Error!.Reason);
    }

    [Fact]
    public async Task Timeout_SaysThatTheOutcomeIsNotKnown()
    {
        var time = new FakeTimeProvider();
        using var client = new MargayClient(Options with { RequestTimeout = TimeSpan.FromSeconds(30) }, time, new Random(1), _server);
        Task<ApiResult<IPPool>> call = client.GetAsync<IPPool>(null, "p", Cancel);
        time.Advance(TimeSpan.FromSeconds(31));
        ApiError error = (await call).Error!;
        Assert.Equal(ApiErrorReason.Timeout, error.Reason);
        Assert.Contains("not known", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warnings_AreHandedOn()
    {
        var warnings = new List<string>();
        using var client = new MargayClient(Options with { OnWarning = warnings.Add }, handler: _server);
        _server.Answer(HttpStatusCode.OK, Pool, r => r.Headers.TryAddWithoutValidation("Warning", "299 - \"spec.vxlanMode: no effect\""));
        await client.GetAsync<IPPool>(null, "p", Cancel);
        Assert.Equal(["spec.vxlanMode: no effect"], warnings);
    }

    [Fact]
    public async Task Token_IsSent_AndAMissingFileIsTold()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "secret\n", Cancel);
        string? seen = null;
        using (var client = new MargayClient(Options with { TokenFile = file }, handler: new Spy(r => seen = r.Headers.Authorization?.ToString()))) await client.GetAsync<IPPool>(null, "p", Cancel);
        Assert.Equal("Bearer secret", seen);
        File.Delete(file);
        using var without = new MargayClient(Options with { TokenFile = file }, handler: _server);
        ApiError error = (await without.GetAsync<IPPool>(null, "p", Cancel)).Error!;
        Assert.Equal(ApiErrorReason.Unauthorized, error.Reason);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_ListsThenFollows_ResumesAndRelists()
    {
        using MargayClient client = Connect();
        string Event(string type, string name, int revision) => "{\"type\":\"" + type + "\",\"object\":{\"metadata\":{\"name\":\"" + name + "\",\"resourceVersion\":\"" + revision + "\"}}}\n";
        string List(int revision) => $$$"""{"metadata":{"resourceVersion":"{{{revision}}}"},"items":[]}""";
        _server.Answer(HttpStatusCode.OK, List(10))
            .Answer(HttpStatusCode.OK, Event("ADDED", "a", 11) + Event("BOOKMARK", "", 20) + Event("DELETED", "a", 21))
            .Answer(HttpStatusCode.OK, Event("MODIFIED", "b", 22) + """{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}""" + "\n")
            .Answer(HttpStatusCode.OK, List(30))
            .Answer(HttpStatusCode.Gone, "")
            .Answer(HttpStatusCode.OK, List(40));
        var seen = new List<string>();
        await foreach (WatchUpdate<IPPool> update in client.WatchAsync<IPPool>(cancel: Cancel))
        {
            seen.Add($"{update.Type} {update.Object?.Name ?? update.Error?.Reason.ToString() ?? update.ResourceVersion}");
            if (update is { Type: WatchUpdateType.Listed, ResourceVersion: "40" }) break;
        }

        Assert.Equal(["Listed 10", "Added a", "Deleted a", "Failed Unreachable", "Modified b", "Failed Expired", "Listed 30", "Failed Expired", "Listed 40"], seen);
        Assert.Equal(["10", "21", "30"], _server.Requests.Where(r => r.Contains("watch=1", StringComparison.Ordinal)).Select(r => r[(r.LastIndexOf('=') + 1)..]));
    }

    [Fact]
    public async Task NodeSync_StreamsDeltas_AndEndsWithTheReason()
    {
        using MargayClient client = Connect();
        var sync = new NodeSyncClient(client, "n1");
        _server.Answer(HttpStatusCode.OK, "{\"epoch\":\"e\",\"revision\":1,\"snapshot\":true}\n\n{\"epoch\":\"e\",\"revision\":2}\nnonsense\n");
        List<ApiResult<ViewDelta>> items = await sync.ViewAsync("e", 1, Cancel).ToListAsync(Cancel);
        Assert.Equal([1, 2], items.Where(i => i.IsOk).Select(i => i.Value.Revision));
        Assert.Equal(ApiErrorReason.Server, items[^1].Error!.Reason);
        Assert.Equal("GET /nodesync/v1/nodes/n1/view?epoch=e&revision=1", _server.Requests[0]);
        _server.Answer(HttpStatusCode.OK, """{"block":{"cidr":"10.65.0.0/26","pool":"p"}}""");
        BlockClaimReply reply = (await sync.ClaimBlockAsync(new BlockClaimRequest { IpVersion = 4 }, Cancel)).Value;
        Assert.Equal("10.65.0.0/26", reply.Block!.Cidr);
        Assert.Equal("POST /nodesync/v1/nodes/n1/blocks", _server.Requests[1]);
    }

    private static ClientOptions Options { get; } = new() { Server = new Uri("http://127.0.0.1:1"), Retries = 0, FirstBackoff = TimeSpan.FromMilliseconds(1) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private MargayClient Connect(int retries = 0) => new(Options with { Retries = retries }, random: new Random(1), handler: _server);

    private sealed class Spy(Action<HttpRequestMessage> look) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            look(request);
            return Task.FromResult(new HttpResponseMessage { Content = new StringContent(Pool) });
        }
    }
}
