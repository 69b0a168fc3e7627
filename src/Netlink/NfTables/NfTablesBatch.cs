using System.Buffers.Binary;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNetlink;
using static Margay.Netlink.Constants.LinuxNfnetlink;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.NfTables;

/// <summary>
/// A transaction: everything in it happens, or nothing. The verbs are those of the nft manual: <c>Add</c> (there already: fine), <c>Create</c> (there
/// already: EEXIST), <c>Insert</c> (a rule at the beginning), <c>Replace</c>, <c>Delete</c> (not there: ENOENT), <c>Destroy</c> (not there: fine; Linux 6.3),
/// <c>Flush</c> (empty it). Order matters as in a script: a chain before the rules that jump to it.
/// <code>
/// using NfTablesBatch batch = new();
/// batch.Add(table);
/// batch.Add(new NftSet(table, "clients", NftDataType.Ipv4Addr));
/// batch.AddElements(clients, new NftElement(NftValue.From(address)));
/// socket.Commit(batch).ThrowIfFailed();
/// </code>
/// Each call is an operation, numbered from 0: a failed commit names the one the kernel refused. May be committed again, or cleared and reused.
/// </summary>
public sealed class NfTablesBatch : IDisposable
{
    private MessageBuffer _buffer;

    // Messages per operation are one, except for many elements: the operation of each message, from the first after the begin.
    private readonly List<int> _operationOf = [];
    private int _generationAt;
    private int _bodyLength;
    private uint _setId;

    public NfTablesBatch() => Begin();

    /// <summary>Operations so far; the number of the next.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes so far.</summary>
    public int Length => _buffer.Length;

    // ---- tables ----

    public void Add(NftTable table) => Done(TableNew(table, 0));
    public void Create(NftTable table) => Done(TableNew(table, NLM_F_EXCL));

    /// <summary>With everything in it.</summary>
    public void Delete(NftTable table) => Done(TableDelete(NFT_MSG_DELTABLE, table.Family, table.Name));
    public void Destroy(NftTable table) => Done(TableDelete(NFT_MSG_DESTROYTABLE, table.Family, table.Name));

    /// <summary>Deletes all rules of the table and keeps its chains and sets.</summary>
    public void Flush(NftTable table) => Done(RuleDelete(NFT_MSG_DELRULE, table.Family, table.Name, null, 0));

    /// <summary>Deletes every table of the namespace that no socket owns, whoever made it.</summary>
    public void FlushRuleset() => Done(TableDelete(NFT_MSG_DELTABLE, NftFamily.Unspecified, null));

    // ---- chains ----

    public void Add(NftChain chain) => Done(ChainNew(chain, 0));
    public void Create(NftChain chain) => Done(ChainNew(chain, NLM_F_EXCL));

    /// <summary>EBUSY while rules are in it or jump to it.</summary>
    public void Delete(NftChain chain) => Done(ChainDelete(NFT_MSG_DELCHAIN, chain));
    public void Destroy(NftChain chain) => Done(ChainDelete(NFT_MSG_DESTROYCHAIN, chain));

    /// <summary>Deletes the rules of the chain.</summary>
    public void Flush(NftChain chain) => Done(RuleDelete(NFT_MSG_DELRULE, chain.Family, chain.Table, chain.Name, 0));

    // ---- rules ----

    /// <summary>At the end of its chain, or after the rule of <see cref="NftRule.Position"/>.</summary>
    public void Add(NftRule rule) => Done(RuleNew(rule with { Handle = 0 }, NLM_F_CREATE | NLM_F_APPEND));

    /// <summary>At the beginning of its chain, or before the rule of <see cref="NftRule.Position"/>.</summary>
    public void Insert(NftRule rule) => Done(RuleNew(rule with { Handle = 0 }, NLM_F_CREATE));

    /// <summary>In place of the rule with this <see cref="NftRule.Handle"/>. The new one gets another handle.</summary>
    public void Replace(NftRule rule) => Done(RuleNew(WithHandle(rule), NLM_F_REPLACE));

    /// <summary>The rule with this <see cref="NftRule.Handle"/>.</summary>
    public void Delete(NftRule rule) => Done(RuleDelete(NFT_MSG_DELRULE, rule.Family, rule.Table, rule.Chain, WithHandle(rule).Handle));
    public void Destroy(NftRule rule) => Done(RuleDelete(NFT_MSG_DESTROYRULE, rule.Family, rule.Table, rule.Chain, WithHandle(rule).Handle));

    // ---- sets and maps ----

    /// <summary>Returns the set with its number in this batch, by which rules may refer to an anonymous set.</summary>
    public NftSet Add(NftSet set) => SetNew(set, 0);
    public NftSet Create(NftSet set) => SetNew(set, NLM_F_EXCL);

    /// <summary>EBUSY while rules use it.</summary>
    public void Delete(NftSet set) => Done(SetDelete(NFT_MSG_DELSET, set));
    public void Destroy(NftSet set) => Done(SetDelete(NFT_MSG_DESTROYSET, set));

    /// <summary>Deletes all elements.</summary>
    public void Flush(NftSet set)
    {
        ElementCodec.WriteFlush(ref Body(), set.Family, set.Table, set.Name);
        Done(1);
    }

