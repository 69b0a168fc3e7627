using Margay.Core.Net;
using Margay.Netlink.NfTables;
using Margay.Netlink.NfTables.Expressions;

namespace Margay.Interop.Netlink;

/// <summary>
/// The same ruleset from a script by nft and from records by the library: nft must list both alike, and the library must read the same records from both.
/// </summary>
public class NfTablesTests
{
    private static readonly NftTable Table = new(NftFamily.Inet, "t");
    private static readonly NftChain Chain = new(Table, "c");

    private static void AssertSame(string script, Action<NfTablesBatch> build)
    {
        using Sandbox tool = new();
        using Sandbox library = new();
        tool.NftScript(script);
        using NfTablesBatch batch = new();
        build(batch);
        library.Nft.Commit(batch).ThrowIfFailed();
        Assert.Equal(tool.NftList(), library.NftList());
        Assert.Equal(Read(tool.Nft), Read(library.Nft));
    }

    /// <summary>Everything as the library reads it, without handles.</summary>
    private static string[] Read(NfTablesSocket socket)
    {
        List<string> all = [.. socket.ListTables().Value.Select(t => $"{t with { Handle = 0 }}")];
        all.AddRange(socket.ListChains().Value.Select(c => $"{c with { Handle = 0, Hook = null, UseCount = 0 }} {c.Hook?.Point} {c.Hook?.Priority} {string.Join(',', c.Hook?.Devices ?? [])}"));
        all.AddRange(socket.ListCounters().Value.Select(c => $"{c with { Handle = 0 }}"));
        foreach (NftSet set in socket.ListSets().Value)
        {
            all.Add($"{set with { Handle = 0 }}");
            all.AddRange(socket.ListElements(set).Value.Select(e => $"{set.Name}: {e with { Expires = null }}").Order());
        }
        foreach (NftRule rule in socket.ListRules().Value)
            all.Add($"{rule.Chain}: {string.Join("; ", rule.Expressions)} {rule.Comment}");
        return [.. all];
    }

