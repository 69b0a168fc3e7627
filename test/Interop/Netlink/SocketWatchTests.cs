using System.Collections.Concurrent;
using Margay.Netlink.Route;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Netlink;

/// <summary>One thread for the monitors of many namespaces.</summary>
public sealed class SocketWatchTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task EachNamespace_IsHeard_OnOneThread()
    {
        using Sandbox first = new(), second = new();
        using SocketWatch watch = new("test");
        using RouteMonitor one = RouteMonitor.OpenIn(first.Namespace, RouteEvents.Rules), two = RouteMonitor.OpenIn(second.Namespace, RouteEvents.Rules);
        ConcurrentQueue<(int Who, int Thread)> heard = [];
        using IDisposable a = watch.Add(one.Handle, () => Note(one, 1)), b = watch.Add(two.Handle, () => Note(two, 2));
        first.Ip("rule add pref 100 lookup 77");
        second.Ip("rule add pref 100 lookup 77");
        first.Ip("rule add pref 101 lookup 77");
        await Eventually.Async(() => Task.FromResult(heard.Count == 3), s_patience);
        Assert.Equal([1, 1, 2], heard.Select(h => h.Who).Order());
        Assert.Single(heard.Select(h => h.Thread).Distinct());

        void Note(RouteMonitor monitor, int who)
        {
            // One at a time: what is left is told again.
            if (monitor.TryRead(out _)) heard.Enqueue((who, Environment.CurrentManagedThreadId));
        }
    }

    [Fact]
    public async Task WhatIsNotWatchedAnyMore_IsNotCalled_AndTheWatchMayGoFirst()
    {
        using Sandbox s = new();
        SocketWatch watch = new("test");
        using RouteMonitor monitor = RouteMonitor.OpenIn(s.Namespace, RouteEvents.Rules);
        int calls = 0;
        IDisposable watched = watch.Add(monitor.Handle, () =>
        {
            while (monitor.TryRead(out _)) Interlocked.Increment(ref calls);
        });
        s.Ip("rule add pref 100 lookup 77");
        await Eventually.Async(() => Task.FromResult(Volatile.Read(ref calls) == 1), s_patience);
        watched.Dispose();
        s.Ip("rule add pref 101 lookup 77");
        Assert.IsType<RuleEvent>(monitor.Read(TestContext.Current.CancellationToken));
        IDisposable again = watch.Add(monitor.Handle, () => { });
        watch.Dispose();
        again.Dispose();
        Assert.Equal(1, calls);
    }
}
