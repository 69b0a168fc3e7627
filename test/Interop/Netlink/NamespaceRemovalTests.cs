using System.Diagnostics;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

/// <summary>Namespaces go together, and whoever waits is told when nothing of them is left.</summary>
public sealed class NamespaceRemovalTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly SocketWatch _watch = new("removal");
    private readonly Sandbox _stays = new();

    public void Dispose()
    {
        _stays.Dispose();
        _watch.Dispose();
    }

    private NetworkNamespace Linked(string name)
    {
        NetworkNamespace space = NetworkNamespace.CreateAnonymous();
        _stays.Route.CreateLink(new VethSpec { Name = name, PeerName = "inside", PeerNamespace = space, Queues = 1 }).ThrowIfFailed();
        return space;
    }

    private string[] Names() => [.. _stays.Route.ListLinks().Value.Where(l => l.Kind == "veth").Select(l => l.Name).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task WhatIsLetGo_IsGoneWhenItSaysSo()
    {
        NetworkNamespace[] doomed = [.. Enumerable.Range(0, 20).Select(i => Linked($"v{i}"))];
        using NetworkNamespace other = Linked("other");
        RouteSocket[] sockets = [.. doomed.Select(d => RouteSocket.OpenIn(d))];
        using (NamespaceRemoval removal = NamespaceRemoval.Begin(doomed, _watch))
        {
            foreach (RouteSocket socket in sockets) socket.Dispose();
            foreach (NetworkNamespace space in doomed) space.Dispose();
            Assert.Empty(await removal.CompleteAsync(s_patience, TimeProvider.System));
        }
        Assert.Equal(["other"], Names());
    }

    [Fact]
    public async Task WhatOthersHold_LosesItsLinks()
    {
        NetworkNamespace held = Linked("held"), free = Linked("free");
        using Process holder = held.Start(new ProcessStartInfo("sleep", ["600"]));
        try
        {
            using NamespaceRemoval removal = NamespaceRemoval.Begin([free, held], _watch);
            free.Dispose();
            held.Dispose();
            Assert.Equal([1], await removal.CompleteAsync(TimeSpan.FromMilliseconds(300), TimeProvider.System));
            Assert.Empty(Names());
        }
        finally
        {
            holder.Kill();
            await holder.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task ALateRelease_IsWaitedFor()
    {
        NetworkNamespace doomed = Linked("late");
        using NamespaceRemoval removal = NamespaceRemoval.Begin([doomed], _watch);
        Task<IReadOnlyList<int>> gone = removal.CompleteAsync(s_patience, TimeProvider.System);
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.False(gone.IsCompleted);
        Assert.Equal(["late"], Names());
        doomed.Dispose();
        Assert.Empty(await gone);
        Assert.Empty(Names());
    }
}