    public static TheoryData<string, NftExpression[]> Rules => new()
    {
        { "iifname \"eth0\" accept", [.. NftMatch.IifName("eth0"), NftImmediate.Accept] },
        { "oifname \"tap*\" counter drop", [.. NftMatch.OifNamePrefix("tap"), new NftCounter(), NftImmediate.Drop] },
        { "meta l4proto 6 return", [.. NftMatch.L4Proto(6), NftImmediate.Return] },
        { "meta mark 0x10 accept", [.. NftMatch.Mark(0x10), NftImmediate.Accept] },
        { "meta mark and 0xff == 0x10 accept", [.. NftMatch.Mark(0x10, 0xff), NftImmediate.Accept] },
        { "meta mark set 0x20", [NftImmediate.Load(NftValue.Mark(0x20)), NftMeta.Set(NftMetaKey.Mark)] },
        { "meta mark set mark and 0xffffff0f or 0x50", [.. NftMatch.SetMark(0xf0, 0x50)] },
        { "ct state established,related accept", [.. NftMatch.CtState(NftCtState.Established | NftCtState.Related), NftImmediate.Accept] },
        { "ct state invalid drop", [.. NftMatch.CtState(NftCtState.Invalid), NftImmediate.Drop] },
        { "ct mark set meta mark", [new NftMeta(NftMetaKey.Mark), NftCt.Set(NftCtKey.Mark)] },
        { "ct status dnat accept", [new NftCt(NftCtKey.Status), NftBitwise.And(NftValue.Native((uint)NftCtStatus.DestinationNat)), new NftCmp(NftCmpOperator.NotEqual, NftValue.Native(0u)), NftImmediate.Accept] },
        { "ip saddr 10.0.0.0/8 accept", [.. NftMatch.Saddr(IpPrefix.Parse("10.0.0.0/8")), NftImmediate.Accept] },
        { "ip daddr 10.1.2.3 accept", [.. NftMatch.Daddr(IpPrefix.Parse("10.1.2.3")), NftImmediate.Accept] },
        { "ip daddr 10.128.0.0/9 accept", [.. NftMatch.Daddr(IpPrefix.Parse("10.128.0.0/9")), NftImmediate.Accept] },
        { "ip6 saddr 2001:db8::/32 accept", [.. NftMatch.Saddr(IpPrefix.Parse("2001:db8::/32")), NftImmediate.Accept] },
        { "ip6 daddr fe80::/10 drop", [.. NftMatch.Daddr(IpPrefix.Parse("fe80::/10")), NftImmediate.Drop] },
        { "tcp dport 22 accept", [.. NftMatch.TcpDport(22), NftImmediate.Accept] },
        { "udp dport 67-68 accept", [.. NftMatch.L4Proto(17), NftMatch.Dport(), new NftCmp(NftCmpOperator.GreaterOrEqual, NftValue.Port(67)), new NftCmp(NftCmpOperator.LessOrEqual, NftValue.Port(68)), NftImmediate.Accept] },
        { "udp dport != 67-68 accept", [.. NftMatch.L4Proto(17), NftMatch.Dport(), new NftRange(NftValue.Port(67), NftValue.Port(68), NftRangeOperator.Outside), NftImmediate.Accept] },
        { "tcp dport < 1024 drop", [.. NftMatch.L4Proto(6), NftMatch.Dport(), new NftCmp(NftCmpOperator.Less, NftValue.Port(1024)), NftImmediate.Drop] },
        { "jump other", [NftImmediate.Jump("other")] },
        { "goto other", [NftImmediate.Goto("other")] },
        { "log prefix \"hello \" group 5", [new NftLog("hello ", Group: 5)] },
        { "log prefix \"x\" level warn", [new NftLog("x", Level: 4)] },
        { "log group 7 snaplen 96 queue-threshold 3", [new NftLog(Group: 7, SnapLength: 96, QueueThreshold: 3)] },
        { "meta l4proto tcp reject with tcp reset", [.. NftMatch.L4Proto(6), NftReject.TcpReset] },
        { "reject with icmpx admin-prohibited", [NftReject.AdminProhibited] },
        { "reject with icmpx port-unreachable", [NftReject.PortUnreachable] },
        { "limit rate 10/second burst 7 packets", [new NftLimit(10, Burst: 7)] },
        { "ct count over 20 drop", [new NftConnlimit(20, NftConnlimit.Over), NftImmediate.Drop] },
        { "ct count 7 accept", [new NftConnlimit(7), NftImmediate.Accept] },
        { "ip6 dscp set ef", [.. NftMatch.NfProto(true), new NftPayload(NftPayloadBase.Network, 0, 2), new NftBitwise(NftValue.BigEndian((ushort)0xf03f), NftValue.BigEndian((ushort)0x0b80)), new NftPayload(NftPayloadBase.Network, 0, 2) { Source = NftRegister.R1 }] },
        { "limit rate over 1 mbytes/second burst 2 mbytes", [new NftLimit(1 << 20, Burst: 2 << 20, Limit: NftLimitKind.Bytes, Flags: 1)] },
        { "fib saddr . iif oif missing drop", [new NftFib(NftFibResult.OutgoingLink, NftFibFlags.SourceAddress | NftFibFlags.IncomingLink | NftFibFlags.Present), new NftCmp(NftCmpOperator.Equal, NftValue.Native(0u)), NftImmediate.Drop] },
        { "fib daddr type local accept", [new NftFib(NftFibResult.AddressType, NftFibFlags.DestinationAddress), new NftCmp(NftCmpOperator.Equal, NftValue.Native(2u)), NftImmediate.Accept] },
        { "exthdr frag exists drop", [.. NftMatch.NfProto(true), new NftExthdr(NftExthdrOperator.Ipv6, 44, 0, 1, Flags: 1), new NftCmp(NftCmpOperator.Equal, NftValue.Byte(1)), NftImmediate.Drop] },
        { "ip saddr @s accept", [.. NftMatch.NfProto(false), NftMatch.Saddr(false), new NftLookup("s"), NftImmediate.Accept] },
        { "ip saddr != @s drop", [.. NftMatch.NfProto(false), NftMatch.Saddr(false), new NftLookup("s") { Invert = true }, NftImmediate.Drop] },
        { "meta mark set ip saddr map @m", [.. NftMatch.NfProto(false), NftMatch.Saddr(false), new NftLookup("m") { Destination = NftRegister.R1 }, NftMeta.Set(NftMetaKey.Mark)] },
        { "iifname vmap @v", [new NftMeta(NftMetaKey.IncomingLinkName), NftLookup.VerdictMap("v")] },
        { "iifname . ip saddr @p accept", [.. NftMatch.NfProto(false), new NftMeta(NftMetaKey.IncomingLinkName), NftMatch.Saddr(false, NftRegister.R2), new NftLookup("p"), NftImmediate.Accept] },
        { "counter name \"k\"", [NftObjref.Counter("k")] },
        { "meta mark set numgen inc mod 4 offset 1", [new NftNumgen(NftNumgenKind.Incremental, 4, 1), NftMeta.Set(NftMetaKey.Mark)] },
        { "meta mark set jhash ip saddr mod 8 seed 0x5", [.. NftMatch.NfProto(false), NftMatch.Saddr(false, NftRegister.R2), new NftHash(NftHashKind.Jenkins, 8, 4, 5, Source: NftRegister.R2), NftMeta.Set(NftMetaKey.Mark)] },
        { "meta mark set symhash mod 8", [new NftHash(NftHashKind.Symmetric, 8), NftMeta.Set(NftMetaKey.Mark)] },
        { "add @dyn { ip saddr timeout 10s }", [.. NftMatch.NfProto(false), NftMatch.Saddr(false), new NftDynset("dyn", NftDynsetOperator.Add) { Timeout = TimeSpan.FromSeconds(10) }] },
        { "meta nftrace set 1", [NftImmediate.Load(NftValue.Byte(1)), NftMeta.Set(NftMetaKey.Trace)] },
        { "ip dscp set cs1", [.. NftMatch.NfProto(false), new NftPayload(NftPayloadBase.Network, 0, 2), new NftBitwise(NftValue.BigEndian((ushort)0xff03), NftValue.BigEndian((ushort)0x0020)), new NftPayload(NftPayloadBase.Network, 0, 2) { Source = NftRegister.R1, ChecksumKind = 1, ChecksumOffset = 10 }] },
        { "tcp flags syn tcp option maxseg size set rt mtu", [.. NftMatch.L4Proto(6), new NftPayload(NftPayloadBase.Transport, 13, 1), NftBitwise.And(NftValue.Byte(2)), new NftCmp(NftCmpOperator.NotEqual, NftValue.Byte(0)), new NftRt(NftRtKey.TcpMss), new NftByteOrder(NftByteOrderOperator.HostToNetwork, 2, 2), new NftUnknown("exthdr", ExthdrSetMaxseg())] },
    };

