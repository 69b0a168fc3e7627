using System.Globalization;
using Margay.Agent.Attach;
using Margay.Api.Attach;
using Margay.Api.Client;
using Margay.Api.NodeSync;
using Margay.Api.Resources;

namespace Margay.Agent.Sync;

/// <summary>What the agent writes at the server, with the answers put in terms of an attachment. Thread-safe.</summary>
internal sealed class ServerWrites(MargayClient client, NodeSyncClient nodeSync, StatusReporter statuses)
{
    /// <summary>Creates the object. One of the same attachment that is there already (its reply was lost, or the agent died) is renewed.</summary>
    public async Task<WriteOutcome> WriteEndpointAsync(WorkloadEndpoint endpoint)
    {
        ApiResult<WorkloadEndpoint> created = await client.CreateAsync(endpoint).ConfigureAwait(false);
        if (created.IsOk) return Written(created.Value);
        if (created.Error!.Reason != ApiErrorReason.AlreadyExists) return Failed(created.Error);

        ApiResult<WorkloadEndpoint> there = await client.GetAsync<WorkloadEndpoint>(endpoint.Namespace, endpoint.Name).ConfigureAwait(false);
        if (!there.TryGet(out WorkloadEndpoint existing, out ApiError error)) return Failed(error);
        if (existing.Spec.ContainerID != endpoint.Spec.ContainerID || existing.Spec.Endpoint != endpoint.Spec.Endpoint || existing.Spec.Node != endpoint.Spec.Node)
        {
            return WriteOutcome.Failed(WriteResult.Collision,
                $"WorkloadEndpoint {endpoint.Namespace}/{endpoint.Name} is that of container {existing.Spec.ContainerID} on node {existing.Spec.Node}; delete it if that container is gone");
        }
        ApiResult<WorkloadEndpoint> replaced = await client.ReplaceAsync(endpoint with
        {
            Metadata = endpoint.Metadata with { ResourceVersion = existing.Metadata.ResourceVersion },
        }).ConfigureAwait(false);
        return replaced.IsOk ? Written(replaced.Value) : Failed(replaced.Error!);
    }

    /// <summary>Null when the object is gone, or is not this attachment's.</summary>
    public async Task<string?> DeleteEndpointAsync(AttachmentRecord record)
    {
        statuses.Forget(record.Namespace, record.Name);
        if (record.Uid is { } known)
        {
            ApiResult<bool> asKnown = await client.DeleteAsync<WorkloadEndpoint>(record.Namespace, record.Name, known).ConfigureAwait(false);
            if (IsGone(asKnown)) return null;
            if (asKnown.Error!.Reason != ApiErrorReason.Conflict) return asKnown.Error.Message;
        }
        // The answer to its creation was lost, or it was written anew since: what is there tells whose it is.
        ApiResult<WorkloadEndpoint> there = await client.GetAsync<WorkloadEndpoint>(record.Namespace, record.Name).ConfigureAwait(false);
        if (!there.TryGet(out WorkloadEndpoint endpoint, out ApiError error)) return error.Reason == ApiErrorReason.NotFound ? null : error.Message;
        if (endpoint.Spec.ContainerID != record.ContainerId || endpoint.Spec.Endpoint != record.Interface) return null;
        ApiResult<bool> deleted = await client.DeleteAsync<WorkloadEndpoint>(record.Namespace, record.Name, endpoint.Metadata.Uid).ConfigureAwait(false);
        return IsGone(deleted) ? null : deleted.Error!.Message;
    }

    /// <summary>Neither when there is none.</summary>
    public async Task<(WorkloadEndpoint? Endpoint, string? Error)> ReadEndpointAsync(string ns, string name)
    {
        ApiResult<WorkloadEndpoint> read = await client.GetAsync<WorkloadEndpoint>(ns, name).ConfigureAwait(false);
        if (read.TryGet(out WorkloadEndpoint endpoint, out ApiError error)) return (endpoint, null);
        return (null, error.Reason == ApiErrorReason.NotFound ? null : error.Message);
    }

    public async Task<(BlockView? Block, AgentError? Error)> ClaimBlockAsync(BlockClaim claim)
    {
        ApiResult<BlockClaimReply> answer = await nodeSync.ClaimBlockAsync(new BlockClaimRequest
        {
            Network = claim.Network.Value,
            IpVersion = claim.IsIPv6 ? 6 : 4,
            Address = claim.Address?.ToString(),
            Pools = claim.Pools.Length == 0 ? null : claim.Pools.Split(','),
        }).ConfigureAwait(false);
        if (!answer.TryGet(out BlockClaimReply reply, out ApiError error)) return (null, Errors.ServerUnreachable($"no address block: {error.Message}"));
        return reply.Block is { } block ? (block, null) : (null, Errors.NoAddress(reply.Refusal ?? "the server gave no block and no reason", retry: false));
    }

    public void ReportStatus(AttachmentRecord record, bool up) => statuses.Report(record.Namespace, record.Name, up ? "Up" : "Down");

    private static bool IsGone(ApiResult<bool> deleted) => deleted.IsOk || deleted.Error!.Reason == ApiErrorReason.NotFound;

    private static WriteOutcome Written(WorkloadEndpoint endpoint) =>
        WriteOutcome.Written(long.Parse(endpoint.Metadata.ResourceVersion ?? "0", NumberStyles.None, CultureInfo.InvariantCulture), endpoint.Metadata.Uid);

    private static WriteOutcome Failed(ApiError error) => WriteOutcome.Failed(error.Reason switch
    {
        ApiErrorReason.Unreachable or ApiErrorReason.Timeout or ApiErrorReason.Server or ApiErrorReason.Busy => WriteResult.Unreachable,
        ApiErrorReason.Conflict or ApiErrorReason.AlreadyExists => WriteResult.Conflict,
        _ => WriteResult.Refused,
    }, error.Message);
}
