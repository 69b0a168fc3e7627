using Margay.Bgp.Wire;

namespace Margay.Bgp.Tests.Wire;

/// <summary>
/// RFC 7606 §3 to §7 for every attribute that we know: each row is an attribute, each column a fault. From a row all cases are made: wrong flags, wrong values, twice, from outside, and the same
/// faults in an UPDATE without routes. RFCS.md has the table for readers. What concerns the message as a whole is in <see cref="UpdateOutcomeTests"/>.
/// </summary>
public class AttributeFaultTests
{
    private const UpdateOutcome Ok = UpdateOutcome.Ok, Discard = UpdateOutcome.AttributeDiscard, Withdraw = UpdateOutcome.TreatAsWithdraw, Reset = UpdateOutcome.SessionReset;
    private const byte WellKnown = 0x40, Transitive = 0xc0, NonTransitive = 0x80;

    /// <param name="Good">A right value, and one that is right in a two-octet session where that differs.</param>
    /// <param name="Malformed">What a wrong value costs.</param>
    /// <param name="Flags">What wrong flags cost.</param>
    /// <param name="External">What the right value costs when it comes from an external peer.</param>
    private sealed record Row(AttributeType Type, byte Form, string Good, UpdateOutcome Malformed, UpdateOutcome Flags, UpdateOutcome External, params string[] Bad)
    {
        internal bool TwoOctet { get; init; }

        /// <summary>Values that are right inside and cost something from outside.</summary>
        internal string[] BadOutside { get; init; } = [];
    }

    private static readonly Row[] s_rows =
    [
        // §7.1: one octet, 0 to 2
        new(AttributeType.Origin, WellKnown, "00", Withdraw, Withdraw, Ok, "", "03", "0000"),
        // §7.2: unknown segment, overrun, underrun, empty segment; RFC 7607: AS 0; RFC 5065 §5: confederations stay inside
        new(AttributeType.AsPath, WellKnown, "0202 0000fde9 0000fdea", Withdraw, Withdraw, Ok, "0501 0000fde9", "0001 0000fde9", "0203 0000fde9", "0201 0000fde9 02", "0201 0000fde9 0201", "0200", "0201 00000000")
            { BadOutside = ["0301 0000fde9", "0201 0000fdea 0401 0000fde9"] },
        new(AttributeType.AsPath, WellKnown, "0202 fde9 fdea", Withdraw, Withdraw, Ok, "0201 0000 fde9", "0201 00", "0202 fde9 0000") { TwoOctet = true, BadOutside = ["0301 fde9"] },
        // §7.3: four octets; RFC 4271 §6.3: the address of a host
        new(AttributeType.NextHop, WellKnown, "0a000001", Withdraw, Withdraw, Ok, "", "0a0000", "0a00000100", "00000000", "7f000001", "e0000001", "ffffffff"),
        // §7.4
        new(AttributeType.MultiExitDisc, NonTransitive, "00000007", Withdraw, Withdraw, Ok, "", "000007", "0000000007"),
        // §7.5: of no meaning from outside
        new(AttributeType.LocalPref, WellKnown, "00000064", Withdraw, Withdraw, Discard, "", "000064", "0000000064"),
        // §7.6, §7.7, §3 f
        new(AttributeType.AtomicAggregate, WellKnown, "", Discard, Discard, Ok, "00"),
        new(AttributeType.Aggregator, Transitive, "0000fde9 0a000001", Discard, Discard, Ok, "", "fde9 0a000001", "0000fde9 0a00000100", "00000000 0a000001"),
        new(AttributeType.Aggregator, Transitive, "fde9 0a000001", Discard, Discard, Ok, "", "0000fde9 0a000001", "0000 0a000001") { TwoOctet = true },
        // §7.8
        new(AttributeType.Communities, Transitive, "fde80001", Withdraw, Withdraw, Ok, "", "fde800", "fde80001 00"),
        // §7.9, §7.10: of no meaning from outside
        new(AttributeType.OriginatorId, NonTransitive, "0a000003", Withdraw, Withdraw, Discard, "", "0a0000", "0a00000300"),
        new(AttributeType.ClusterList, NonTransitive, "0a000001", Withdraw, Withdraw, Discard, "", "0a0000", "0a00000100"),
        // §5.3, §7.11, §7.12: nobody can say which routes it was about
        new(AttributeType.MpReachNlri, NonTransitive, "000201 10 20010db8000000000000000000000001 00 20 20010db8", Reset, Reset, Ok,
            "", "0002", "000201 05 2001000001 00", "000201 04 0a000001 00", "000201 ff 20010db8", "000201 10 20010db8000000000000000000000001", "000180 04 0a000001 00", "000280 10 20010db8000000000000000000000001 00"),
        new(AttributeType.MpUnreachNlri, NonTransitive, "000201 20 20010db8", Reset, Reset, Ok, "", "00", "0002"),
        // §7.14; unknown kinds of communities are no fault
        new(AttributeType.ExtendedCommunities, Transitive, "ffeefde800000064", Withdraw, Withdraw, Ok, "", "0002fde8000000", "0002fde80000006400"),
        // RFC 6793 §6, from a two-octet speaker; §4.1: not between four-octet speakers
        new(AttributeType.As4Path, Transitive, "0201 0000fde9", Discard, Withdraw, Ok, "", "0201 0000", "0501 0000fde9", "0200", "0201 00000000") { TwoOctet = true },
        new(AttributeType.As4Aggregator, Transitive, "0000fde9 0a000001", Discard, Withdraw, Ok, "", "0000fde9 0a0000", "00000000 0a000001") { TwoOctet = true },
        // RFC 6514 §5
        new(AttributeType.PmsiTunnel, Transitive, "00 06 000641 0a000001", Withdraw, Withdraw, Ok, "", "00 06 0006"),
        // §7.15
        new(AttributeType.IPv6ExtendedCommunities, Transitive, "0002 20010db8000000000000000000000001 0064", Withdraw, Withdraw, Ok, "", "0002 20010db8"),
        // RFC 8092 §6
        new(AttributeType.LargeCommunities, Transitive, "0000fde8 00000001 00000002", Withdraw, Withdraw, Ok, "", "0000fde8", "0000fde8 00000001 00000002 00"),
    ];