    // Writing a TCP option is not offered; NftUnknown carries any expression.
    private static NftValue ExthdrSetMaxseg() => NftValue.FromBytes(Convert.FromHexString(
        "08000700" + "00000001" + "05000200" + "02000000" + "08000300" + "00000002" + "08000400" + "00000002" + "08000600" + "00000001"));

    [Theory]
    [MemberData(nameof(Rules))]
    public void Rule_IsTheSameAsNfts(string rule, NftExpression[] expressions) => AssertSame(
        $$"""
        table inet t {
          counter k { }
          set s { type ipv4_addr; }
          set p { type ifname . ipv4_addr; }
          set dyn { type ipv4_addr; flags dynamic,timeout; size 100; }
          map m { type ipv4_addr : mark; }
          map v { type ifname : verdict; }
          chain other { }
          chain c { {{rule}} comment "why"
          }
        }
        """,
        b =>
        {
            b.Add(Table);
            b.Add(new NftCounterObject(Table, "k"));
            b.Add(new NftSet(Table, "s", NftDataType.Ipv4Addr));
            b.Add(new NftSet(Table, "p", NftDataType.Concat(NftDataType.IfName, NftDataType.Ipv4Addr)));
            b.Add(new NftSet(Table, "dyn", NftDataType.Ipv4Addr) { Dynamic = true, HasTimeout = true, Size = 100 });
            b.Add(new NftSet(Table, "m", NftDataType.Ipv4Addr) { Data = NftDataType.Mark });
            b.Add(new NftSet(Table, "v", NftDataType.IfName) { Data = NftDataType.Verdict });
            b.Add(new NftChain(Table, "other"));
            b.Add(Chain);
            b.Add(new NftRule(Chain, expressions) { Comment = "why" });
        });

