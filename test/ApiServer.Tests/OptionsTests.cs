using System.Net;
using System.Net.Http.Headers;
using Margay.ApiServer.Options;

namespace Margay.ApiServer.Tests;

/// <summary>Options and tokens.</summary>
public sealed class OptionsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("margay-options-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static ServerOptions With(string listen) => new() { Listen = [ListenAddress.Parse(listen)] };

    [Theory]
    [InlineData("http://127.0.0.1:7443", true)]
    [InlineData("http://[::1]:7443", true)]
    [InlineData("http://localhost:7443", true)]
    [InlineData("http://*:7443", false)]
    [InlineData("https://192.0.2.1:7443", false)]
    public void Listen_Addresses_AreUnderstood(string text, bool loopback) => Assert.Equal(loopback, ListenAddress.Parse(text).IsLoopback);

    [Theory]
    [InlineData("7443")]
    [InlineData("ftp://127.0.0.1:1")]
    [InlineData("http://name.example:1")]
    [InlineData("http://127.0.0.1:1/path")]
    public void Listen_Faulty_NamesTheOption(string text) => Assert.StartsWith("--listen: ", Assert.Throws<OptionException>(() => ListenAddress.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Listen_BeyondLoopback_NeedsATokenOrAnExplicitNo()
    {
        ServerOptions options = With("http://0.0.0.0:7443");
        Assert.Contains("--no-auth", Assert.Throws<OptionException>(options.Check).Message, StringComparison.Ordinal);
        (options with { NoAuth = true }).Check();
        (options with { TokenFile = "f" }).Check();
        Assert.Throws<OptionException>((options with { TokenFile = "f", NoAuth = true }).Check);
        Assert.Throws<OptionException>((With("https://127.0.0.1:1") with { TlsCertificate = "c" }).Check);
        Assert.Throws<OptionException>(With("https://127.0.0.1:1").Check);
        With("http://127.0.0.1:7443").Check();
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n\n")]
    [InlineData("short\n")]
    public void TokenFile_WithoutAUsableToken_IsRefused(string content)
    {
        string path = Path.Combine(_directory, "tokens");
        File.WriteAllText(path, content);
        Assert.StartsWith("--token-file: ", Assert.Throws<OptionException>(() => Auth.BearerTokens.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TokenFile_Missing_IsRefused() => Assert.Throws<OptionException>(() => Auth.BearerTokens.Read(Path.Combine(_directory, "none")));

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("Bearer", false)]
    [InlineData("Bearer wrong-token-of-some-length", false)]
    [InlineData("Basic first-token-0123456789", false)]
    [InlineData("Bearer first-token-0123456789", true)]
    [InlineData("bearer second-token-0123456789", true)]
    public void Token_IsAcceptedOrNot(string? header, bool accepted)
    {
        string path = Path.Combine(_directory, "tokens");
        File.WriteAllText(path, "# tokens\nfirst-token-0123456789\n\nsecond-token-0123456789\n");
        Assert.Equal(accepted, Auth.BearerTokens.Read(path).Accept(header));
    }

    [Fact]
    public async Task Server_WithTokens_RefusesOthersExceptForHealth()
    {
        string path = Path.Combine(_directory, "tokens");
        await File.WriteAllTextAsync(path, "first-token-0123456789\n", TestContext.Current.CancellationToken);
        ServerOptions options = With("http://127.0.0.1:0") with { TokenFile = path, DataDirectory = Path.Combine(_directory, "data"), LogLevel = Microsoft.Extensions.Logging.LogLevel.Error };
        await using Server server = await Server.StartAsync(options, TimeProvider.System);
        using HttpClient http = new() { BaseAddress = new Uri(server.Urls.Single()) };
        async Task<HttpStatusCode> GetAsync(string url) => (await http.GetAsync(url, TestContext.Current.CancellationToken)).StatusCode;
        foreach (string url in (string[])["/api", "/api/v1/namespaces", "/metrics", "/nodesync/v1/nodes/n/view", "/nothing"]) Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(url));
        Assert.Equal(HttpStatusCode.OK, await GetAsync("/healthz"));
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "first-token-0123456789");
        Assert.Equal(HttpStatusCode.OK, await GetAsync("/api/v1/namespaces"));
    }

    [Fact]
    public async Task Server_Stopping_EndsWatchesCleanly()
    {
        ServerOptions options = With("http://127.0.0.1:0") with { DataDirectory = Path.Combine(_directory, "data"), LogLevel = Microsoft.Extensions.Logging.LogLevel.Error };
        Server server = await Server.StartAsync(options, TimeProvider.System);
        using HttpClient http = new() { BaseAddress = new Uri(server.Urls.Single()) };
        using HttpResponseMessage watch = await http.GetAsync("/api/v1/namespaces?watch=1&allowWatchBookmarks=true", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using HttpResponseMessage view = await http.GetAsync("/nodesync/v1/nodes/n/view", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Task<string> told = watch.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), lines = view.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        await server.DisposeAsync();
        // A chunked body that was cut would throw here.
        Assert.Contains("BOOKMARK", await told, StringComparison.Ordinal);
        Assert.Contains("snapshot", await lines, StringComparison.Ordinal);
    }
}
