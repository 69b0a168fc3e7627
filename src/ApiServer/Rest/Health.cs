using Margay.Store;

namespace Margay.ApiServer.Rest;

/// <summary>
/// /livez and /healthz: the process answers. /readyz: it also can do its work, that is the store takes writes, the views have caught
/// up with it, and the server is not stopping.
/// </summary>
internal sealed class Health(IStore store, Func<long> viewRevision, CancellationToken stopping)
{
    /// <summary>So far behind, the views are not merely busy with a burst.</summary>
    private const long MaxLag = 10_000;

    public Task AnswerAsync(HttpContext http, string path)
    {
        string? fault = path == "/readyz" ? Fault() : null;
        return Replies.TextAsync(http, fault is null ? 200 : 503, fault ?? "ok");
    }

    private string? Fault()
    {
        if (stopping.IsCancellationRequested) return "the server is stopping";
        if (store.Fault is { } fault) return fault;
        long lag = store.Current.Revision - viewRevision();
        return lag > MaxLag ? $"the views of the nodes are {lag} revisions behind" : null;
    }
}
