using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.Route;

/// <summary>
/// Takes namespaces away together, links and all, and knows when that is done. The kernel takes down at once whatever it finds let go, with one wait for its readers where each link alone
/// would have its own.
/// <code>
///   observer (a namespace of its own)
///     ├─ an id for each doomed namespace: whether it is held can be asked, and the id holds nothing
///     └─ end ══ a pair ══ end of one more namespace, let go when nobody holds the others: the kernel works in order, so when this link goes they are gone
///
///   using NamespaceRemoval removal = NamespaceRemoval.Begin(spaces, watch);
///   … close every socket in them, delete their names, dispose them …
///   await removal.CompleteAsync(limit, time);
/// </code>
/// Used by one caller at a time.
/// </summary>
public sealed class NamespaceRemoval : IDisposable
{
    private const string End = "end";
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(5);

    private readonly NetworkNamespace _observer;
    private readonly RouteSocket _socket;
    private readonly RouteMonitor _monitor;
    private readonly SocketWatch _watch;
    private int _doomed;

    private NamespaceRemoval(SocketWatch watch)
    {
        _watch = watch;
        _observer = NetworkNamespace.CreateAnonymous();
        _socket = RouteSocket.OpenIn(_observer);
        _monitor = RouteMonitor.OpenIn(_observer, RouteEvents.Links);
    }

    /// <param name="spaces">Those that will be let go; still open.</param>
    /// <param name="watch">Reads the kernel's word; the caller's to dispose, after this.</param>
    /// <exception cref="NetlinkException">The kernel has no room for one more namespace, or the process none for a descriptor.</exception>
    public static NamespaceRemoval Begin(IReadOnlyCollection<NetworkNamespace> spaces, SocketWatch watch)
    {
        NamespaceRemoval begun = new(watch);
        foreach (NetworkNamespace space in spaces)
        {
            NetlinkResult known = begun._socket.SetNamespaceId(space, begun._doomed++);
            if (known.Ok) continue;
            begun.Dispose();
            throw new NetlinkException(known, "give the namespace an id");
        }
        return begun;
    }

    /// <summary>
    /// Completes when nothing of the namespaces is left. One that somebody else holds, say by a process in it, loses its links, and stays empty until it is let go.
    /// </summary>
    /// <param name="patience">How long others have to let go. The kernel drops what it holds itself after some milliseconds.</param>
    /// <returns>The places, in the order of <see cref="Begin"/>, of those that others hold.</returns>
    public async Task<IReadOnlyList<int>> CompleteAsync(TimeSpan patience, TimeProvider time)
    {
        long begun = time.GetTimestamp();
        List<int> held = [.. Enumerable.Range(0, _doomed)];
        while (true)
        {
            held.RemoveAll(id => _socket.IsNamespaceHeld(id) is { Ok: true, Value: false });
            if (held.Count == 0 || time.GetElapsedTime(begun) > patience) break;
            await Task.Delay(s_between, time).ConfigureAwait(false);
        }
        foreach (int id in held) Empty(id);
        await LastIsGoneAsync().ConfigureAwait(false);
        return held;
    }

    private void Empty(int id)
    {
        if (_socket.ListLinksOf(id) is not { Ok: true } links) return;
        foreach (Link link in links.Value.Where(l => l.Kind is not null)) _socket.DeleteLinkOf(id, link.Index).IgnoreNotFound();
    }

    private async Task LastIsGoneAsync()
    {
        TaskCompletionSource gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using (NetworkNamespace last = NetworkNamespace.CreateAnonymous())
            _socket.CreateLink(new VethSpec { Name = End, PeerName = End, PeerNamespace = last }).ThrowIfFailed("make the link that goes last");
        using IDisposable watched = _watch.Add(_monitor.Handle, () =>
        {
            while (_monitor.TryRead(out RouteEvent? happened))
                if (happened is LinkEvent { Removed: true, Link.Name: End } || (happened is RouteOverrun && !_socket.TryGetLink(End, out _))) gone.TrySetResult();
        });
        await gone.Task.ConfigureAwait(false);
    }

    public void Dispose()
    {
        _monitor.Dispose();
        _socket.Dispose();
        _observer.Dispose();
    }
}
