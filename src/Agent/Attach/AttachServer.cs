using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Api.Resources;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Attach;

/// <summary>How the socket treats its clients.</summary>
internal sealed record AttachServerOptions
{
    public required string SocketPath { get; init; }

    /// <summary>A client that connects must have said its request by then.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A client that does not take its reply is dropped.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Above the longest that an attach may take.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(35);

    /// <summary>More clients than this wait in the kernel's queue.</summary>
    public int MaxClients { get; init; } = 512;
}

/// <summary>
/// The agent's Unix socket: one request and one reply per connection, root and the agent's own user only. What clients send is never trusted: length,
/// JSON and fields are checked, and each wait has its limit.
/// </summary>
internal sealed class AttachServer : IDisposable
{
    private readonly AttachServerOptions _options;
    private readonly Func<AgentRequest, CancellationToken, Task<AgentReply>> _answer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly SemaphoreSlim _slots;

    public AttachServer(AttachServerOptions options, Func<AgentRequest, CancellationToken, Task<AgentReply>> answer, TimeProvider time, ILogger logger)
    {
        _options = options;
        _answer = answer;
        _time = time;
        _logger = logger;
        _slots = new SemaphoreSlim(options.MaxClients);
    }

    /// <summary>
    /// Binds the socket, in place of one that a dead agent left. The caller holds the state directory's lock, so no living one is displaced.
    /// <see cref="IOException"/> with the reason in words.
    /// </summary>
    public void Listen()
    {
        string path = _options.SocketPath;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Delete(path);
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _listener.Listen(backlog: 1024);
        }
        catch (Exception e) when (e is SocketException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"cannot listen on {path}: {e.Message}; choose another with --socket", e);
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await _slots.WaitAsync(cancel).ConfigureAwait(false);
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(cancel).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                // Out of descriptors: those of others come back.
                _slots.Release();
                Log.SocketClient(_logger, e.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancel).ConfigureAwait(false);
                continue;
            }
            _ = ServeAsync(client, cancel);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancel)
    {
        try
        {
            using (client)
            {
                AgentReply reply = await HandleAsync(client, cancel).ConfigureAwait(false);
                byte[] frame = AgentFrame.Encode(JsonSerializer.SerializeToUtf8Bytes(reply, ApiJsonContext.Default.AgentReply));
                using CancellationTokenSource limit = Limit(_options.ReplyTimeout, cancel);
                for (ReadOnlyMemory<byte> rest = frame; !rest.IsEmpty;) rest = rest[await client.SendAsync(rest, limit.Token).ConfigureAwait(false)..];
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone; what it asked for stands, and asking again gives the same answer.
            if (!cancel.IsCancellationRequested) Log.SocketClient(_logger, e.Message);
        }
#pragma warning disable CA1031 // the boundary at which a bug is contained
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Bug(_logger, "attach socket", e);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<AgentReply> HandleAsync(Socket client, CancellationToken cancel)
    {
        if (PeerCredentials.Of(client) is not { } peer || (peer.UserId != 0 && peer.UserId != PeerCredentials.OwnUserId))
            return Refuse(Errors.InvalidRequest("only root may ask the agent"));
        AgentRequest? request;
        try
        {
            using CancellationTokenSource limit = Limit(_options.RequestTimeout, cancel);
            byte[] header = new byte[AgentFrame.HeaderLength];
            if (!await FillAsync(client, header, limit.Token).ConfigureAwait(false)) return Refuse(Errors.InvalidRequest("the connection was closed before a request came"));
            if (!AgentFrame.TryReadHeader(header, out int length))
                return Refuse(Errors.InvalidRequest(string.Create(CultureInfo.InvariantCulture, $"a request has 1 to {AgentFrame.MaxLength} bytes, preceded by their number as 4 bytes, big-endian")));
            byte[] json = new byte[length];
            if (!await FillAsync(client, json, limit.Token).ConfigureAwait(false)) return Refuse(Errors.InvalidRequest("the connection was closed within the request"));
            request = JsonSerializer.Deserialize(json, ApiJsonContext.Default.AgentRequest);
        }
        catch (JsonException e)
        {
            return Refuse(Errors.InvalidRequest($"the request is not understood: {e.Message}"));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Refuse(Errors.Timeout($"no request came within {_options.RequestTimeout.TotalSeconds:0} s"));
        }
        object?[] members = [request?.Attach, request?.Detach, request?.Check, request?.Query];
        if (members.Count(m => m is not null) != 1) return Refuse(Errors.InvalidRequest("a request has exactly one of attach, detach, check and query"));
        using CancellationTokenSource answerLimit = Limit(_options.AnswerTimeout, cancel);
        try
        {
            return await _answer(request!, answerLimit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Refuse(Errors.Timeout($"no answer within {_options.AnswerTimeout.TotalSeconds:0} s; what was asked for goes on, ask again"));
        }
    }

    private static async ValueTask<bool> FillAsync(Socket client, Memory<byte> buffer, CancellationToken cancel)
    {
        while (!buffer.IsEmpty)
        {
            int received = await client.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (received == 0) return false;
            buffer = buffer[received..];
        }
        return true;
    }

    private CancellationTokenSource Limit(TimeSpan span, CancellationToken cancel)
    {
        CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        source.CancelAfter(span);
        return source;
    }

    private static AgentReply Refuse(AgentError error) => new() { Error = error };

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_options.SocketPath);
        _slots.Dispose();
    }
}
