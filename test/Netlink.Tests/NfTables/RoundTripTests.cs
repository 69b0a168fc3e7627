using CsCheck;
using Margay.Core.Net;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.Tests.NfTables;

public class RoundTripTests
{
    private static readonly NftTable Table = new(NftFamily.Inet, "t");

    public static TheoryData<NftExpression> Expressions =>
    [
        NftBitwise.Mark(0xff, 0x12) with { Source = NftRegister.R2 },
        new NftByteOrder(NftByteOrderOperator.HostToNetwork, 4, 2, NftRegister.R2, NftRegister.R3),
        new NftCmp(NftCmpOperator.GreaterOrEqual, NftValue.Port(5), NftRegister.R3),
        new NftCounter(1, 2),
        new NftCt(NftCtKey.Bytes) { Direction = 1 },
        NftCt.Set(NftCtKey.Mark, NftRegister.R2),
        new NftDup(NftRegister.R1, NftRegister.R2),
        new NftDynset("d", NftDynsetOperator.Update) { Data = NftRegister.R2, Timeout = TimeSpan.FromSeconds(9), Invert = true, Expression = new NftCounter(3, 4) },
        new NftExthdr(NftExthdrOperator.TcpOption, 2, 3, 4, 1, NftRegister.R4),
        new NftFib(NftFibResult.AddressType, NftFibFlags.DestinationAddress | NftFibFlags.IncomingLink),
        new NftFwd(NftRegister.R1, NftRegister.R2, NftFamily.Ip),
        new NftHash(NftHashKind.Jenkins, 9, 8, 7, 6, NftRegister.R2, NftRegister.R3),
        NftImmediate.Load(NftValue.IfName("x"), NftRegister.R2),
        NftImmediate.Goto("chain"),
        NftImmediate.Drop,
        NftImmediate.Return,
        new NftConnlimit(12, NftConnlimit.Over),
        new NftLimit(5, 60, 7, NftLimitKind.Bytes, 1),
        new NftLog("p", 1, 2, 3),
        new NftLog(Level: 4, Flags: 5),
        new NftLookup("s") { Source = NftRegister.R2, Invert = true },
        NftLookup.VerdictMap("m"),
        new NftMasquerade(NftNatFlags.Random, NftRegister.R1, NftRegister.R2),
        new NftMeta(NftMetaKey.OutgoingLinkKind) { Destination = NftRegister.R4 },
        NftMeta.Set(NftMetaKey.Mark, NftRegister.R3),
        new NftNat(NftNatKind.Destination, NftFamily.Ip6, NftRegister.R1, NftRegister.R2, NftRegister.R3, NftRegister.R4, NftNatFlags.Persistent),
        new NftNotrack(),
        new NftNumgen(NftNumgenKind.Random, 5, 6, NftRegister.R2),
        NftObjref.Counter("c"),
        NftObjref.FromMap("m", NftRegister.R2),
        new NftPayload(NftPayloadBase.Transport, 1, 2) { Destination = NftRegister.R2 },
        new NftPayload(NftPayloadBase.Network, 1, 2) { Source = NftRegister.R1, ChecksumKind = 1, ChecksumOffset = 10, ChecksumFlags = 1 },
        new NftRange(NftValue.Port(1), NftValue.Port(2), NftRangeOperator.Outside, NftRegister.R2),
        new NftRedirect(NftRegister.R1, NftRegister.R2, NftNatFlags.Random),
        NftReject.AdminProhibited,
        NftReject.TcpReset,
        new NftRt(NftRtKey.TcpMss, NftRegister.R2),
        new NftUnknown("future", NftValue.FromBytes([1, 2, 3, 4])),
    ];

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Expression_IsReadAsWritten(NftExpression expression)
    {
        NftRule rule = new(NftFamily.Inet, "t", "c", expression) { Comment = "why", Handle = 12 };
        Assert.Equal(rule, Messages.RoundTrip<NftRule>((ref MessageBuffer b) => RuleCodec.WriteNew(ref b, rule, 0), RuleCodec.TryRead));
    }

    [Fact]
    public void Set_IsReadAsWritten()
    {
        NftSet[] sets =
        [
            new(Table, "a", NftDataType.Ipv6Addr) { Interval = true, Comment = "c", Size = 9, PreferMemory = true },
            new(Table, "b", NftDataType.Concat(NftDataType.IfName, NftDataType.Ipv4Addr)) { Data = NftDataType.Mark, Counters = true },
            new(Table, "c", NftDataType.IfName) { Data = NftDataType.Verdict, Constant = true, Anonymous = true },
            new(Table, "d", NftDataType.EtherAddr) { Timeout = TimeSpan.FromMinutes(1), HasTimeout = true, GarbageCollectionInterval = TimeSpan.FromSeconds(2), Dynamic = true },
            new(Table, "e", NftDataType.Ipv4Addr) { Object = NftObjectKind.Counter },
        ];
        foreach (NftSet set in sets)
            Assert.Equal(set, Messages.RoundTrip<NftSet>((ref MessageBuffer b) => SetCodec.WriteNew(ref b, set, 0), SetCodec.TryRead));
    }

