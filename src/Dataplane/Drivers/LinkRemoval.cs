using System.Threading.Channels;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// Removes links in batches: links are moved into a group and the group is deleted, which the kernel does with one wait for all. It holds its link lock while it waits,
/// so that whoever adds a link or a route then stands still: removals gather until nothing more comes.
/// </summary>
internal sealed class LinkRemoval : IAsyncDisposable
{
    /// <summary>A removal waits until no other has come for so long,</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(30);

    /// <summary>or until the first of them has waited so long.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(500);

    private readonly Channel<Request> _queue = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Func<RouteSocket> _open;
    private readonly uint _group;
    private readonly TimeProvider _time;
    private readonly Task _running;

    /// <param name="open">Opens a socket where the links are; for each batch one, as most of the time there is none.</param>
    public LinkRemoval(Func<RouteSocket> open, uint group, TimeProvider time)
    {
        _time = time;
        _open = open;
        _group = group;
        _running = Task.Run(RunAsync);
    }

    private sealed record Request(string Name, string Alias, TaskCompletionSource Done);

    public Task RemoveAsync(string name, string alias)
    {
        Request request = new(name, alias, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_queue.Writer.TryWrite(request)) throw new ObjectDisposedException(nameof(LinkRemoval));
        return request.Done.Task;
    }

    private async Task RunAsync()
    {
        List<Request> batch = [];
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            await GatherAsync(batch).ConfigureAwait(false);
            NetlinkResult result = Remove(batch);
            foreach (Request request in batch)
            {
                if (result.Ok) request.Done.SetResult();
                else request.Done.SetException(new NetlinkException(result, $"remove {request.Name}"));
            }
        }
    }

    private async Task GatherAsync(List<Request> batch)
    {
        long begun = _time.GetTimestamp();
        do
        {
            while (_queue.Reader.TryRead(out Request? request)) batch.Add(request);
            if (_time.GetElapsedTime(begun) >= s_longest) return;
        }
        while (await AnotherComesAsync().ConfigureAwait(false));
    }

    private async Task<bool> AnotherComesAsync()
    {
        using CancellationTokenSource quiet = new(s_quiet, _time);
        try
        {
            return await _queue.Reader.WaitToReadAsync(quiet.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private NetlinkResult Remove(List<Request> requests)
    {
        using RouteSocket socket = _open();
        List<int> doomed = [];
        foreach (Request request in requests)
        {
            NetlinkResult<Link> found = socket.GetLink(request.Name);
            if (found.Ok && found.Value.Alias == request.Alias) doomed.Add(found.Value.Index);
        }
        if (doomed.Count <= 1) return doomed.Count == 0 ? default : socket.DeleteLink(doomed[0]).IgnoreNotFound();
        using (RouteBatch batch = socket.CreateBatch())
        {
            foreach (int index in doomed) batch.SetLink(index, new LinkChange { Group = _group });
            batch.Complete();
        }
        return socket.DeleteLinkGroup(_group);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running.ConfigureAwait(false);
    }
}
