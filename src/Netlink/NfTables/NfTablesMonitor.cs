using System.Diagnostics.CodeAnalysis;
using Margay.Netlink.Constants;
using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>
/// Reports every commit in one namespace, by whomever: what was added and removed, then one <see cref="NftCommitEvent"/> with the new generation and the
/// thread that made it. One's own commits are reported too: tell them by <see cref="NfTablesSocket.PortId"/>.
/// After <see cref="NftOverrun"/> list everything again. One reader at a time.
/// </summary>
public sealed class NfTablesMonitor : IDisposable
{
    private readonly NetlinkMonitor<NftEvent> _monitor;

    private NfTablesMonitor(NetlinkSocket socket, uint ignoredSender) => _monitor = new NetlinkMonitor<NftEvent>(socket, TryRead, new NftOverrun(), ignoredSender);

    /// <summary>In the namespace of the calling thread.</summary>
    /// <param name="options">Size of the receive buffer and the like.</param>
    /// <param name="ignoredSender">The port of a socket whose commits are not told, and cost no decoding; 0 for none.</param>
    public static NfTablesMonitor Open(NetlinkSocketOptions? options = null, uint ignoredSender = 0) => Subscribe(NetlinkSocket.Open(NetlinkProtocol.Netfilter, options), ignoredSender);

    public static NfTablesMonitor OpenIn(NetworkNamespace space, NetlinkSocketOptions? options = null, uint ignoredSender = 0) =>
        Subscribe(space.OpenSocket(NetlinkProtocol.Netfilter, options), ignoredSender);

    private static NfTablesMonitor Subscribe(NetlinkSocket socket, uint ignoredSender)
    {
        NetlinkResult subscribed = socket.Subscribe(LinuxNfnetlink.NFNLGRP_NFTABLES);
        if (subscribed.Ok) return new NfTablesMonitor(socket, ignoredSender);
        socket.Dispose();
        throw new NetlinkException(subscribed, "subscribe to nf_tables");
    }

    /// <summary>The descriptor, for a <see cref="SocketWatch"/> or epoll: readable while <see cref="TryRead(out NftEvent)"/> has something to take from the kernel.</summary>
    public Microsoft.Win32.SafeHandles.SafeFileHandle Handle => _monitor.Handle;

    /// <summary>The next event that is waiting, without waiting for one.</summary>
    public bool TryRead([NotNullWhen(true)] out NftEvent? nftEvent) => _monitor.TryTake(out nftEvent);

    /// <summary>Waits for the next event on the calling thread. <see cref="OperationCanceledException"/> when cancelled.</summary>
    public NftEvent Read(CancellationToken cancel) => _monitor.Read(cancel);

    /// <summary>Events as they come, read on a thread of its own until cancelled.</summary>
    public IAsyncEnumerable<NftEvent> ReadAllAsync(CancellationToken cancel = default) => _monitor.ReadAllAsync(cancel);

    private static bool TryRead(NetlinkMessage message, [NotNullWhen(true)] out NftEvent? read)
    {
        int type = NfTablesMessage.Of(message.Type);
        bool removed = type is NFT_MSG_DELTABLE or NFT_MSG_DELCHAIN or NFT_MSG_DELRULE or NFT_MSG_DELSET or NFT_MSG_DELSETELEM or NFT_MSG_DELOBJ
            or NFT_MSG_DESTROYTABLE or NFT_MSG_DESTROYCHAIN or NFT_MSG_DESTROYRULE or NFT_MSG_DESTROYSET or NFT_MSG_DESTROYSETELEM or NFT_MSG_DESTROYOBJ;
        read = type switch
        {
            NFT_MSG_NEWGEN when GenerationCodec.TryRead(message, out NftGeneration generation) => new NftCommitEvent(generation),
            NFT_MSG_NEWTABLE or NFT_MSG_DELTABLE or NFT_MSG_DESTROYTABLE when TableCodec.TryRead(message, out NftTable table) => new NftTableEvent(table, removed),
            NFT_MSG_NEWCHAIN or NFT_MSG_DELCHAIN or NFT_MSG_DESTROYCHAIN when ChainCodec.TryRead(message, out NftChain chain) => new NftChainEvent(chain, removed),
            NFT_MSG_NEWRULE or NFT_MSG_DELRULE or NFT_MSG_DESTROYRULE when RuleCodec.TryRead(message, out NftRule rule) => new NftRuleEvent(rule, removed),
            NFT_MSG_NEWSET or NFT_MSG_DELSET or NFT_MSG_DESTROYSET when SetCodec.TryRead(message, out NftSet set) => new NftSetEvent(set, removed),
            NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM or NFT_MSG_DESTROYSETELEM => ElementCodec.TryReadEvent(message, removed),
            NFT_MSG_NEWOBJ or NFT_MSG_DELOBJ or NFT_MSG_DESTROYOBJ when CounterObjectCodec.TryRead(message, out NftCounterObject counter) =>
                new NftCounterEvent(counter, removed),
            _ => null,
        };
        if (read is not null) read = read with { Sender = message.Header.PortId };
        return read is not null;
    }

    public void Dispose() => _monitor.Dispose();
}
