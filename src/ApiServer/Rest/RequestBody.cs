using System.Buffers;
using System.IO.Pipelines;

namespace Margay.ApiServer.Rest;

/// <summary>A body of a request, read whole and within bounds.</summary>
internal sealed record RequestBody(byte[] Bytes, string MediaType)
{
    /// <summary>Largest body taken, in bytes: that of Kubernetes, twice what etcd stores.</summary>
    public const int Limit = 3 * 1024 * 1024;

    public static async Task<Outcome<RequestBody>> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > Limit) return Statuses.TooLarge(Limit);
        string mediaType = (http.Request.ContentType ?? Replies.Json).Split(';', 2)[0].Trim().ToLowerInvariant();
        PipeReader reader = http.Request.BodyReader;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await reader.ReadAsync(http.RequestAborted).ConfigureAwait(false);
            }
            catch (BadHttpRequestException e)
            {
                // Too slow (408), badly chunked (400), …: Kestrel has closed the connection's reading side.
                return Statuses.BadRequest($"the request body could not be read: {e.Message}") with { Code = e.StatusCode };
            }
            if (read.Buffer.Length > Limit) return Statuses.TooLarge(Limit);
            if (read.IsCompleted)
            {
                byte[] bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return new RequestBody(bytes, mediaType);
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
