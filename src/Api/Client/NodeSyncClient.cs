using System.Text.Json;
using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Api.Client;

/// <summary>What an agent asks of the server for its node: its view, and blocks of addresses.</summary>
public sealed class NodeSyncClient(MargayClient client, string node)
{
    private readonly string _base = $"/nodesync/v1/nodes/{Uri.EscapeDataString(node)}";

    /// <summary>
    /// One connection's worth of deltas, keep-alives included. The last item is the error that ended it; the caller keeps what it has, waits
    /// (<see cref="BackOffAsync"/>) and asks again with the last epoch and revision.
    /// </summary>
    public IAsyncEnumerable<ApiResult<ViewDelta>> ViewAsync(string? epoch, long? revision, CancellationToken cancel)
    {
        string query = epoch is null || revision is null ? "" : $"?epoch={Uri.EscapeDataString(epoch)}&revision={revision}";
        return JsonLines.ReadAsync(client.Transport, $"{_base}/view{query}", ApiJsonContext.Default.ViewDelta, cancel);
    }

    /// <summary>Asks for one more block. Not repeated by itself: a lost answer may have given one.</summary>
    public async Task<ApiResult<BlockClaimReply>> ClaimBlockAsync(BlockClaimRequest request, CancellationToken cancel = default)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(request, ApiJsonContext.Default.BlockClaimRequest);
        ApiResult<byte[]> answer = await client.Transport.SendAsync(HttpMethod.Post, $"{_base}/blocks", body, MediaType.Json, cancel);
        if (!answer.TryGet(out byte[] json, out ApiError error)) return error;
        try
        {
            return JsonSerializer.Deserialize(json, ApiJsonContext.Default.BlockClaimReply) ?? new BlockClaimReply();
        }
        catch (JsonException e)
        {
            return MargayClient.NotOurs(e);
        }
    }

    /// <summary>The pause before attempt number <paramref name="attempt"/> + 1, counted from 0: growing, jittered.</summary>
    public Task BackOffAsync(int attempt, CancellationToken cancel) => client.Transport.BackOffAsync(attempt, cancel);
}
