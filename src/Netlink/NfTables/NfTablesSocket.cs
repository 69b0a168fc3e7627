using Margay.Netlink.Namespaces;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>
/// nf_tables of one network namespace: transactions and lists.
/// <code>
///   records (NftTable, NftChain, NftRule, NftSet, …) ── codecs ──► NfTablesBatch ── Commit: one send ──► kernel: all or nothing
///                          ▲                                                                                │
///                          └──────────────────────── List…: dumps, by the same codecs ◄─────────────────────┘
/// </code>
/// Open one socket per namespace and keep it: closing one with deletions behind it waits 5–13 ms for the kernel to clean up.
/// One caller at a time; owned and disposed by whoever opened it. <see cref="NfTablesMonitor"/> tells of changes.
/// </summary>
public sealed class NfTablesSocket : IDisposable
{
    private const int DumpAttempts = 5;
    private readonly NetlinkSocket _socket;
    private readonly List<NetlinkResult> _failures = [];
    private MessageBuffer _buffer;

    private NfTablesSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>In the namespace of the calling thread.</summary>
    public static NfTablesSocket Open(NetlinkSocketOptions? options = null) => new(NetlinkSocket.Open(NetlinkProtocol.Netfilter, options));

    public static NfTablesSocket OpenIn(NetworkNamespace space, NetlinkSocketOptions? options = null) =>
        new(space.OpenSocket(NetlinkProtocol.Netfilter, options));

    /// <summary>
    /// Commits a transaction: all of it or, if any operation is refused, nothing. A failure carries the number of the first operation refused and what it
    /// was; ERESTART when <paramref name="expectedGeneration"/> is not the generation any more: someone else has changed the ruleset.
    /// </summary>
    /// <param name="expectedGeneration">From <see cref="GetGeneration"/>; null for any.</param>
    /// <param name="echo">Is filled with the rules added, in their order, with the handles they got.</param>
    /// <param name="failures">Is filled with every refusal; the kernel looks at all operations before it gives up.</param>
    public NetlinkResult Commit(NfTablesBatch batch, uint? expectedGeneration = null, List<NftRule>? echo = null, List<NetlinkResult>? failures = null)
    {
        if (batch.Count == 0) return default;
        _failures.Clear();
        ref MessageBuffer messages = ref batch.Seal(expectedGeneration ?? 0, echo is not null);
        NetlinkResult result = _socket.Request(ref messages, echo, static (message, echo) =>
        {
            if (echo is not null && NfTablesMessage.Of(message.Type) == NFT_MSG_NEWRULE && RuleCodec.TryRead(message, out NftRule rule)) echo.Add(rule);
        }, _failures);
        if (result.Ok) return default;
        if (failures is not null) failures.AddRange(_failures.Select(batch.Explain));
        return batch.Explain(result);
    }

    /// <summary>The netlink port: a monitor reports it with what this socket commits (<see cref="NftEvent.Sender"/>).</summary>
    public uint PortId => _socket.PortId;

    /// <summary>Number of the ruleset: changes with every commit, whoever makes it.</summary>
    public NetlinkResult<NftGeneration> GetGeneration()
    {
        GenerationCodec.WriteGet(ref Buffer());
        List<NftGeneration> found = [];
        NetlinkResult result = _socket.Request(ref _buffer, found, static (message, found) =>
        {
            if (GenerationCodec.TryRead(message, out NftGeneration generation)) found.Add(generation);
        });
        if (!result.Ok) return result;
        return found.Count > 0 ? found[0] : new NetlinkResult(Errno.ENOENT, "the kernel's answer could not be read");
    }

    public NetlinkResult<IReadOnlyList<NftTable>> ListTables(NftFamily family = NftFamily.Unspecified) =>
        List<NftTable>((ref MessageBuffer b) => TableCodec.WriteGet(ref b, family), TableCodec.TryRead);

    /// <summary>The chains of a table, or of all.</summary>
    public NetlinkResult<IReadOnlyList<NftChain>> ListChains(NftTable? table = null)
    {
        // The kernel filters chains by family only.
        NetlinkResult<IReadOnlyList<NftChain>> all =
            List<NftChain>((ref MessageBuffer b) => ChainCodec.WriteGet(ref b, table?.Family ?? NftFamily.Unspecified), ChainCodec.TryRead);
        return table is null || !all.Ok ? all : all.Value.Where(c => c.Table == table.Name).ToList();
    }

    /// <summary>The sets and maps of a table, or of all; without elements. ENOENT when there is no such table.</summary>
    public NetlinkResult<IReadOnlyList<NftSet>> ListSets(NftTable? table = null) =>
        List<NftSet>((ref MessageBuffer b) => SetCodec.WriteGet(ref b, table?.Family ?? NftFamily.Unspecified, table?.Name), SetCodec.TryRead);

    /// <summary>The elements of a set. <paramref name="set"/> must say what it is (key, intervals), as one listed does. ENOENT when there is no such set.</summary>
    public NetlinkResult<IReadOnlyList<NftElement>> ListElements(NftSet set)
    {
        List<(NftElement, bool)> raw = [];
        for (int attempt = 1; ; attempt++)
        {
            raw.Clear();
            ElementCodec.WriteGet(ref Buffer(), set);
            NetlinkResult result = _socket.Request(ref _buffer, raw, static (message, raw) => ElementCodec.TryRead(message, raw));
            if (result.Ok) return ElementCodec.Fold(set, raw);
            if (!result.IsInterrupted || attempt == DumpAttempts) return result;
        }
    }

    /// <summary>The rules of a chain, in order.</summary>
    public NetlinkResult<IReadOnlyList<NftRule>> ListRules(NftChain chain) =>
        List<NftRule>((ref MessageBuffer b) => RuleCodec.WriteGet(ref b, chain.Family, chain.Table, chain.Name), RuleCodec.TryRead);

    /// <summary>The rules of a table, chain by chain, or of all tables.</summary>
    public NetlinkResult<IReadOnlyList<NftRule>> ListRules(NftTable? table = null) =>
        List<NftRule>((ref MessageBuffer b) => RuleCodec.WriteGet(ref b, table?.Family ?? NftFamily.Unspecified, table?.Name, null), RuleCodec.TryRead);

    /// <summary>Named counters of a table, or of all; with <paramref name="reset"/> they start again from zero.</summary>
    public NetlinkResult<IReadOnlyList<NftCounterObject>> ListCounters(NftTable? table = null, bool reset = false) =>
        List<NftCounterObject>(
            (ref MessageBuffer b) => CounterObjectCodec.WriteGet(ref b, table?.Family ?? NftFamily.Unspecified, table?.Name, reset),
            CounterObjectCodec.TryRead,
            attempts: reset ? 1 : DumpAttempts);

    private delegate void Writer(ref MessageBuffer buffer);

    private delegate bool Reader<T>(NetlinkMessage message, out T value);

    private ref MessageBuffer Buffer()
    {
        _buffer.Clear();
        return ref _buffer;
    }

    /// <summary>A dump that a commit changed underneath is repeated some times before it is given up as EINTR.</summary>
    private NetlinkResult<IReadOnlyList<T>> List<T>(Writer write, Reader<T> read, int attempts = DumpAttempts)
    {
        List<T> found = [];
        for (int attempt = 1; ; attempt++)
        {
            found.Clear();
            write(ref Buffer());
            NetlinkResult result = _socket.Request(ref _buffer, (read, found), static (message, state) =>
            {
                if (state.read(message, out T value)) state.found.Add(value);
            });
            if (result.Ok) return found;
            if (!result.IsInterrupted || attempt >= attempts) return result;
        }
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _socket.Dispose();
    }
}
