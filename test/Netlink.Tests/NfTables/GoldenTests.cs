using Margay.Core.Net;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;
using Margay.Netlink.Sockets;
using static Margay.Netlink.Constants.LinuxNfTables;

namespace Margay.Netlink.Tests.NfTables;

/// <summary>
/// The bytes that <c>nft --debug=mnl</c> 1.0.6 shows for the same objects, after the netlink header. Two differences: nft notes for itself how a type was written
/// (user data 2 to 6), and begins the first interval of a set with an end at zero.
/// </summary>
public class GoldenTests
{
    private static readonly NftTable Table = new(NftFamily.Inet, "t") { Comment = "tc" };
    private static readonly NftChain Chain = new(Table, "f") { Hook = new NftHook(NftHookPoint.Forward, 0), Policy = NftPolicy.Drop, Comment = "chain c" };
    private static readonly NftSet S1 = new(Table, "s1", NftDataType.Ipv4Addr) { Id = 1, Comment = "hello" };
    private static readonly NftSet S2 = new(Table, "s2", NftDataType.Ipv4Addr) { Id = 2, Interval = true };
    private static readonly NftSet S3 = new(Table, "s3", NftDataType.Concat(NftDataType.IfName, NftDataType.Ipv4Addr, NftDataType.InetProto, NftDataType.InetService)) { Id = 3, Interval = true };
    private static readonly NftSet M1 = new(Table, "m1", NftDataType.Ipv4Addr) { Id = 4, Data = NftDataType.Mark };
    private static readonly NftSet M2 = new(Table, "m2", NftDataType.IfName) { Id = 5, Data = NftDataType.Verdict };
    private static readonly NftSet S4 = new(Table, "s4", NftDataType.Ipv4Addr) { Id = 6, Timeout = TimeSpan.FromSeconds(10), GarbageCollectionInterval = TimeSpan.FromSeconds(5), Size = 100 };
    private static readonly NftSet S5 = new(Table, "s5", NftDataType.Ipv4Addr) { Id = 7, Counters = true };

    [Fact]
    public void Table_() => Is(
        "0100000006000100740000000800020000000000090006000003746300000000",
        static (ref MessageBuffer b) => TableCodec.WriteNew(ref b, Table, 0));

    [Fact]
    public void Chain_() => Is(
        "01000000060001007400000006000300660000000b00070066696c7465720000080005000000000014000480080001000000000208000200000000000e000c000008636861696e2063000000",
        static (ref MessageBuffer b) => ChainCodec.WriteNew(ref b, Chain, 0));

    [Fact]
    public void Counter() => Is(
        "010000000600010074000000070002006331000008000300000000010900080000036363000000001c0004800c00010000000000000000000c0002000000000000000000",
        static (ref MessageBuffer b) => CounterObjectCodec.WriteNew(ref b, new NftCounterObject(Table, "c1") { Comment = "cc" }, 0));

    public static TheoryData<string, NftSet> Sets => new()
    {
        { "010000000600010074000000070002007331000008000300000000000800040000000007080005000000000408000a000000000112000d00000402000000070668656c6c6f000000", S1 },
        { "010000000600010074000000070002007332000008000300000000040800040000000007080005000000000408000a00000000020a000d000004020000000000", S2 },
        { "010000000600010074000000070002007333000008000300000000840800040000a4730d080005000000001c08000a000000000338000980340002800c00018008000100000000100c00018008000100000000040c00018008000100000000010c00018008000100000000020a000d000004000000000000", S3 },
        { "010000000600010074000000070002006d3100000800030000000008080004000000000708000500000000040800060000000013080007000000000408000a000000000410000d00000402000000010401000000", M1 },
        { "010000000600010074000000070002006d32000008000300000000080800040000000029080005000000001008000600ffffff00080007000000000008000a000000000510000d00000401000000010400000000", M2 },
        { "010000000600010074000000070002007334000008000300000000100800040000000007080005000000000408000a00000000060c00098008000100000000640c000b00000000000000271008000c00000013880a000d000004020000000000", S4 },
        { "010000000600010074000000070002007335000008000300000000000800040000000007080005000000000408000a00000000070a000d000004020000000000140011800c000100636f756e7465720004000280", S5 },
    };

