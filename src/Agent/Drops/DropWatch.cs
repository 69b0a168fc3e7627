using System.Globalization;
using Margay.Core.Net;
using Margay.Dataplane;
using Margay.Dataplane.Drops;
using Margay.Dataplane.Kernel;
using Margay.Dataplane.Networks;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Drops;

// Which packet did policy drop, and by which rule?
//
//   DropReader of each network ─► DropWatch ─┬─► DropBook ─► margay drops, /metrics
//   (src/Dataplane/Drops)          names it  └─► the agent's log, a few lines a second

/// <summary>Keeps a reader for each network of this host and notes what they tell. Its readers share a thread; everything here may be called from any thread.</summary>
internal sealed class DropWatch : IDisposable
{
    /// <summary>Lines of the log in one second; more are counted and told with the next line.</summary>
    private const int MaxLinesPerSecond = 10;

    private readonly DropLogOptions? _options;
    private readonly DropNames _names;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<NetworkName, DropReader> _readers = [];
    private readonly SocketWatch _watch = new("drops");
    private long _secondBegan;
    private int _lines;
    private int _silent;
    private string? _fault;

    /// <param name="options">Null: nothing is read.</param>
    public DropWatch(DropLogOptions? options, DropNames names, TimeProvider time, ILogger logger)
    {
        (_options, _names, _time, _logger) = (options, names, time, logger);
        _secondBegan = time.GetTimestamp();
    }

    public DropBook Book { get; } = new();

    public TimeProvider Time => _time;

    /// <summary>Why no network's drops are read; null when some are.</summary>
    public string? Fault
    {
        get
        {
            lock (_gate) return _readers.Count > 0 ? null : _fault ?? "dropped packets are not logged: this agent runs with --drop-log-group none";
        }
    }

    /// <summary>Follows the networks that come and go; what concerns none is passed over. To be told before the dataplane is.</summary>
    public void On(DataplaneEvent happened)
    {
        switch (happened)
        {
            case NetworkOpened { Kernel: NetworkKernel kernel } e:
                Open(e.Network, kernel.Namespace);
                break;
            case NetworkClosed e:
                // A socket left open would keep the namespace alive.
                Close(e.Network);
                break;
        }
    }

    /// <param name="space">Null: this process's own.</param>
    public void Open(NetworkName network, NetworkNamespace? space)
    {
        if (_options is null) return;
        Close(network);
        NetlinkResult<DropReader> reader = DropReader.Start(_options, network, space, _watch, On, _time);
        if (!reader.Ok)
        {
            Fail(string.Create(CultureInfo.InvariantCulture, $"NFLOG group {_options.Group} of network {network} cannot be read: {reader}; does another program read it? Another group is given with --drop-log-group"));
            return;
        }
        lock (_gate) _readers[network] = reader.Value;
    }

    private void Close(NetworkName network)
    {
        DropReader? reader;
        lock (_gate) _readers.Remove(network, out reader);
        reader?.Dispose();
    }

    private void On(DropEvent happened)
    {
        switch (happened)
        {
            case DroppedPacket packet:
                Note(packet);
                break;
            case DropsLost:
                Book.AddLost();
                break;
            case DropReaderFailed failed:
                Fail(string.Create(CultureInfo.InvariantCulture, $"dropped packets of network {failed.Network} are not told any more: {failed.Reason}; restart the agent"));
                break;
        }
    }

    private void Note(DroppedPacket packet)
    {
        DropRecord record = new() { Time = _time.GetUtcNow(), Packet = packet, Endpoint = _names.EndpointOf(packet), Site = _names.SiteOf(packet) };
        Book.Add(record);
        if (MaySay(out int silent))
            Log.Dropped(_logger, record.Direction, record.Endpoint.Length > 0 ? record.Endpoint : record.Packet.InputInterface ?? "?", record.Protocol, record.Source, record.Destination, record.Site.ToString(), silent);
    }

    private void Fail(string fault)
    {
        lock (_gate) _fault = fault;
        Log.DropsNotRead(_logger, fault);
    }

    private bool MaySay(out int silent)
    {
        lock (_gate)
        {
            silent = _silent;
            if (_time.GetElapsedTime(_secondBegan) >= TimeSpan.FromSeconds(1)) (_secondBegan, _lines) = (_time.GetTimestamp(), 0);
            if (++_lines > MaxLinesPerSecond)
            {
                _silent++;
                return false;
            }
            _silent = 0;
            return true;
        }
    }

    public void Dispose()
    {
        DropReader[] readers;
        lock (_gate)
        {
            readers = [.. _readers.Values];
            _readers.Clear();
        }
        foreach (DropReader reader in readers) reader.Dispose();
        _watch.Dispose();
    }
}
