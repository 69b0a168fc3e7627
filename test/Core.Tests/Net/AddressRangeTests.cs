using CsCheck;
using Margay.Core.Net;

namespace Margay.Core.Tests.Net;

public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("10.0.0.0/30", "10.0.0.0-10.0.0.3", 4)]
    [InlineData("10.0.0.7", "10.0.0.7", 1)]
    [InlineData("10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9", 9)]
    [InlineData("fd00::1-fd00::1", "fd00::1", 1)]
    [InlineData("0.0.0.0/0", "0.0.0.0-255.255.255.255", 1L << 32)]
    public void Text_IsReadAndWritten(string text, string written, long count)
    {
        Assert.True(AddressRange.TryParse(text, out AddressRange range));
        Assert.Equal((written, (UInt128)count), (range.ToString(), range.Count));
        Assert.True(AddressRange.TryParse(written, out AddressRange again) && again == range);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.0.0.1/30")]
    [InlineData("10.0.0.9-10.0.0.1")]
    [InlineData("10.0.0.1-fd00::1")]
    [InlineData("10.0.0.1-")]
    [InlineData("-10.0.0.1")]
    [InlineData("10.0.0.1 - 10.0.0.2")]
    public void NoRange_IsNotRead(string? text) => Assert.False(AddressRange.TryParse(text, out _));

    [Fact]
    public void AllAddresses_AreCountedAsOneLess()
    {
        AddressRange all = new(IpPrefix.DefaultV6);
        Assert.Equal(UInt128.MaxValue, all.Count);
        Assert.Equal([all], AddressRange.Merge([new(IpPrefix.Parse("ffff::/16")), all, new(IpPrefix.Parse("::/1"))]));
    }

    [Fact]
    public void Merge_KeepsWhatIsIn_ApartAndInOrder() =>
        Gen.Select(Gen.Byte, Gen.Byte).Select((a, b) => (First: Math.Min(a, b), Last: Math.Max(a, b))).List[0, 8].Sample(pairs =>
        {
            AddressRange[] ranges = [.. pairs.Select(p => Range(p.First, p.Last))];
            IReadOnlyList<AddressRange> merged = AddressRange.Merge(ranges);
            for (int i = 0; i < 256; i++) Assert.Equal(ranges.Any(r => r.Contains(At(i))), merged.Any(r => r.Contains(At(i))));
            for (int i = 1; i < merged.Count; i++) Assert.True(merged[i].First > merged[i - 1].Last.Add(1));
            IpPrefix middle = IpPrefix.Parse("10.0.0.64/26");
            Assert.Equal(Enumerable.Range(64, 64).Count(i => ranges.Any(r => r.Contains(At(i)))), (int)merged.Select(r => r.Within(middle)).OfType<AddressRange>().Aggregate(UInt128.Zero, (sum, r) => sum + r.Count));
        });

    [Fact]
    public void FamiliesDoNotMix()
    {
        Assert.True(AddressRange.TryParse("10.0.0.1-10.0.0.9", out AddressRange range));
        Assert.False(range.Contains(InetAddress.Parse("::ffff:10.0.0.1")));
        Assert.Null(range.Within(IpPrefix.DefaultV6));
        Assert.True(range.Contains(IpPrefix.Parse("10.0.0.4/30")) && !range.Contains(IpPrefix.Parse("10.0.0.8/30")));
    }

    private static InetAddress At(int i) => InetAddress.Parse("10.0.0.0").Add((UInt128)i);

    private static AddressRange Range(int first, int last)
    {
        Assert.True(AddressRange.TryParse($"{At(first)}-{At(last)}", out AddressRange range));
        return range;
    }
}
