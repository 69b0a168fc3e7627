using Margay.Bgp.Wire;

namespace Margay.Bgp.Tests.Wire;

/// <summary>RFC 7606 for UPDATEs as a whole, as a table: one fault, and how it must be taken. Faults of single attributes are in <see cref="AttributeFaultTests"/>.</summary>
public class UpdateOutcomeTests
{
    private const string Prefix = "18 0a0102";

    public sealed record Case(string Name, UpdateOutcomeText Expected, byte[] Body)
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
        new Case("unknown well-known", UpdateOutcomeText.SessionReset, With(Hex.Attribute(0x40, 99, "01"))),
        new Case("unknown optional transitive", UpdateOutcomeText.Ok, With(Hex.Attribute(0xc0, 99, "01"))),
        new Case("unknown optional non-transitive", UpdateOutcomeText.Ok, With(Hex.Attribute(0x80, 99, "01"))),
        new Case("unknown well-known attribute twice", UpdateOutcomeText.SessionReset, With(Hex.Attribute(0x40, 99, "01"), Hex.Attribute(0x40, 99, "01"))),
        new Case("unknown optional transitive twice", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0xc0, 99, "01"), Hex.Attribute(0xc0, 99, "02"))),
        // §3 d
        new Case("ORIGIN missing", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Path, Hex.NextHop)),
        new Case("AS_PATH missing", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Origin, Hex.NextHop)),
        new Case("NEXT_HOP missing", UpdateOutcomeText.TreatAsWithdraw, Hex.Update(Prefix, "", Hex.Origin, Hex.Path)),
        new Case("NEXT_HOP not needed with MP_REACH_NLRI", UpdateOutcomeText.Ok, Hex.Update("", "", Reach(), Hex.Origin, Hex.Path)),
        new Case("ORIGIN missing with MP_REACH_NLRI", UpdateOutcomeText.TreatAsWithdraw, Hex.Update("", "", Reach(), Hex.Path)),
        // §5.1: in any order and combination
        new Case("MP_REACH_NLRI last, with NLRI and withdrawals", UpdateOutcomeText.Ok, Hex.Update(Prefix, "10 0a03", Hex.Origin, Hex.Path, Hex.NextHop, Hex.Attribute(0x80, 15, "000201"), Reach())),
        // §5.2
        new Case("attributes without routes", UpdateOutcomeText.Ok, Hex.Update("", "", Hex.Origin, Hex.Path, Hex.NextHop)),
        new Case("MP_REACH_NLRI without routes, and a fault", UpdateOutcomeText.SessionReset, Hex.Update("", "", Hex.Attribute(0x80, 14, "000201 10 20010db8000000000000000000000001 00"), Hex.Attribute(0x40, 1, "09"), Hex.Path)),
        new Case("routes hidden behind an attribute that is too long", UpdateOutcomeText.SessionReset, Hex.Update("", "", Hex.Origin, [0xc0, 8, 200], Hex.Path, Reach())),
        new Case("withdrawals and a fault", UpdateOutcomeText.SessionReset, Hex.Update("", Prefix, Hex.Attribute(0x80, 4, ""))),
        // §7.11, §5.3
        new Case("MP_REACH_NLRI of an unknown family", UpdateOutcomeText.Ok, Hex.Update("", "", Hex.Attribute(0x80, 14, "400401 05 0102030405 00 ffff"), Hex.Origin, Hex.Path)),
        // RFC 6793 §4.1
        new Case("AS4_PATH from a four-octet speaker", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0xc0, 17, "0201 0000fde9"))),
        new Case("AS4_AGGREGATOR from a four-octet speaker", UpdateOutcomeText.AttributeDiscard, With(Hex.Attribute(0xc0, 18, "0000fde9 0a000001"))),
    ];

    private static byte[] Reach() => Hex.Attribute(0x80, 14, "000201 10 20010db8000000000000000000000001 00 20 20010db8");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fault_IsTakenAsTheRfcSays(Case test)
    {
        ArgumentNullException.ThrowIfNull(test);
        UpdateMessage u = UpdateMessage.Read(test.Body, new UpdateContext(true, true), new byte[UpdateMessage.ScratchSize]);
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
