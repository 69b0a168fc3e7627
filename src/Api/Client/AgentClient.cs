using System.Net.Sockets;
using System.Text.Json;
using Margay.Api.Attach;
using Margay.Api.Resources;

namespace Margay.Api.Client;

/// <summary>
/// Asks the agent on this host, by its Unix socket: one connection, one request, one reply. Synchronous, because those who ask (a CNI
/// plugin, a command) have nothing else to do and start faster without a thread pool.
/// </summary>
/// <param name="socketPath">Where the agent listens.</param>
/// <param name="timeout">For sending, and again for the reply. 60 s when not given.</param>
public sealed class AgentClient(string socketPath, TimeSpan? timeout = null)
{
    public const string DefaultSocket = "/run/margay/agent.sock";

    /// <summary>Never throws for what the agent does: the reply carries the error.</summary>
    public AgentReply Ask(AgentRequest request)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(request, ApiJsonContext.Default.AgentRequest);
        if (json.Length > AgentFrame.MaxLength) return Failed("InvalidRequest", $"the request has {json.Length} bytes, at most {AgentFrame.MaxLength} are allowed", retry: false);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.SendTimeout = socket.ReceiveTimeout = (int)(timeout ?? TimeSpan.FromSeconds(60)).TotalMilliseconds;
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            for (ReadOnlyMemory<byte> rest = AgentFrame.Encode(json); !rest.IsEmpty;) rest = rest[socket.Send(rest.Span)..];
            return ReadReply(socket);
        }
        catch (SocketException e)
        {
            return Explain(e);
        }
        catch (ArgumentException e)
        {
            // The path does not fit into a socket address.
            return Failed("InvalidRequest", $"{socketPath}: {e.Message}", retry: false);
        }
    }

    /// <summary>Asks the agent about itself.</summary>
    public AgentReply Query(string topic, string? argument = null) =>
        Ask(new AgentRequest { Query = new QueryRequest { Topic = topic, Argument = argument } });

    private static AgentReply ReadReply(Socket socket)
    {
        Span<byte> header = stackalloc byte[AgentFrame.HeaderLength];
        if (!TryFill(socket, header)) return Failed("Internal", "the agent closed the connection without a reply; see its log", retry: true);
        if (!AgentFrame.TryReadHeader(header, out int length)) return Failed("Internal", "what answers on the socket is not margay-agent", retry: false);
        byte[] json = new byte[length];
        if (!TryFill(socket, json)) return Failed("Internal", "the agent closed the connection within its reply; see its log", retry: true);
        try
        {
            return JsonSerializer.Deserialize(json, ApiJsonContext.Default.AgentReply) ?? Failed("Internal", "the agent's reply is empty", retry: false);
        }
        catch (JsonException e)
        {
            return Failed("Internal", $"the agent's reply is not understood: {e.Message}", retry: false);
        }
    }

    private static bool TryFill(Socket socket, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int received = socket.Receive(buffer);
            if (received == 0) return false;
            buffer = buffer[received..];
        }

        return true;
    }

    private AgentReply Explain(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.TimedOut or SocketError.WouldBlock => Failed("Timeout", $"the agent at {socketPath} did not answer in time", retry: true),
        SocketError.AccessDenied => Failed("Unreachable", $"no permission for the agent's socket {socketPath}: run this as root", retry: false),
        SocketError.AddressNotAvailable => Failed("Unreachable", $"there is no socket {socketPath}: is margay-agent running on this host? Another path is given with --agent-socket", retry: true),
        _ => Failed("Unreachable", $"cannot reach the agent at {socketPath}: {e.Message} (is margay-agent running?)", retry: true),
    };

    private static AgentReply Failed(string code, string message, bool retry) =>
        new() { Error = new AgentError { Code = code, Message = message, Retry = retry } };
}
