using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Margay.Api.Client;

/// <summary>Reads one JSON value per line from an endless answer.</summary>
internal static class JsonLines
{
    // A view of ten thousand endpoints is some ten megabytes.
    private const int MaxLineBytes = 256 * 1024 * 1024;

    /// <summary>Yields each value; the last item is the error that ended the stream, also when the server closed it in order.</summary>
    public static async IAsyncEnumerable<ApiResult<T>> ReadAsync<T>(
        ApiTransport transport, string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancel)
        where T : class
    {
        ApiResult<HttpResponseMessage> opened = await transport.OpenStreamAsync(path, cancel);
        if (!opened.TryGet(out HttpResponseMessage response, out ApiError error))
        {
            yield return error;
            yield break;
        }

        using (response)
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(cancel);
            var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
            while (true)
            {
                ApiResult<T> next = await NextAsync(transport, reader, type, cancel);
                yield return next;
                if (!next.IsOk) break;
            }

            await reader.CompleteAsync();
        }
    }

    private static async Task<ApiResult<T>> NextAsync<T>(ApiTransport transport, PipeReader reader, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        using var idle = new CancellationTokenSource(transport.Options.StreamIdleTimeout, transport.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancel);
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync(either.Token);
                if (read.Buffer.PositionOf((byte)'\n') is { } end)
                {
                    ReadOnlySequence<byte> line = read.Buffer.Slice(0, end);
                    T? value = line.IsEmpty ? null : Parse(line, type);
                    reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                    if (value is not null) return value;
                    continue;
                }

                if (read.IsCompleted) return Ended("the server closed the stream");
                if (read.Buffer.Length > MaxLineBytes) return Ended($"a line of the stream is longer than {MaxLineBytes} bytes");
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (JsonException e)
        {
            return MargayClient.NotOurs(e);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ApiError { Reason = ApiErrorReason.Timeout, Message = $"nothing came on the stream for {transport.Options.StreamIdleTimeout.TotalSeconds:0} s" };
        }
        catch (Exception e) when (ApiTransport.IsExpected(e, cancel))
        {
            return transport.Explain(e);
        }
    }

    private static T? Parse<T>(ReadOnlySequence<byte> line, JsonTypeInfo<T> type)
    {
        var json = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize(ref json, type);
    }

    private static ApiError Ended(string message) => new() { Reason = ApiErrorReason.Unreachable, Message = message };
}