    [Theory]
    [MemberData(nameof(Sets))]
    public void Set(string expected, NftSet set) => Is(expected, (ref MessageBuffer b) => SetCodec.WriteNew(ref b, set, 0));

    public static TheoryData<string, NftSet, NftElement[]> Elements => new()
    {
        {
            "01000000060001007400000007000200733100000800040000000001200003801c0001800c000180080001000a000001090006000003653100000000",
            S1, [new NftElement(Ip("10.0.0.1")) { Comment = "e1" }]
        },
        {
            "010000000600010074000000070002007332000008000400000000022c000380100001800c000180080001000a000000180001800c000180080001000b0000000800030000000001",
            S2, [NftElement.Prefix(IpPrefix.Parse("10.0.0.0/8"))]
        },
        {
            "01000000060001007400000007000200733300000800040000000003500003804c0001802400018020000100657468300000000000000000000000000a000000060000000050000024000a8020000100657468300000000000000000000000000affffff06000000005a0000",
            S3, [NftElement.Range(Tuple("10.0.0.0", 80), Tuple("10.255.255.255", 90))]
        },
        {
            "010000000600010074000000070002006d3100000800040000000004200003801c0001800c000180080001000a0000010c0002800800010005000000",
            M1, [new NftElement(Ip("10.0.0.1")) { Data = NftValue.Mark(5) }]
        },
        {
            "010000000600010074000000070002006d3200000800040000000005300003802c000180180001801400010065746830000000000000000000000000100002800c0002800800010000000001",
            M2, [new NftElement(NftValue.IfName("eth0")) { Verdict = NftVerdict.Accept }]
        },
    };

    [Theory]
    [MemberData(nameof(Elements))]
    public void Element(string expected, NftSet set, NftElement[] elements) =>
        Is(expected, (ref MessageBuffer b) => ElementCodec.Write(ref b, NFT_MSG_NEWSETELEM, 0, set, elements));

    [Fact]
    public void Rule_StateCounterVerdictComment() => Is(
        "0100000006000100740000000600020066000000d80004802000018007000100637400001400028008000200000000000800010000000001440001800c0001006269747769736500340002800800010000000001080002000000000108000300000000040c00048008000100060000000c00058008000100000000002c00018008000100636d700020000280080001000000000108000200000000010c0003800800010000000000140001800c000100636f756e7465720004000280300001800e000100696d6d6564696174650000001c0002800800010000000000100002800c0002800800010000000001090007000003726300000000",
        static (ref MessageBuffer b) => RuleCodec.WriteNew(ref b, new NftRule(Chain,
            [.. NftMatch.CtState(NftCtState.Established | NftCtState.Related), new NftCounter(), NftImmediate.Accept]) { Comment = "rc" }, 0));

    [Fact]
    public void Rule_ConcatenationIntoAVerdictMapOfTheSameBatch() => Is(
        "01000000060001007400000006000200660000004401048024000180090001006d6574610000000014000280080002000000000f08000100000000012c00018008000100636d700020000280080001000000000108000200000000000c000380050001000200000024000180090001006d6574610000000014000280080002000000001008000100000000012c00018008000100636d700020000280080001000000000108000200000000000c0003800500010006000000340001800c0001007061796c6f6164002400028008000100000000010800020000000001080003000000000c0800040000000004340001800c0001007061796c6f616400240002800800010000000009080002000000000208000300000000020800040000000002380001800b0001006c6f6f6b7570000028000280080002000000000108000300000000000c0001005f5f6d61702564000800040000000009",
        static (ref MessageBuffer b) => RuleCodec.WriteNew(ref b, new NftRule(Chain,
            [.. NftMatch.NfProto(false), .. NftMatch.L4Proto(6), NftMatch.Saddr(false), NftMatch.Dport(NftRegisters.Word(1)),
            NftLookup.VerdictMap("__map%d") with { SetId = 9 }]), 0));

    private static void Is(string expected, Messages.Writer write) => Assert.Equal(expected, Messages.Payload(write));

    private static NftValue Ip(string address) => NftValue.From(InetAddress.Parse(address));

    private static NftValue Tuple(string address, ushort port) => NftValue.Concat(NftValue.IfName("eth0"), Ip(address), NftValue.Byte(6), NftValue.Port(port));
}
