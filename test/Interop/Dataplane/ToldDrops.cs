using System.Collections.Concurrent;
using Margay.Api.Resources;
using Margay.Core.Net;
using Margay.Dataplane.Drops;
using Margay.Netlink.Sockets;

namespace Margay.Interop.Dataplane;

/// <summary>What a host's rules tell of the packets that they drop, from now on.</summary>
internal sealed class ToldDrops : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<DroppedPacket> _told = new();
    private readonly SocketWatch _watch = new("told drops");
    private readonly DropReader _reader;

    internal ToldDrops(TestHost host) => _reader = DropReader.Start(new DropLogOptions(), NetworkName.Default, host.Namespace, _watch, told =>
    {
        if (told is DroppedPacket packet) _told.Enqueue(packet);
    }, TimeProvider.System).Value;

    /// <summary>The next one, in their order.</summary>
    internal async Task<DroppedPacket> NextAsync()
    {
        DroppedPacket? next = null;
        await Eventually.TrueAsync(() => _told.TryDequeue(out next), s_patience, () => "a drop is told");
        return next!;
    }

    /// <summary>Passes over others until one at this place is told.</summary>
    internal Task UntilAsync(string name, PolicyType direction) => Eventually.TrueAsync(
        () => _told.TryDequeue(out DroppedPacket? told) && told.Site.Name == name && told.Site.Direction == direction, s_patience, () => $"a drop {direction} {name} is told");

    public void Dispose()
    {
        _reader.Dispose();
        _watch.Dispose();
    }
}
