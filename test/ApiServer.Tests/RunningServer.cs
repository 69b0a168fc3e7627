using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Margay.ApiServer.Options;

namespace Margay.ApiServer.Tests;

/// <summary>A server of its own on a free port of loopback, with a store in a temporary directory.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("margay-server-").FullName;
    private Server _server = null!;
    private int _names;

    public HttpClient Http { get; private set; } = null!;
    public Uri Url { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await Server.StartAsync(new ServerOptions { DataDirectory = _directory, Listen = [ListenAddress.Parse("http://127.0.0.1:0")], LogLevel = Microsoft.Extensions.Logging.LogLevel.Error, HistoryEvents = 500 }, TimeProvider.System);
        Url = new Uri(_server.Urls.Single());
        Http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    public const string Calico = "/apis/projectcalico.org/v3";

    public string NewName(string prefix = "x") => $"{prefix}-{Interlocked.Increment(ref _names)}";

    public async Task<(HttpStatusCode Code, JsonNode Body)> SendAsync(string method, string path, string? body = null, string contentType = "application/json", string? accept = null)
    {
        using HttpResponseMessage response = await SendRawAsync(method, path, body, contentType, accept);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, JsonNode.Parse(text)!);
    }

    public async Task<HttpResponseMessage> SendRawAsync(string method, string path, string? body = null, string contentType = "application/json", string? accept = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        if (body is not null)
        {
            // So that an early refusal is read instead of running into a closed connection.
            request.Headers.ExpectContinue = body.Length > 1_000_000;
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(contentType);
        }
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Creates an object that must be accepted.</summary>
    public async Task<JsonNode> CreateAsync(string path, string body)
    {
        (HttpStatusCode code, JsonNode created) = await SendAsync("POST", path, body);
        Assert.True(code == HttpStatusCode.Created, created.ToJsonString());
        return created;
    }

    /// <summary>Reads lines of a stream until <paramref name="enough"/> holds.</summary>
    public async Task<List<JsonNode>> ReadLinesAsync(string path, Func<List<JsonNode>, bool> enough, Func<Task>? whenOpen = null, string? accept = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        if (whenOpen is not null) await whenOpen();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20), TimeProvider.System);
        List<JsonNode> lines = [];
        while (!enough(lines) && await reader.ReadLineAsync(limit.Token) is { } line) lines.Add(JsonNode.Parse(line)!);
        return lines;
    }

}
