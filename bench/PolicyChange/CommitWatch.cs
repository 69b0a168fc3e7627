using System.Diagnostics;
using Margay.Netlink.Namespaces;
using Margay.Netlink.NfTables;

namespace Margay.PolicyChange.Bench;

/// <summary>When each host's kernel has taken a transaction of nf_tables: a monitor in each namespace, on a thread that sleeps otherwise.</summary>
internal sealed class CommitWatch : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<NfTablesMonitor> _monitors = [];
    private readonly List<Thread> _threads = [];
    private readonly long[] _first;
    private readonly CountdownEvent _left;

    internal CommitWatch(IReadOnlyList<NetworkNamespace> hosts)
    {
        _first = new long[hosts.Count];
        _left = new CountdownEvent(hosts.Count);
        for (int i = 0; i < hosts.Count; i++)
        {
            int host = i;
            NfTablesMonitor monitor = NfTablesMonitor.OpenIn(hosts[i]);
            _monitors.Add(monitor);
            Thread thread = new(() => Watch(host, monitor), 256 << 10) { IsBackground = true };
            _threads.Add(thread);
            thread.Start();
        }
    }

    /// <summary>Forgets what was; from now on the first commit of each host counts.</summary>
    internal void Reset()
    {
        Array.Clear(_first);
        _left.Reset();
    }

    /// <summary>The time stamps of the first commit of every host; null when not all came in time.</summary>
    internal long[]? Wait(TimeSpan patience) => _left.Wait(patience) ? [.. _first] : null;

    private void Watch(int host, NfTablesMonitor monitor)
    {
        try
        {
            while (true)
            {
                if (monitor.Read(_stop.Token) is not NftCommitEvent) continue;
                if (Interlocked.CompareExchange(ref _first[host], Stopwatch.GetTimestamp(), 0) == 0 && !_left.IsSet) _left.Signal();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        foreach (Thread thread in _threads) thread.Join();
        foreach (NfTablesMonitor monitor in _monitors) monitor.Dispose();
        _stop.Dispose();
        _left.Dispose();
    }
}