    [Fact]
    public void Chain_IsReadAsWritten()
    {
        NftChain[] chains =
        [
            new(Table, "regular") { Comment = "c" },
            new(Table, "base") { Hook = new NftHook(NftHookPoint.Input, -150, NftHook.Filter), Policy = NftPolicy.Drop },
            new(NftFamily.Netdev, "t", "in") { Hook = new NftHook(NftHookPoint.NetdevIngress, 5) { Devices = ["eth0", "eth1"] } },
            new(NftFamily.Netdev, "t", "out") { Hook = new NftHook(NftHookPoint.NetdevEgress, 5) { Devices = ["eth0"] } },
        ];
        foreach (NftChain chain in chains)
            Assert.Equal(chain, Messages.RoundTrip<NftChain>((ref MessageBuffer b) => ChainCodec.WriteNew(ref b, chain, 0), ChainCodec.TryRead));
    }

    /// <summary>Ranges that do not touch, in any order, written as the kernel wants them and folded back.</summary>
    [Fact]
    public void Intervals_FoldBack() => Gen.Select(Gen.UInt.HashSet[2, 40], Gen.Bool).Sample((ends, reachesTheEnd) =>
    {
        uint[] sorted = [.. ends.Order()];
        List<NftElement> ranges = [];
        for (int i = 0; i + 1 < sorted.Length; i += 2) ranges.Add(NftElement.Range(Ip(sorted[i]), Ip(sorted[i + 1])));
        if (reachesTheEnd) ranges[^1] = NftElement.Range(ranges[^1].Key, Ip(uint.MaxValue));
        NftSet set = new(Table, "s", NftDataType.Ipv4Addr) { Interval = true };
        return Read(set, ranges.AsEnumerable().Reverse()).SequenceEqual(ranges);
    });

    [Fact]
    public void ManyElements_AreSpreadOverMessages_AndNoneIsLost()
    {
        NftSet set = new(Table, "s", NftDataType.Ipv4Addr);
        NftElement[] elements = [.. Enumerable.Range(0, 10_000).Select(i => new NftElement(Ip((uint)i)) { Comment = "c" })];
        Assert.Equal(elements, Read(set, elements));
        Assert.Empty(Read(set, []));
    }

    [Fact]
    public void Element_WithEverything_IsReadAsWritten()
    {
        NftSet map = new(Table, "m", NftDataType.Ipv4Addr) { Data = NftDataType.Mark };
        NftElement element = new(Ip(1)) { Data = NftValue.Mark(5), Timeout = TimeSpan.FromSeconds(3), Comment = "why" };
        Assert.Equal([element], Read(map, [element]));
        NftElement verdict = new(NftValue.IfName("e")) { Verdict = NftVerdict.Jump("c") };
        Assert.Equal([verdict], Read(map, [verdict]));
        NftElement all = new() { CatchAll = true, Data = NftValue.Mark(9) };
        Assert.Equal([all], Read(map, [all]));
    }

    [Fact]
    public void Batch_NamesWhatFailed()
    {
        using NfTablesBatch batch = new();
        NftSet set = batch.Add(new NftSet(Table, "s", NftDataType.Ipv4Addr));
        batch.AddElements(set, Enumerable.Range(0, 9000).Select(i => new NftElement(Ip((uint)i))));
        batch.Delete(new NftChain(Table, "gone"));
        batch.Seal(0, echo: false);
        Assert.Equal(3, batch.Count);
        Assert.Equal(new NetlinkResult(Errno.ENOENT, "add set inet t s", 0), batch.Explain(new NetlinkResult(Errno.ENOENT, null, 1)));
        Assert.Equal((1, "add elements of inet t s: text"), Explained(batch, 3, "text"));
        Assert.Equal(2, Enumerable.Range(1, 100).Select(i => batch.Explain(new NetlinkResult(Errno.ENOENT, null, i)).Index).Max());
        Assert.Equal(-1, batch.Explain(new NetlinkResult(Errno.EPERM, null, 0)).Index);
    }

    private static (int Index, string? Message) Explained(NfTablesBatch batch, int message, string text)
    {
        NetlinkResult result = batch.Explain(new NetlinkResult(Errno.EEXIST, text, message));
        return (result.Index, result.Message);
    }

    private static List<NftElement> Read(NftSet set, IEnumerable<NftElement> elements)
    {
        ReadOnlySpan<byte> bytes = Messages.Bytes((ref MessageBuffer b) => ElementCodec.Write(ref b, NFT_MSG_NEWSETELEM, 0, set, elements));
        List<(NftElement, bool)> raw = [];
        while (NetlinkMessage.TryTake(ref bytes, out NetlinkMessage message)) Assert.True(ElementCodec.TryRead(message, raw));
        return ElementCodec.Fold(set, raw);
    }

    private static NftValue Ip(uint value) => NftValue.From(InetAddress.FromIPv4(value));
}
