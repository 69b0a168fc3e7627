using System.Threading.Channels;
using Margay.Core.Net;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Dataplane.Drivers;

/// <summary>A link that is to go.</summary>
/// <param name="Network">Whose namespace it is in.</param>
/// <param name="Name">Null: no link, but the namespace if nobody wants it.</param>
/// <param name="Alias">Its mark: a link that bears another is left alone.</param>
internal sealed record DoomedLink(NetworkName Network, string? Name, string? Alias)
{
    /// <summary>Set when it is gone.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void End(NetlinkResult result)
    {
        if (result.Ok) Done.TrySetResult();
        else Done.TrySetException(new NetlinkException(result, $"remove {Name}"));
    }
}

/// <summary>
/// Gathers links that are to go, so that they go together: the kernel waits for its readers once for all of them, and holds its link lock while it waits, so that whoever adds a link or a
/// route then stands still.
/// </summary>
internal sealed class LinkRemoval : IAsyncDisposable
{
    /// <summary>A removal waits until no other has come for so long,</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(30);

    /// <summary>or until the first of them has waited so long.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(500);

    /// <summary>Doomed links are put into this group ("mgy" and a zero byte), which the kernel deletes at once.</summary>
    private const uint Group = 0x6d677900;

    private readonly Channel<DoomedLink> _queue = Channel.CreateUnbounded<DoomedLink>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Func<IReadOnlyList<DoomedLink>, Task> _remove;
    private readonly TimeProvider _time;
    private readonly Task _running;

    /// <param name="remove">Removes what was gathered, and ends each.</param>
    public LinkRemoval(Func<IReadOnlyList<DoomedLink>, Task> remove, TimeProvider time)
    {
        _time = time;
        _remove = remove;
        _running = Task.Run(RunAsync);
    }

    public Task RemoveAsync(DoomedLink link)
    {
        if (!_queue.Writer.TryWrite(link)) link.Done.TrySetException(new ObjectDisposedException(nameof(LinkRemoval)));
        return link.Done.Task;
    }

    private async Task RunAsync()
    {
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            List<DoomedLink> batch = [];
            await GatherAsync(batch).ConfigureAwait(false);
            try
            {
                await _remove(batch).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // told to each that waits
            catch (Exception e)
#pragma warning restore CA1031
            {
                foreach (DoomedLink link in batch) link.Done.TrySetException(e);
            }
        }
    }

    private async Task GatherAsync(List<DoomedLink> batch)
    {
        long begun = _time.GetTimestamp();
        do
        {
            while (_queue.Reader.TryRead(out DoomedLink? link)) batch.Add(link);
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

    /// <summary>Removes links of one namespace, those that bear their mark. One that is not there is gone.</summary>
    public static NetlinkResult Remove(RouteSocket socket, IEnumerable<DoomedLink> links)
    {
        List<int> doomed = [];
        foreach (DoomedLink link in links)
        {
            if (link.Name is null) continue;
            NetlinkResult<Link> found = socket.GetLink(link.Name);
            if (found.Ok && found.Value.Alias == link.Alias) doomed.Add(found.Value.Index);
        }
        if (doomed.Count <= 1) return doomed.Count == 0 ? default : socket.DeleteLink(doomed[0]).IgnoreNotFound();
        using (RouteBatch batch = socket.CreateBatch())
        {
            foreach (int index in doomed) batch.SetLink(index, new LinkChange { Group = Group });
            batch.Complete();
        }
        return socket.DeleteLinkGroup(Group);
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running.ConfigureAwait(false);
    }
}