    [Fact]
    public void TablesChainsAndCounters_AreTheSameAsNfts() => AssertSame(
        """
        table inet t { comment "the table"; counter k { comment "kc"
        }
          chain in { comment "cc"
            type filter hook input priority -5; policy drop; }
          chain forwarded { type filter hook forward priority filter; policy accept; }
          chain pre { type nat hook prerouting priority dstnat; }
          chain out { type route hook output priority mangle; }
          chain plain { }
        }
        table ip6 u { flags dormant
        }
        table arp a { }
        table bridge b { chain c { type filter hook prerouting priority -200; }
        }
        table netdev n { chain c { type filter hook ingress device "lo" priority 0; }
        }
        """,
        b =>
        {
            b.Add(Table with { Comment = "the table" });
            b.Add(new NftCounterObject(Table, "k") { Comment = "kc" });
            b.Add(new NftChain(Table, "in") { Hook = new NftHook(NftHookPoint.Input, -5), Policy = NftPolicy.Drop, Comment = "cc" });
            b.Add(new NftChain(Table, "forwarded") { Hook = new NftHook(NftHookPoint.Forward, 0), Policy = NftPolicy.Accept });
            b.Add(new NftChain(Table, "pre") { Hook = new NftHook(NftHookPoint.Prerouting, -100, NftHook.Nat) });
            b.Add(new NftChain(Table, "out") { Hook = new NftHook(NftHookPoint.Output, -150, NftHook.Route) });
            b.Add(new NftChain(Table, "plain"));
            b.Add(new NftTable(NftFamily.Ip6, "u") { Flags = NftTableFlags.Dormant });
            b.Add(new NftTable(NftFamily.Arp, "a"));
            b.Add(new NftTable(NftFamily.Bridge, "b"));
            b.Add(new NftChain(NftFamily.Bridge, "b", "c") { Hook = new NftHook(NftHookPoint.Prerouting, -200) });
            b.Add(new NftTable(NftFamily.Netdev, "n"));
            b.Add(new NftChain(NftFamily.Netdev, "n", "c") { Hook = new NftHook(NftHookPoint.NetdevIngress, 0) { Devices = ["lo"] } });
        });

