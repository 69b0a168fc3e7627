using Margay.Bgp.Wire;

namespace Margay.Bgp.Tests.Wire;

/// <summary>RFC 7606 as a table: one fault in an otherwise good UPDATE, and how it must be taken.</summary>
public class UpdateOutcomeTests
{
    private const string Prefix = "18 0a0102";

    public sealed record Case(string Name, UpdateOutcomeText Expected, byte[] Body, bool External = false, bool TwoOctet = false)
    {
        public override string ToString() => Name;
    }

    /// <summary>The outcome's name, because the enum is internal.</summary>
    public enum UpdateOutcomeText
    {
        Ok,
        AttributeDiscard,
        TreatAsWithdraw,
        SessionReset,
    }

    private static byte[] With(params byte[][] extra) => Hex.Update(Prefix, "", [Hex.Origin, Hex.Path, Hex.NextHop, .. extra]);

    private static byte[] Instead(byte[] origin, byte[] path, byte[] hop) => Hex.Update(Prefix, "", origin, path, hop);

    public static TheoryData<Case> Cases =>
    [
        new Case("good", UpdateOutcomeText.Ok, With()),
        new Case("only withdrawals", UpdateOutcomeText.Ok, Hex.Update("", Prefix)),
        new Case("end of rib", UpdateOutcomeText.Ok, Hex.Update("", "")),
        // RFC 7606 §3, §4: the message
        new Case("withdrawn length too long", UpdateOutcomeText.SessionReset, Hex.Bytes("00ff 0000")),
        new Case("attribute length too long", UpdateOutcomeText.SessionReset, Hex.Bytes("0000 00ff 4001")),
        new Case("attribute runs over the list", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Origin, Hex.Path, Hex.NextHop, [0xc0, 8, 40, 1])),
        new Case("one byte left in the list", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Origin, Hex.Path, Hex.NextHop, [0x40])),
        new Case("attribute twice: the first counts", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0x40, 1, "02"))),
        new Case("MP_REACH_NLRI twice", UpdateOutcomeText.SessionReset, Hex.Update("", "", Reach(), Reach(), Hex.Origin, Hex.Path)),
        new Case("MP_UNREACH_NLRI twice", UpdateOutcomeText.SessionReset, Hex.Update("", "", Hex.Attribute(0x80, 15, "000201"), Hex.Attribute(0x80, 15, "000201"))),
        new Case("unknown well-known", UpdateOutcomeText.SessionReset, With(Hex.Attribute(0x40, 99, "01"))),
        new Case("unknown optional transitive", UpdateOutcomeText.Ok, With(Hex.Attribute(0xc0, 99, "01"))),
        new Case("unknown optional non-transitive", UpdateOutcomeText.Ok, With(Hex.Attribute(0x80, 99, "01"))),
        new Case("wrong flags", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Attribute(0xc0, 1, "00"), Hex.Path, Hex.NextHop)),
        new Case("extended length on a short attribute", UpdateOutcomeText.Ok, Instead(Hex.Attribute(0x50, 1, "00"), Hex.Path, Hex.NextHop)),
        // §7.1 ORIGIN
        new Case("ORIGIN value", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Attribute(0x40, 1, "03"), Hex.Path, Hex.NextHop)),
        new Case("ORIGIN length", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Attribute(0x40, 1, "0000"), Hex.Path, Hex.NextHop)),
        new Case("ORIGIN missing", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Path, Hex.NextHop)),
        // §7.2 AS_PATH
        new Case("AS_PATH segment type", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Origin, Hex.Attribute(0x40, 2, "0501 0000fde9"), Hex.NextHop)),
        new Case("AS_PATH segment overrun", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Origin, Hex.Attribute(0x40, 2, "0203 0000fde9"), Hex.NextHop)),
        new Case("AS_PATH underrun", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Origin, Hex.Attribute(0x40, 2, "0201 0000fde9 02"), Hex.NextHop)),
        new Case("AS_PATH empty segment", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Origin, Hex.Attribute(0x40, 2, "0200"), Hex.NextHop)),
        new Case("AS_PATH missing", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Origin, Hex.NextHop)),
        // §7.3 NEXT_HOP
        new Case("NEXT_HOP length", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Origin, Hex.Path, Hex.Attribute(0x40, 3, "0a0000"))),
        new Case("NEXT_HOP multicast", UpdateOutcomeText.TreatAsWithdraw, Instead(Hex.Origin, Hex.Path, Hex.Attribute(0x40, 3, "e0000001"))),
        new Case("NEXT_HOP missing", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Origin, Hex.Path)),
        // §7.4 to 7.10
        new Case("MED length", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0x80, 4, "0000"))),
        new Case("LOCAL_PREF length", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0x40, 5, "00"))),
        new Case("LOCAL_PREF from outside", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0x40, 5, "00000064")), External: true),
        new Case("ATOMIC_AGGREGATE length", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0x40, 6, "00"))),
        new Case("AGGREGATOR length", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0xc0, 7, "fde9 0a000001"))),
        new Case("COMMUNITIES length", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0xc0, 8, "fde900"))),
        new Case("COMMUNITIES empty", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0xc0, 8, ""))),
        new Case("ORIGINATOR_ID length", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0x80, 9, "0a00"))),
        new Case("ORIGINATOR_ID from outside", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0x80, 9, "0a000001")), External: true),
        new Case("CLUSTER_LIST length", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0x80, 10, "0a0000"))),
        new Case("CLUSTER_LIST from outside", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0x80, 10, "0a000001")), External: true),
        // §7.11, 7.12
        new Case("MP_REACH_NLRI next-hop length", UpdateOutcomeText.SessionReset, Hex.Update("", "", Hex.Attribute(0x80, 14, "000201 05 2001000001 00"), Hex.Origin, Hex.Path)),
        new Case("MP_REACH_NLRI cut off", UpdateOutcomeText.SessionReset, Hex.Update("", "", Hex.Attribute(0x80, 14, "0002"), Hex.Origin, Hex.Path)),
        new Case("MP_REACH_NLRI of an unknown family", UpdateOutcomeText.Ok, Hex.Update("", "", Hex.Attribute(0x80, 14, "400401 05 0102030405 00 ffff"), Hex.Origin, Hex.Path)),
        new Case("MP_UNREACH_NLRI cut off", UpdateOutcomeText.SessionReset, Hex.Update("", "", Hex.Attribute(0x80, 15, "0002"))),
        // §7.14, RFC 8092 §6, RFC 6793 §6
        new Case("EXTENDED_COMMUNITIES length", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0xc0, 16, "0002fde8000000"))),
        new Case("LARGE_COMMUNITY length", UpdateOutcomeText.TreatAsWithdraw, With(Hex.Attribute(0xc0, 32, "0000fde8"))),
        new Case("AS4_PATH from a four-octet speaker", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0xc0, 17, "0201 0000fde9"))),
        new Case("AS4_PATH malformed", UpdateOutcomeText.AttributeDiscard,
            Hex.Update(Prefix, "", Hex.Origin, Hex.Attribute(0x40, 2, "0201 fde9"), Hex.NextHop, Hex.Attribute(0xc0, 17, "0201 0000")), TwoOctet: true),
        new Case("AS4_AGGREGATOR length", UpdateOutcomeText.AttributeDiscard,
            Hex.Update(Prefix, "", Hex.Origin, Hex.Attribute(0x40, 2, "0201 fde9"), Hex.NextHop, Hex.Attribute(0xc0, 18, "0000fde9")), TwoOctet: true),
    ];

    private static byte[] Reach() => Hex.Attribute(0x80, 14, "000201 10 20010db8000000000000000000000001 00 20 20010db8");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fault_IsTakenAsTheRfcSays(Case test)
    {
        ArgumentNullException.ThrowIfNull(test);
        UpdateMessage u = UpdateMessage.Read(test.Body, new UpdateContext(!test.TwoOctet, !test.External), new byte[UpdateMessage.ScratchSize]);
        Assert.Equal(test.Expected.ToString(), u.Outcome.ToString());
        Assert.Equal(test.Expected == UpdateOutcomeText.SessionReset, u.Error is not null);
    }

    [Fact]
    public void Attributes_ComeOutCanonical_WhateverTheirOrderAndHeaderForm()
    {
        byte[] a = Hex.Update(Prefix, "", Hex.Origin, Hex.Path, Hex.NextHop, Hex.Attribute(0x80, 4, "00000007"));
        byte[] b = Hex.Update(Prefix, "", Hex.Attribute(0x90, 4, "00000007"), Hex.NextHop, Hex.Path, Hex.Attribute(0x50, 1, "00"));
        UpdateMessage u = UpdateMessage.Read(a, new UpdateContext(true, true), new byte[UpdateMessage.ScratchSize]);
        UpdateMessage v = UpdateMessage.Read(b, new UpdateContext(true, true), new byte[UpdateMessage.ScratchSize]);
        Assert.Equal(Convert.ToHexString(u.Attributes), Convert.ToHexString(v.Attributes));
        Assert.Equal("40010100" + "40020a02020000fde90000fdea" + "80040400000007", Convert.ToHexStringLower(u.Attributes));
        Assert.Equal("0a000001", Convert.ToHexStringLower(u.NextHop));
    }

    [Fact]
    public void UnknownTransitive_IsKept_WithThePartialBit()
    {
        UpdateMessage u = UpdateMessage.Read(With(Hex.Attribute(0xc0, 99, "aabb"), Hex.Attribute(0x80, 98, "cc")), new UpdateContext(true, true), new byte[UpdateMessage.ScratchSize]);
        Assert.EndsWith("e06302aabb", Convert.ToHexStringLower(u.Attributes), StringComparison.Ordinal);
    }

    [Fact]
    public void TwoOctetPath_IsMergedWithAs4Path()
    {
        byte[] body = Hex.Update(Prefix, "", Hex.Origin, Hex.Attribute(0x40, 2, "0203 fde9 5ba0 5ba0"), Hex.NextHop, Hex.Attribute(0xc0, 17, "0202 0003fdea 0003fdeb"));
        UpdateMessage u = UpdateMessage.Read(body, new UpdateContext(false, false), new byte[UpdateMessage.ScratchSize]);
        PathAttributes a = new([0, 0, 0, .. u.Attributes]);
        Assert.Equal("65001 261610 261611", a.AsPath.ToString());
        Assert.Equal(3, a.AsPath.Length);
    }

    [Fact]
    public void NonZeroAggregator_SaysThatAs4PathIsOld()
    {
        byte[] body = Hex.Update(Prefix, "", Hex.Origin, Hex.Attribute(0x40, 2, "0202 fde9 5ba0"), Hex.NextHop,
            Hex.Attribute(0xc0, 7, "fde9 0a000001"), Hex.Attribute(0xc0, 17, "0201 0003fdea"), Hex.Attribute(0xc0, 18, "0003fdea 0a000001"));
        UpdateMessage u = UpdateMessage.Read(body, new UpdateContext(false, false), new byte[UpdateMessage.ScratchSize]);
        Assert.Equal("65001 23456", new PathAttributes([0, 0, 0, .. u.Attributes]).AsPath.ToString());
    }
}
