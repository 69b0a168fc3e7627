using System.Diagnostics.CodeAnalysis;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;

namespace Margay.Netlink.PacketLog;

/// <summary>What a <see cref="PacketLogSocket"/> asks the kernel for.</summary>
public sealed record PacketLogOptions
{
    /// <summary>The number in <c>log group N</c>.</summary>
    public required ushort Group { get; init; }

    /// <summary>Bytes of each packet, from the network header on. 128 holds the headers of any usual packet.</summary>
    public int CopyLength { get; init; } = 128;

    /// <summary>The kernel collects packets that long before it hands them over, so that a reader is not woken for each. Units of 10 ms.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Bytes of kernel memory that may wait to be read; what comes when it is full is lost and told as an overrun.</summary>
    public int ReceiveBufferSize { get; init; } = 512 << 10;
}

/// <summary>
/// Receives the packets that rules of one network namespace log to a group (nfnetlink_log). A group has one reader: EBUSY or EPERM when another has it.
/// One caller at a time; owned and disposed by whoever opened it.
/// </summary>
public sealed class PacketLogSocket : IDisposable
{
    private readonly NetlinkMonitor<PacketLogEvent> _monitor;

    private PacketLogSocket(NetlinkSocket socket) => _monitor = new NetlinkMonitor<PacketLogEvent>(socket, PacketLogCodec.TryRead, new PacketLogOverrun());

    /// <summary>In <paramref name="space"/>, or without one in the namespace of the calling thread.</summary>
    public static NetlinkResult<PacketLogSocket> Open(PacketLogOptions options, NetworkNamespace? space = null)
    {
        NetlinkSocketOptions settings = new() { ReceiveBufferSize = options.ReceiveBufferSize, SendBufferSize = 4096 };
        NetlinkSocket socket = space is null ? NetlinkSocket.Open(NetlinkProtocol.Netfilter, settings) : space.OpenSocket(NetlinkProtocol.Netfilter, settings);
        MessageBuffer request = new();
        try
        {
            PacketLogCodec.WriteBind(ref request, options.Group);
            NetlinkResult result = socket.Request(ref request);
            if (result.Ok)
            {
                request.Clear();
                PacketLogCodec.WriteMode(ref request, options);
                result = socket.Request(ref request);
            }
            if (result.Ok) return new PacketLogSocket(socket);
            socket.Dispose();
            return result;
        }
        finally
        {
            request.Dispose();
        }
    }

    /// <summary>The descriptor, for a <see cref="SocketWatch"/> or epoll.</summary>
    public Microsoft.Win32.SafeHandles.SafeFileHandle Handle => _monitor.Handle;

    /// <summary>The next event that is waiting, without waiting for one.</summary>
    public bool TryRead([NotNullWhen(true)] out PacketLogEvent? read) => _monitor.TryTake(out read);

    /// <summary>Waits for the next event on the calling thread. <see cref="OperationCanceledException"/> when cancelled.</summary>
    public PacketLogEvent Read(CancellationToken cancel) => _monitor.Read(cancel);

    public void Dispose() => _monitor.Dispose();
}