    [Fact]
    public void SetsAndMaps_AreTheSameAsNfts()
    {
        NftSet plain = new(Table, "plain", NftDataType.Ipv4Addr) { Comment = "members" };
        NftSet nets = new(Table, "nets", NftDataType.Ipv4Addr) { Interval = true };
        NftSet nets6 = new(Table, "nets6", NftDataType.Ipv6Addr) { Interval = true };
        NftSet ports = new(Table, "ports", NftDataType.Concat(NftDataType.InetProto, NftDataType.InetService)) { Interval = true };
        NftSet tuple = new(Table, "tuple", NftDataType.Concat(NftDataType.IfName, NftDataType.Mark, NftDataType.InetProto, NftDataType.InetService));
        NftSet marks = new(Table, "marks", NftDataType.Ipv4Addr) { Data = NftDataType.Mark };
        NftSet netmarks = new(Table, "netmarks", NftDataType.Ipv4Addr) { Data = NftDataType.Mark, Interval = true };
        NftSet verdicts = new(Table, "verdicts", NftDataType.IfName) { Data = NftDataType.Verdict };
        NftSet timed = new(Table, "timed", NftDataType.Ipv4Addr) { Timeout = TimeSpan.FromHours(1), Size = 1000, GarbageCollectionInterval = TimeSpan.FromSeconds(30) };
        NftSet counted = new(Table, "counted", NftDataType.EtherAddr) { Counters = true };
        NftSet targets = new(Table, "targets", NftDataType.Concat(NftDataType.Ipv4Addr, NftDataType.InetProto, NftDataType.InetService))
        {
            Data = NftDataType.Concat(NftDataType.Ipv4Addr, NftDataType.InetService),
        };
        AssertSame(
            """
            table inet t {
              set plain { type ipv4_addr; comment "members"
                elements = { 10.0.0.1 comment "one", 10.0.0.2 } }
              set nets { type ipv4_addr; flags interval
                elements = { 10.0.0.0/8, 192.0.2.1, 192.0.2.16-192.0.2.20, 255.0.0.0/8 } }
              set nets6 { type ipv6_addr; flags interval
                elements = { 2001:db8::/32, fe80::1 } }
              set ports { type inet_proto . inet_service; flags interval
                elements = { tcp . 80-90, udp . 53 } }
              set tuple { type ifname . mark . inet_proto . inet_service
                elements = { "eth0" . 0x1 . tcp . 80 } }
              map marks { type ipv4_addr : mark
                elements = { 10.0.0.1 comment "five" : 0x5 } }
              map netmarks { type ipv4_addr : mark; flags interval
                elements = { 10.0.0.0/9 : 0x1, 10.128.0.0-10.128.0.9 : 0x2, 11.0.0.0/8 : 0x3 } }
              map verdicts { type ifname : verdict
                elements = { "eth0" : accept, "eth1" : goto other, * : drop } }
              set timed { type ipv4_addr; size 1000; timeout 1h; gc-interval 30s
                elements = { 10.0.0.1 timeout 2h } }
              set counted { type ether_addr; counter
                elements = { 02:00:00:00:00:01 } }
              map targets { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
                elements = { 10.0.0.1 . tcp . 80 : 192.0.2.1 . 8080 } }
              chain other { }
            }
            """,
            b =>
            {
                b.Add(Table);
                b.Add(new NftChain(Table, "other"));
                foreach (NftSet set in new[] { plain, nets, nets6, ports, tuple, marks, netmarks, verdicts, timed, counted, targets }) b.Add(set);
                b.AddElements(plain, new NftElement(Ip("10.0.0.1")) { Comment = "one" }, new NftElement(Ip("10.0.0.2")));
                b.AddElements(nets, NftElement.Prefix(IpPrefix.Parse("10.0.0.0/8")), new NftElement(Ip("192.0.2.1")),
                    NftElement.Range(Ip("192.0.2.16"), Ip("192.0.2.20")), NftElement.Prefix(IpPrefix.Parse("255.0.0.0/8")));
                b.AddElements(nets6, NftElement.Prefix(IpPrefix.Parse("2001:db8::/32")), new NftElement(Ip("fe80::1")));
                b.AddElements(ports,
                    NftElement.Range(NftValue.Concat(NftValue.Byte(6), NftValue.Port(80)), NftValue.Concat(NftValue.Byte(6), NftValue.Port(90))),
                    new NftElement(NftValue.Concat(NftValue.Byte(17), NftValue.Port(53))));
                b.AddElements(tuple, new NftElement(NftValue.Concat(NftValue.IfName("eth0"), NftValue.Mark(1), NftValue.Byte(6), NftValue.Port(80))));
                b.AddElements(marks, new NftElement(Ip("10.0.0.1")) { Data = NftValue.Mark(5), Comment = "five" });
                b.AddElements(netmarks,
                    NftElement.Prefix(IpPrefix.Parse("11.0.0.0/8")) with { Data = NftValue.Mark(3) },
                    NftElement.Prefix(IpPrefix.Parse("10.0.0.0/9")) with { Data = NftValue.Mark(1) },
                    NftElement.Range(Ip("10.128.0.0"), Ip("10.128.0.9")) with { Data = NftValue.Mark(2) });
                b.AddElements(verdicts, new NftElement(NftValue.IfName("eth0")) { Verdict = NftVerdict.Accept },
                    new NftElement(NftValue.IfName("eth1")) { Verdict = NftVerdict.Goto("other") }, new NftElement { CatchAll = true, Verdict = NftVerdict.Drop });
                b.AddElements(timed, new NftElement(Ip("10.0.0.1")) { Timeout = TimeSpan.FromHours(2) });
                b.AddElements(counted, new NftElement(NftValue.From(MacAddress.Parse("02:00:00:00:00:01"))));
                b.AddElements(targets, new NftElement(NftValue.Concat(Ip("10.0.0.1"), NftValue.Byte(6), NftValue.Port(80))) { Data = NftValue.Concat(Ip("192.0.2.1"), NftValue.Port(8080)) });
            });
    }