    /// <summary>An element that is there is fine, if it maps to the same.</summary>
    public void AddElements(NftSet set, params IEnumerable<NftElement> elements) => Elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, elements);

    /// <summary>EEXIST when an element is there.</summary>
    public void CreateElements(NftSet set, params IEnumerable<NftElement> elements) =>
        Elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set, elements);

    /// <summary>ENOENT when an element is not there.</summary>
    public void DeleteElements(NftSet set, params IEnumerable<NftElement> elements) => Elements(NFT_MSG_DELSETELEM, 0, set, elements);

    public void DestroyElements(NftSet set, params IEnumerable<NftElement> elements) => Elements(NFT_MSG_DESTROYSETELEM, 0, set, elements);

    // ---- objects ----

    public void Add(NftCounterObject counter) => Done(CounterNew(counter, 0));
    public void Create(NftCounterObject counter) => Done(CounterNew(counter, NLM_F_EXCL));
    public void Delete(NftCounterObject counter) => Done(CounterDelete(NFT_MSG_DELOBJ, counter));
    public void Destroy(NftCounterObject counter) => Done(CounterDelete(NFT_MSG_DESTROYOBJ, counter));

    // ---- the batch itself ----

    /// <summary>Forgets everything and keeps the memory.</summary>
    public void Clear()
    {
        _buffer.Clear();
        _operationOf.Clear();
        Count = 0;
        _setId = 0;
        Begin();
    }

    /// <summary>The messages as they are sent, with begin and end. Valid until the next change.</summary>
    internal ref MessageBuffer Seal(uint generation, bool echo)
    {
        if (_bodyLength != 0) _buffer.Truncate(_bodyLength, _operationOf.Count + 1);
        _bodyLength = _buffer.Length;
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.Written[_generationAt..], generation);
        if (echo) BatchMessages.RequestEcho(_buffer.Written);
        Bracket(NFNL_MSG_BATCH_END).End();
        return ref _buffer;
    }

    /// <summary>The operation that a message belongs to, and its description.</summary>
    internal NetlinkResult Explain(NetlinkResult failure)
    {
        int message = failure.Index - 1;
        if (message < 0 || message >= _operationOf.Count) return failure with { Index = -1 };
        string what = BatchMessages.Describe(_buffer.Written, failure.Index);
        return failure with { Index = _operationOf[message], Message = failure.Message is { } text ? $"{what}: {text}" : what };
    }

    private void Begin()
    {
        MessageWriter m = Bracket(NFNL_MSG_BATCH_BEGIN);
        // Always there, so that it can be filled in later; 0 agrees with any generation.
        m.UInt32BigEndian(NFNL_BATCH_GENID, 0);
        m.End();
        _generationAt = _buffer.Length - sizeof(uint);
        _bodyLength = 0;
    }

    private MessageWriter Bracket(int type)
    {
        MessageWriter m = _buffer.Begin((ushort)type, 0);
        m.Header(NfTablesMessage.Header(NftFamily.Unspecified, NFNL_SUBSYS_NFTABLES));
        return m;
    }

    private void Done(int messages)
    {
        for (int i = 0; i < messages; i++) _operationOf.Add(Count);
        Count++;
    }

    private static NftRule WithHandle(NftRule rule) =>
        rule.Handle != 0 ? rule : throw new ArgumentException("a rule is replaced and deleted by its handle: list the rules, or commit with echo");

    private ref MessageBuffer Body()
    {
        // After a commit the end is still there: take it off.
        if (_bodyLength != 0) _buffer.Truncate(_bodyLength, _operationOf.Count + 1);
        _bodyLength = 0;
        return ref _buffer;
    }

    private int TableNew(NftTable table, int flags)
    {
        TableCodec.WriteNew(ref Body(), table, NLM_F_CREATE | flags);
        return 1;
    }

    private int TableDelete(int message, NftFamily family, string? name)
    {
        TableCodec.WriteDelete(ref Body(), message, family, name);
        return 1;
    }

    private int ChainNew(NftChain chain, int flags)
    {
        ChainCodec.WriteNew(ref Body(), chain, NLM_F_CREATE | flags);
        return 1;
    }

    private int ChainDelete(int message, NftChain chain)
    {
        ChainCodec.WriteDelete(ref Body(), message, chain.Family, chain.Table, chain.Name);
        return 1;
    }

    private int RuleNew(NftRule rule, int flags)
    {
        RuleCodec.WriteNew(ref Body(), rule, flags);
        return 1;
    }

    private int RuleDelete(int message, NftFamily family, string table, string? chain, ulong handle)
    {
        RuleCodec.WriteDelete(ref Body(), message, family, table, chain, handle);
        return 1;
    }

    private NftSet SetNew(NftSet set, int flags)
    {
        NftSet numbered = set with { Id = ++_setId };
        SetCodec.WriteNew(ref Body(), numbered, NLM_F_CREATE | flags);
        Done(1);
        return numbered;
    }

    private int SetDelete(int message, NftSet set)
    {
        SetCodec.WriteDelete(ref Body(), message, set.Family, set.Table, set.Name);
        return 1;
    }

    private void Elements(int message, int flags, NftSet set, IEnumerable<NftElement> elements) =>
        Done(ElementCodec.Write(ref Body(), message, flags, set, elements));

    private int CounterNew(NftCounterObject counter, int flags)
    {
        CounterObjectCodec.WriteNew(ref Body(), counter, NLM_F_CREATE | flags);
        return 1;
    }

    private int CounterDelete(int message, NftCounterObject counter)
    {
        CounterObjectCodec.WriteDelete(ref Body(), message, counter.Family, counter.Table, counter.Name);
        return 1;
    }

    public void Dispose() => _buffer.Dispose();
}