    public sealed record Case(string Name, string Expected, string Body, bool External, bool TwoOctet)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<Case> Cases => [.. s_rows.SelectMany(CasesOf)];

    private static IEnumerable<Case> CasesOf(Row row)
    {
        string name = row.TwoOctet ? $"{row.Type} of two octets" : row.Type.ToString();
        Case Make(string what, UpdateOutcome expected, byte[] body, bool external = false) => new($"{name}: {what}", expected.ToString(), Convert.ToHexStringLower(body), external, row.TwoOctet);
        byte[] good = Hex.Attribute(row.Form, (byte)row.Type, row.Good);
        yield return Make("right", Ok, Routes(row, good));
        yield return Make("right, from outside", row.External, Routes(row, good), external: true);
        yield return Make("right, bits that say nothing set", Ok, Routes(row, Hex.Attribute((byte)(row.Form | 0x2f), (byte)row.Type, row.Good)));
        yield return Make("right, length in two octets", Ok, Routes(row, Hex.Attribute((byte)(row.Form | 0x10), (byte)row.Type, row.Good)));
        foreach (byte wrong in new byte[] { 0x80, 0x40, 0xc0 })
        {
            byte[] flags = Hex.Attribute((byte)(row.Form ^ wrong), (byte)row.Type, row.Good);
            yield return Make($"flags {row.Form ^ wrong:x2}", row.Flags, Routes(row, flags));
            yield return Make($"flags {row.Form ^ wrong:x2}, no routes", Strict(row.Flags), Hex.Update("", "", flags));
        }
        foreach (string bad in row.Bad)
        {
            byte[] attribute = Hex.Attribute(row.Form, (byte)row.Type, bad);
            yield return Make($"'{bad}'", row.Malformed, Routes(row, attribute));
            yield return Make($"'{bad}', no routes", Strict(row.Malformed), Hex.Update("", "", attribute));
            // §3 g: the first counts, though it is wrong.
            if (row.Malformed != Reset) yield return Make($"'{bad}', then right", row.Malformed, Routes(row, attribute, good));
        }
        foreach (string bad in row.BadOutside)
        {
            byte[] body = Routes(row, Hex.Attribute(row.Form, (byte)row.Type, bad));
            yield return Make($"'{bad}'", Ok, body);
            yield return Make($"'{bad}', from outside", row.Malformed, body, external: true);
        }
        yield return Make("twice", row.Malformed == Reset ? Reset : Discard, Routes(row, good, good));
    }

    // §5.2: what costs the routes costs the session where there are none.
    private static UpdateOutcome Strict(UpdateOutcome outcome) => outcome == Withdraw ? Reset : outcome;

    /// <summary>An UPDATE with a route that is right but for <paramref name="attributes"/>.</summary>
    private static byte[] Routes(Row row, params byte[][] attributes)
    {
        byte[] path = row.TwoOctet ? Hex.Attribute(0x40, 2, "0202 fde9 fdea") : Hex.Path;
        IEnumerable<byte[]> others = new (AttributeType Type, byte[] Bytes)[] { (AttributeType.Origin, Hex.Origin), (AttributeType.AsPath, path), (AttributeType.NextHop, Hex.NextHop) }
            .Where(m => m.Type != row.Type).Select(m => m.Bytes);
        return Hex.Update("18 0a0102", "", [.. others, .. attributes]);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Fault_IsTakenAsTheRfcSays(Case test)
    {
        ArgumentNullException.ThrowIfNull(test);
        UpdateMessage u = UpdateMessage.Read(Hex.Bytes(test.Body), new UpdateContext(!test.TwoOctet, !test.External), new byte[UpdateMessage.ScratchSize]);
        Assert.Equal(test.Expected, u.Outcome.ToString());
        Assert.Equal(u.Outcome == Reset, u.Error is not null);
        Assert.Equal(u.Outcome == Ok, u.Fault is null);
    }

    // A rule without a row here is a rule that nobody checked.
    [Fact]
    public void EveryAttributeThatWeKnow_HasARow() =>
        Assert.Equal(Enum.GetValues<AttributeType>().Where(t => AttributeRule.Of(t) is not null), s_rows.Select(r => r.Type).Distinct().Order());

    // §3 h: the strongest of all.
    [Theory]
    [InlineData("800400 c00700", UpdateOutcomeText.TreatAsWithdraw)]
    [InlineData("c00700 800400", UpdateOutcomeText.TreatAsWithdraw)]
    [InlineData("c00700 800400 800f00", UpdateOutcomeText.SessionReset)]
    [InlineData("c00700 800400 406300", UpdateOutcomeText.SessionReset)]
    public void SeveralFaults_CostWhatTheWorstCosts(string attributes, UpdateOutcomeText expected)
    {
        byte[] body = Hex.Update("18 0a0102", "", Hex.Origin, Hex.Path, Hex.NextHop, Hex.Bytes(attributes));
        Assert.Equal(expected.ToString(), UpdateMessage.Read(body, new UpdateContext(true, true), new byte[UpdateMessage.ScratchSize]).Outcome.ToString());
    }

    /// <summary>The outcome's name, because the enum is internal.</summary>
    public enum UpdateOutcomeText
    {
        TreatAsWithdraw,
        SessionReset,
    }
}
