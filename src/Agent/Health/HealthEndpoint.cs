using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Margay.Agent.Health;

/// <summary>An answer to a probe.</summary>
internal readonly record struct HealthAnswer(int Status, string Body);

/// <summary>
/// /metrics, /readyz and /livez over HTTP/1.1: GET only, one request per connection. A web server would be the larger part of this
/// process's memory (docs/decisions/0072). Bound to loopback unless the operator says otherwise.
/// </summary>
internal sealed class HealthEndpoint(IPEndPoint address, Func<string, CancellationToken, Task<HealthAnswer?>> answer, TimeProvider time) : IDisposable
{
    private const int MaxRequest = 8192;
    private const int MaxClients = 16;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener = new(address);
    private readonly SemaphoreSlim _slots = new(MaxClients);

    /// <summary><see cref="IOException"/> with the remedy when the address cannot be bound.</summary>
    public void Listen()
    {
        try
        {
            _listener.Start();
        }
        catch (SocketException e)
        {
            throw new IOException($"cannot listen on {address} for metrics: {e.Message}; choose another address with --metrics-listen, or none", e);
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await _slots.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                Socket client = await _listener.AcceptSocketAsync(cancel).ConfigureAwait(false);
                _ = ServeAsync(client, cancel);
            }
            catch (SocketException)
            {
                _slots.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancel)
    {
        try
        {
            using Socket socket = client;
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(s_limit);
            string? path = await ReadPathAsync(socket, limit.Token).ConfigureAwait(false);
            HealthAnswer given = path is null ? new HealthAnswer(400, "only GET is answered\n") : await answer(path, limit.Token).ConfigureAwait(false) ?? new HealthAnswer(404, "not found\n");
            byte[] body = Encoding.UTF8.GetBytes(given.Body);
            byte[] head = Encoding.ASCII.GetBytes(
                $"HTTP/1.1 {given.Status} {(given.Status == 200 ? "OK" : "Error")}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
            await socket.SendAsync((ReadOnlyMemory<byte>)(byte[])[.. head, .. body], limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // A client that left is nobody's trouble.
        }
        finally
        {
            _slots.Release();
        }
    }

    private static async Task<string?> ReadPathAsync(Socket socket, CancellationToken cancel)
    {
        byte[] buffer = new byte[MaxRequest];
        int used = 0;
        while (used < buffer.Length)
        {
            int n = await socket.ReceiveAsync(buffer.AsMemory(used), cancel).ConfigureAwait(false);
            if (n == 0) return null;
            used += n;
            if (buffer.AsSpan(0, used).IndexOf("\r\n\r\n"u8) < 0) continue;
            string[] words = Encoding.ASCII.GetString(buffer.AsSpan(0, buffer.AsSpan(0, used).IndexOf("\r\n"u8))).Split(' ');
            return words is ["GET", var target, _] ? target.Split('?')[0] : null;
        }
        return null;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _slots.Dispose();
    }
}
