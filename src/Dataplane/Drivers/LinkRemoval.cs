using System.Threading.Channels;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>
/// Removes links in batches on a thread of its own: while the kernel waits for one batch, the next gathers. Links are moved into a group and the group is deleted,
/// which the kernel does with one wait for all. Owns its socket.
/// </summary>
internal sealed class LinkRemoval : IAsyncDisposable
{
    private readonly Channel<Request> _queue = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly RouteSocket _socket;
    private readonly uint _group;
    private readonly Task _running;

    public LinkRemoval(RouteSocket socket, uint group)
    {
        _socket = socket;
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
            while (_queue.Reader.TryRead(out Request? request)) batch.Add(request);
            NetlinkResult result = Remove(batch);
            foreach (Request request in batch)
            {
                if (result.Ok) request.Done.SetResult();
                else request.Done.SetException(new NetlinkException(result, $"remove {request.Name}"));
            }
        }
    }

    private NetlinkResult Remove(List<Request> requests)
    {
        List<int> doomed = [];
        foreach (Request request in requests)
        {
            NetlinkResult<Link> found = _socket.GetLink(request.Name);
            if (found.Ok && found.Value.Alias == request.Alias) doomed.Add(found.Value.Index);
        }
        if (doomed.Count <= 1) return doomed.Count == 0 ? default : _socket.DeleteLink(doomed[0]).IgnoreNotFound();
        using (RouteBatch batch = _socket.CreateBatch())
        {
            foreach (int index in doomed) batch.SetLink(index, new LinkChange { Group = _group });
            batch.Complete();
        }
        return _socket.DeleteLinkGroup(_group);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running.ConfigureAwait(false);
        _socket.Dispose();
    }
}
