using System.Collections.Concurrent;
using System.Text;
using Margay.Api.Client;
using Margay.Api.Resources;

namespace Margay.Agent.Sync;

/// <summary>
/// Writes the status of endpoints some time after the fact, the latest per endpoint: when the endpoint has been so for a second, and with pauses, so that attaches
/// always come first. What is lost with the process is reported again with the next attach or restart; nothing depends on it.
/// </summary>
internal sealed class StatusReporter(MargayClient client, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    /// <summary>After each write, a pause of so many times what it took.</summary>
    private const int PauseFactor = 4;

    private readonly ConcurrentDictionary<(string Namespace, string Name), (string State, long Since)> _waiting = new();

    public void Report(string ns, string name, string state) => _waiting[(ns, name)] = (state, time.GetTimestamp());

    /// <summary>The object is about to be deleted.</summary>
    public void Forget(string ns, string name) => _waiting.TryRemove((ns, name), out _);

    public async Task RunAsync(CancellationToken cancel)
    {
        using PeriodicTimer timer = new(s_interval, time);
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
        {
            foreach (((string Namespace, string Name) key, (string State, long Since) waiting) in _waiting)
            {
                if (time.GetElapsedTime(waiting.Since) < s_interval || !_waiting.TryRemove(KeyValuePair.Create(key, waiting))) continue;
                long begun = time.GetTimestamp();
                byte[] patch = Encoding.UTF8.GetBytes($$$"""{"status":{"state":"{{{waiting.State}}}"}}""");
                ApiResult<WorkloadEndpoint> written = await PatchStatusAsync(key, patch, cancel).ConfigureAwait(false);
                // Gone meanwhile is fine; a server out of reach is asked again next time.
                if (!written.IsOk && written.Error!.Reason is ApiErrorReason.Unreachable or ApiErrorReason.Timeout or ApiErrorReason.Busy) _waiting.TryAdd(key, waiting);
                await Task.Delay(PauseFactor * time.GetElapsedTime(begun), time, cancel).ConfigureAwait(false);
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
