using System.Net.Sockets;
using System.Text;
using Margay.Agent.Attach;
using Margay.Api.Attach;
using Margay.Api.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Agent.Tests.Attach;

/// <summary>Clients that mean ill, or are broken: each gets its answer or is dropped, and the next one is served.</summary>
public sealed class AttachServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly AttachServer _server;

    public AttachServerTests()
    {
        AttachServerOptions options = new() { SocketPath = _folder.File("run/agent.sock"), RequestTimeout = TimeSpan.FromMilliseconds(300), MaxClients = 4 };
        _server = new AttachServer(options, (request, _) => Task.FromResult(new AgentReply { Query = new QueryReply { Text = request.Query?.Topic } }), TimeProvider.System, NullLogger.Instance);
        _server.Listen();
        _ = _server.RunAsync(_stop.Token);
    }

    private string Path => _folder.File("run/agent.sock");

    [Fact]
    public void ARequest_IsAnswered() => Assert.Equal("status", new AgentClient(Path).Query("status").Query!.Text);

    [Fact]
    public void TheSocket_IsForItsOwnerOnly() => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 }, "1 to 1048576 bytes")]
    [InlineData(new byte[] { 255, 255, 255, 255 }, "1 to 1048576 bytes")]
    [InlineData(new byte[] { 0, 32, 0, 0 }, "1 to 1048576 bytes")]
    [InlineData(new byte[] { 0, 0, 0, 2, (byte)'{', (byte)'}' }, "exactly one of")]
    [InlineData(new byte[] { 0, 0, 0, 4, (byte)'n', (byte)'u', (byte)'l', (byte)'l' }, "exactly one of")]
    [InlineData(new byte[] { 0, 0, 0, 3, (byte)'{', (byte)'"', 255 }, "not understood")]
    public void NonsenseBytes_GetAnError(byte[] bytes, string expected)
    {
        AgentReply reply = Exchange(bytes);
        Assert.Equal("InvalidRequest", reply.Error!.Code);
        Assert.Contains(expected, reply.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoRequestsInOne_AreRefused() =>
        Assert.Equal("InvalidRequest", Exchange(AgentFrame.Encode("""{"query":{"topic":"a"},"detach":{"containerId":"c","interface":"e"}}"""u8)).Error!.Code);

    [Fact]
    public void ASilentClient_IsToldSo() => Assert.Equal("Timeout", Exchange([0, 0, 0]).Error!.Code);

    [Fact]
    public void ManySilentClients_DoNotKeepOthersOut()
    {
        List<Socket> silent = [.. Enumerable.Range(0, 20).Select(_ => Connect())];
        Assert.Equal("status", new AgentClient(Path, TimeSpan.FromSeconds(10)).Query("status").Query!.Text);
        silent.ForEach(s => s.Dispose());
    }

    [Fact]
    public void ASocketLeftByADeadAgent_GivesWay()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("agent.sock");
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)) dead.Bind(new UnixDomainSocketEndPoint(path));
        File.WriteAllText(path + ".x", "");
        using AttachServer server = new(new AttachServerOptions { SocketPath = path }, (_, _) => Task.FromResult(new AgentReply()), TimeProvider.System, NullLogger.Instance);
        server.Listen();
    }

    [Fact]
    public void APathThatIsTooLong_IsSaid()
    {
        using AttachServer server = new(new AttachServerOptions { SocketPath = _folder.File(new string('x', 120)) }, (_, _) => Task.FromResult(new AgentReply()), TimeProvider.System, NullLogger.Instance);
        Assert.Contains("--socket", Assert.Throws<IOException>(server.Listen).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _server.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    private Socket Connect()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Path));
        return socket;
    }

    private AgentReply Exchange(byte[] bytes)
    {
        using Socket socket = Connect();
        socket.Send(bytes);
        using NetworkStream stream = new(socket);
        byte[] header = new byte[4];
        stream.ReadExactly(header);
        Assert.True(AgentFrame.TryReadHeader(header, out int length));
        byte[] json = new byte[length];
        stream.ReadExactly(json);
        return System.Text.Json.JsonSerializer.Deserialize(Encoding.UTF8.GetString(json), Api.Resources.ApiJsonContext.Default.AgentReply)!;
    }
}