    [Fact]
    public void NatRules_AreTheSameAsNfts() => AssertSame(
        """
        table ip nat {
          chain pre { type nat hook prerouting priority dstnat
            tcp dport 80 dnat to 192.0.2.1:8080
            tcp dport 81 redirect to :8081
          }
          chain post { type nat hook postrouting priority srcnat
            oifname "eth0" masquerade
            oifname "eth1" masquerade fully-random
            ip saddr 10.0.0.0/8 snat to 192.0.2.7-192.0.2.9
          }
          chain raw { type filter hook prerouting priority raw
            udp dport 53 notrack
            ct zone set 5
          }
        }
        """,
        b =>
        {
            NftTable nat = new(NftFamily.Ip, "nat");
            NftChain pre = new(nat, "pre") { Hook = new NftHook(NftHookPoint.Prerouting, -100, NftHook.Nat) };
            NftChain post = new(nat, "post") { Hook = new NftHook(NftHookPoint.Postrouting, 100, NftHook.Nat) };
            NftChain raw = new(nat, "raw") { Hook = new NftHook(NftHookPoint.Prerouting, -300) };
            b.Add(nat);
            b.Add(pre);
            b.Add(post);
            b.Add(raw);
            b.Add(new NftRule(pre, [.. NftMatch.TcpDport(80), NftImmediate.Load(Ip("192.0.2.1")), NftImmediate.Load(NftValue.Port(8080), NftRegister.R2),
                new NftNat(NftNatKind.Destination, NftFamily.Ip, NftRegister.R1, PortMin: NftRegister.R2, Flags: NftNatFlags.PortsSpecified)]));
            b.Add(new NftRule(pre, [.. NftMatch.TcpDport(81), NftImmediate.Load(NftValue.Port(8081)), new NftRedirect(NftRegister.R1, Flags: NftNatFlags.PortsSpecified)]));
            b.Add(new NftRule(post, [.. NftMatch.OifName("eth0"), new NftMasquerade()]));
            b.Add(new NftRule(post, [.. NftMatch.OifName("eth1"), new NftMasquerade(NftNatFlags.FullyRandom)]));
            b.Add(new NftRule(post, [NftMatch.Saddr(false) with { Length = 1 }, new NftCmp(NftCmpOperator.Equal, NftValue.Byte(10)),
                NftImmediate.Load(Ip("192.0.2.7")), NftImmediate.Load(Ip("192.0.2.9"), NftRegister.R2),
                new NftNat(NftNatKind.Source, NftFamily.Ip, NftRegister.R1, NftRegister.R2)]));
            b.Add(new NftRule(raw, [.. NftMatch.UdpDport(53), new NftNotrack()]));
            b.Add(new NftRule(raw, [NftImmediate.Load(NftValue.Native((ushort)5)), NftCt.Set(NftCtKey.Zone)]));
        });

    [Fact]
    public void NetdevForwarding_IsTheSameAsNfts() => AssertSame(
        """
        table netdev n { chain c { type filter hook ingress device "lo" priority 0
          fwd to "lo"
          dup to "lo"
          }
        }
        """,
        b =>
        {
            NftTable n = new(NftFamily.Netdev, "n");
            NftChain c = new(n, "c") { Hook = new NftHook(NftHookPoint.NetdevIngress, 0) { Devices = ["lo"] } };
            b.Add(n);
            b.Add(c);
            b.Add(new NftRule(c, NftImmediate.Load(NftValue.Native(1u)), new NftFwd()));
            b.Add(new NftRule(c, NftImmediate.Load(NftValue.Native(1u)), new NftDup(Link: NftRegister.R1)));
        });

    [Fact]
    public void AnonymousSet_BelongsToItsRule()
    {
        AssertSame(
            "table inet t { chain c { tcp dport { 80, 443 } accept\n }\n }",
            b =>
            {
                b.Add(Table);
                b.Add(Chain);
                NftSet ports = b.Add(new NftSet(Table, "__set%d", NftDataType.InetService) { Anonymous = true, Constant = true, Size = 2 });
                b.AddElements(ports, new NftElement(NftValue.Port(80)), new NftElement(NftValue.Port(443)));
                b.Add(new NftRule(Chain, [.. NftMatch.L4Proto(6), NftMatch.Dport(), NftLookup.In(ports), NftImmediate.Accept]));
            });
    }

    private static NftValue Ip(string address) => NftValue.From(InetAddress.Parse(address));
}
