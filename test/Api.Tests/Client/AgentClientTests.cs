using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Api.Resources;

namespace Margay.Api.Tests.Client;

public sealed class AgentClientTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"margay-test-{Guid.NewGuid():N}.sock");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public async Task Ask_SendsOneFrame_AndReadsOne()
    {
        byte[] reply = JsonSerializer.SerializeToUtf8Bytes(new AgentReply { Query = new QueryReply { Text = new string('x', 100_000) } }, ApiJsonContext.Default.AgentReply);
        Task<AgentRequest> seen = Serve(AgentFrame.Encode(reply));
        AgentReply answer = new AgentClient(_path).Query("status", "arg");
        Assert.Equal(100_000, answer.Query!.Text!.Length);
        Assert.Equal(("status", "arg"), ((await seen).Query!.Topic, (await seen).Query!.Argument));
    }

    [Theory]
    [InlineData(new byte[0], "without a reply")]
    [InlineData(new byte[] { 0, 0, 0, 9, (byte)'{' }, "within its reply")]
    [InlineData(new byte[] { 0x7f, 0, 0, 0 }, "not margay-agent")]
    [InlineData(new byte[] { 0, 0, 0, 0 }, "not margay-agent")]
    [InlineData(new byte[] { 0, 0, 0, 1, (byte)'x' }, "not understood")]
    public async Task Ask_BrokenReplies_AreErrors(byte[] bytes, string message)
    {
        Task<AgentRequest> seen = Serve(bytes);
        AgentReply answer = new AgentClient(_path).Query("status");
        Assert.Contains(message, answer.Error!.Message, StringComparison.Ordinal);
        await seen;
    }

    [Fact]
    public void Ask_NoSocket_SaysWhatToDo()
    {
        AgentError error = new AgentClient(_path).Query("status").Error!;
        Assert.Equal("Unreachable", error.Code);
        Assert.Contains("--agent-socket", error.Message, StringComparison.Ordinal);
        Assert.NotNull(new AgentClient(new string('x', 500)).Query("status").Error);
    }

    [Fact]
    public void Ask_SilentAgent_TimesOut()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
        Assert.Equal("Timeout", new AgentClient(_path, TimeSpan.FromMilliseconds(50)).Query("status").Error!.Code);
    }

    [Fact]
    public void Ask_TooLong_IsRefusedBeforeSending() =>
        Assert.Equal("InvalidRequest", new AgentClient(_path).Query("status", new string('x', AgentFrame.MaxLength)).Error!.Code);

    private Task<AgentRequest> Serve(byte[] reply)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        _listener.Listen();
        return Task.Run(() =>
        {
            using Socket connection = _listener.Accept();
            byte[] buffer = new byte[4096];
            int length = 0;
            while (length < 4 || length < 4 + ((buffer[2] << 8) | buffer[3])) length += connection.Receive(buffer.AsSpan(length));
            connection.Send(reply);
            return JsonSerializer.Deserialize(Encoding.UTF8.GetString(buffer, 4, length - 4), ApiJsonContext.Default.AgentRequest)!;
        });
    }
}
