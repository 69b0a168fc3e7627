using System.Collections.Concurrent;
using System.Text;
using Margay.Api.Client;
using Margay.Api.Resources;

namespace Margay.Agent.Sync;

/// <summary>
/// Writes the status of endpoints some time after the fact: off the path of an attach, the latest per endpoint, a second's worth at a time. What is
/// lost with the process is reported again with the next attach or restart; nothing depends on it.
/// </summary>
internal sealed class StatusReporter(MargayClient client, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<(string Namespace, string Name), string> _waiting = new();

    public void Report(string ns, string name, string state) => _waiting[(ns, name)] = state;

    public async Task RunAsync(CancellationToken cancel)
    {
        using PeriodicTimer timer = new(s_interval, time);
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
        {
            foreach ((string Namespace, string Name) key in _waiting.Keys)
            {
                if (!_waiting.TryRemove(key, out string? state)) continue;
                byte[] patch = Encoding.UTF8.GetBytes($$$"""{"status":{"state":"{{{state}}}"}}""");
                ApiResult<WorkloadEndpoint> written = await PatchStatusAsync(key, patch, cancel).ConfigureAwait(false);
                // Gone meanwhile is fine; a server out of reach is asked again next time.
                if (!written.IsOk && written.Error!.Reason is ApiErrorReason.Unreachable or ApiErrorReason.Timeout or ApiErrorReason.Busy) _waiting.TryAdd(key, state);
            }
        }
    }

    private async Task<ApiResult<WorkloadEndpoint>> PatchStatusAsync((string Namespace, string Name) key, byte[] patch, CancellationToken cancel)
    {
        string path = ResourceUrls.Of(ResourceKinds.WorkloadEndpoint, key.Namespace, key.Name, "status");
        ApiResult<System.Text.Json.JsonElement> answer = await client.SendJsonAsync(HttpMethod.Patch, path, patch, MediaType.MergePatch, cancel).ConfigureAwait(false);
        return answer.Select(_ => new WorkloadEndpoint());
    }
}
