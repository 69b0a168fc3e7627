using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Margay.ApiServer.Tests;

/// <summary>Clients that mean harm or are broken: a clear refusal, and the server goes on.</summary>
public sealed class HostileTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Sets = RunningServer.Calico + "/globalnetworksets";

    public static TheoryData<string, string> BadBodies() => new()
    {
        { "", "JSON" },
        { "{", "JSON" },
        { "nonsense", "JSON" },
        { "[]", "" },
        { "null", "" },
        { "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"nets\":\"10.0.0.0/8\"}}", "spec.nets" },
        { "{\"metadata\":[],\"spec\":1}", "metadata" },
        { "{\"metadata\":{\"name\":\"a\",\"name\":\"b\"}}", "name" },
        { "{\"kind\":\"IPPool\",\"metadata\":{\"name\":\"a\"}}", "kind" },
        { new string('[', 5000), "" },
        { "{\"spec\":" + string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 201), "" },
        { "{\"metadata\":{\"name\":\"\\ud800\"}}", "" },
        { "\0\u0001\ufffe", "" },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task Create_BadBody_Is4xxWithStatus(string body, string words)
    {
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", Sets, body);
        Assert.True(code is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity, $"{code}: {status.ToJsonString()}");
        Assert.Equal("Failure", (string?)status["status"]);
        Assert.Contains(words, (string?)status["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a: [1")]
    [InlineData("a: b\n---\nc: d")]
    [InlineData("&a [*a]")]
    [InlineData("a: &x [1,1,1,1,1,1,1,1,1]\nb: &y [*x,*x,*x,*x,*x,*x,*x,*x]\nc: &z [*y,*y,*y,*y,*y,*y,*y,*y]\nd: &w [*z,*z,*z,*z,*z,*z,*z,*z]\ne: &v [*w,*w,*w,*w,*w,*w,*w,*w]\nf: [*v,*v,*v,*v,*v,*v,*v,*v]")]
    public async Task Create_BadYaml_Is400(string body)
    {
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("POST", Sets, body, "application/yaml");
        Assert.True(code == HttpStatusCode.BadRequest, status.ToJsonString());
    }

    [Fact]
    public async Task Create_TooLarge_Is413()
    {
        string body = $$$"""{"metadata":{"name":"big","annotations":{"a":"{{{new string('x', 4_000_000)}}}"} } }""";
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.SendAsync("POST", Sets, body)).Code);
    }

    [Fact]
    public async Task Create_ChunkedWithoutEnd_IsCutOffAtTheLimit()
    {
        using TcpClient client = new();
        await client.ConnectAsync(server.Url.Host, server.Url.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {Sets} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"), TestContext.Current.CancellationToken);
        byte[] chunk = Encoding.ASCII.GetBytes("10000\r\n" + new string('a', 0x10000) + "\r\n");
        try
        {
            for (int i = 0; i < 200; i++) await stream.WriteAsync(chunk, TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // Cut off, as it should be.
        }
        await AssertAliveAsync();
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\n\r\n")]
    [InlineData("GET /api/v1/namespaces HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: -5\r\n\r\n")]
    public async Task Connection_Garbage_IsClosed(string bytes)
    {
        using TcpClient client = new();
        await client.ConnectAsync(server.Url.Host, server.Url.Port, TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(bytes), TestContext.Current.CancellationToken);
        byte[] answer = new byte[4096];
        int length = await stream.ReadAsync(answer, TestContext.Current.CancellationToken);
        Assert.Matches("^(HTTP/1.1 (400|505)|$)", Encoding.ASCII.GetString(answer, 0, length));
        await AssertAliveAsync();
    }

    [Fact]
    public async Task Watch_ClientsThatNeverRead_HoldNobodyUp()
    {
        List<TcpClient> deaf = [];
        for (int i = 0; i < 50; i++)
        {
            TcpClient client = new() { ReceiveBufferSize = 1024 };
            await client.ConnectAsync(server.Url.Host, server.Url.Port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {Sets}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n"), TestContext.Current.CancellationToken);
            deaf.Add(client);
        }
        string annotation = new('x', 20_000);
        string name = server.NewName("loud");
        await server.CreateAsync(Sets, $$$"""{"metadata":{"name":"{{{name}}}"} }""");
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("PATCH", $"{Sets}/{name}", $$$"""{"metadata":{"annotations":{"a":"{{{i}}}{{{annotation}}}"} } }""", "application/merge-patch+json")).Code);
        }
        foreach (TcpClient client in deaf) client.Dispose();
        await AssertAliveAsync();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/apis/projectcalico.org/v3/unknown")]
    [InlineData("/apis/projectcalico.org/v3/namespaces/default/ippools")]
    [InlineData("/apis/projectcalico.org/v3/networkpolicies/name-without-namespace")]
    [InlineData("/api/v1/namespaces/default/pods")]
    [InlineData("/apis/projectcalico.org/v3/ippools/a/b/c/d")]
    [InlineData("/apis/projectcalico.org/v3/ippools/..%2f..%2fetc")]
    public async Task Path_Unknown_Is404(string path)
    {
        (HttpStatusCode code, JsonNode status) = await server.SendAsync("GET", path);
        Assert.Equal((HttpStatusCode.NotFound, "NotFound"), (code, (string?)status["reason"]));
    }

    [Theory]
    [InlineData("PUT", "/api/v1/namespaces")]
    [InlineData("POST", "/api/v1/namespaces/default")]
    [InlineData("DELETE", RunningServer.Calico + "/networkpolicies")]
    [InlineData("PROPFIND", "/api/v1/namespaces")]
    public async Task Method_NotForThePath_Is405(string method, string path) =>
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await server.SendAsync(method, path)).Code);

    private async Task AssertAliveAsync() => Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("GET", "/api/v1/namespaces")).Code);
}
