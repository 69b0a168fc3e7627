using System.Text.Json;
using Margay.Core.Net;

namespace Margay.Ipam.Tests;

public class BlockAllocatorTests
{
    private readonly ManualTime _time = new();

    private static AllocationHandle Handle(int n) => new($"container{n}", "eth0");

    private static AllocationRequest V4(int n) => new() { Handle = Handle(n), WantIPv4 = true };

    private static AllocationRequest Named(int n, params string[] addresses) =>
        new() { Handle = Handle(n), Addresses = [.. addresses.Select(InetAddress.Parse)] };

    private BlockAllocator New(TimeSpan cooldown, params string[] blocks)
    {
        BlockAllocator allocator = new(_time, cooldown);
        foreach (string block in blocks) allocator.Apply(allocator.PlanBlock(default, IpPrefix.Parse(block), "pool")!);
        return allocator;
    }

    private static string Take(BlockAllocator allocator, AllocationRequest request)
    {
        AllocationPlan plan = allocator.Plan(request);
        Assert.Null(plan.Refusal);
        if (plan.Record is { } record) allocator.Apply(record);
        return string.Join(' ', plan.Addresses);
    }

    private static void Free(BlockAllocator allocator, int n) => allocator.Apply(allocator.PlanRelease(Handle(n))!);

    [Fact]
    public void Plan_ChangesNothing()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        Assert.Equal(allocator.Plan(V4(1)).Addresses, allocator.Plan(V4(2)).Addresses);
        Assert.Null(allocator.Find(Handle(1)));
    }

    [Fact]
    public void EveryAddressOfABlock_IsGiven_FirstAndLastIncluded()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        Assert.Equal(["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3"], Enumerable.Range(1, 4).Select(n => Take(allocator, V4(n))));
        AllocationPlan plan = allocator.Plan(V4(5));
        Assert.Equal("all 4 IPv4 addresses of this node's 1 block(s) are taken", plan.Refusal);
        Assert.True(plan is { NeedsIPv4Block: true, NeedsIPv6Block: false });
    }

    [Fact]
    public void FreedAddress_IsUsedAgainLast()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30", "10.0.1.0/31");
        for (int n = 1; n <= 3; n++) Take(allocator, V4(n));
        Free(allocator, 2);
        Free(allocator, 1);
        // Never used, in both blocks; then the one freed first.
        Assert.Equal(["10.0.0.3", "10.0.1.0", "10.0.1.1", "10.0.0.1", "10.0.0.0"], Enumerable.Range(4, 5).Select(n => Take(allocator, V4(n))));
    }

    [Fact]
    public void SameHandle_GetsTheSameAddress_WithoutARecord()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        string first = Take(allocator, V4(1));
        AllocationPlan again = allocator.Plan(V4(1));
        Assert.Equal(first, again.Addresses.Single().ToString());
        Assert.Null(again.Record);
        Assert.Contains("already holds 10.0.0.0", allocator.Plan(Named(1, "10.0.0.3")).Refusal, StringComparison.Ordinal);
        Assert.Contains("already holds", allocator.Plan(V4(1) with { WantIPv6 = true }).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Release_IsIdempotent()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/31");
        Take(allocator, V4(1));
        Free(allocator, 1);
        Assert.Null(allocator.PlanRelease(Handle(1)));
        Assert.Equal(2, allocator.CountFree(default, isIPv6: false));
    }

    [Fact]
    public void DualStack_IsAllOrNothing()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        AllocationRequest both = V4(1) with { WantIPv6 = true };
        AllocationPlan plan = allocator.Plan(both);
        Assert.Equal("this node owns no IPv6 block in network default", plan.Refusal);
        Assert.True(plan is { NeedsIPv4Block: false, NeedsIPv6Block: true, Record: null });
        Assert.Equal(4, allocator.CountFree(default, isIPv6: false));

        allocator.Apply(allocator.PlanBlock(default, IpPrefix.Parse("fd00::/126"), "six")!);
        Assert.Equal("10.0.0.0 fd00::", Take(allocator, both));
    }

    [Theory]
    [InlineData("10.0.0.0", "is held by container9/eth0")]
    [InlineData("10.9.0.1", "is in no block of this node; ask for one of 10.0.0.0/30")]
    public void NamedAddress_IsRefusedWithTheReason(string address, string expected)
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        Take(allocator, V4(9));
        Assert.Contains(expected, allocator.Plan(Named(1, address)).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void NamedAddress_TakenFromTheMiddle_IsNotGivenAgain()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        Assert.Equal("10.0.0.1", Take(allocator, Named(1, "10.0.0.1")));
        Assert.Equal(["10.0.0.0", "10.0.0.2", "10.0.0.3"], Enumerable.Range(2, 3).Select(n => Take(allocator, V4(n))));
    }

    [Fact]
    public void Cooldown_KeepsAnAddressUnused_ButNotFromWhoNamesIt()
    {
        BlockAllocator allocator = New(TimeSpan.FromSeconds(60), "10.0.0.0/32");
        Take(allocator, V4(1));
        Free(allocator, 1);
        Assert.Contains("the next one is free again at 00:01:00 UTC", allocator.Plan(V4(2)).Refusal, StringComparison.Ordinal);
        Assert.Equal(new BlockUse(default, IpPrefix.Parse("10.0.0.0/32"), "pool", 1, 0, 1, 0, false), allocator.Blocks.Single());
        Assert.NotNull(allocator.Plan(Named(2, "10.0.0.0")).Record);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("10.0.0.0", Take(allocator, V4(2)));
    }

    [Fact]
    public void Reservation_KeepsAddressesBack()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        allocator.SetReservations([(default, new AddressRange(IpPrefix.Parse("10.0.0.0/31"))), (new NetworkName("blue"), new AddressRange(IpPrefix.Parse("10.0.0.0/30")))]);
        Assert.Equal(2, allocator.CountFree(default, isIPv6: false));
        Assert.Equal("10.0.0.2", Take(allocator, V4(1)));
        Assert.Equal((1, 2, 1), allocator.Blocks.Select(b => (b.InUse, b.Reserved, b.Free)).Single());
    }

    /// <summary>As with Calico's IPReservation: who names an address knows why.</summary>
    [Fact]
    public void ReservedAddress_IsGivenToWhoNamesIt_AndNotAgain()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        allocator.SetReservations([(default, new AddressRange(IpPrefix.Parse("10.0.0.0/31")))]);
        Assert.Equal("10.0.0.1", Take(allocator, Named(1, "10.0.0.1")));
        Assert.Equal((1, 1, 2), allocator.Blocks.Select(b => (b.InUse, b.Reserved, b.Free)).Single());
        Free(allocator, 1);
        Assert.Equal(["10.0.0.2", "10.0.0.3"], Enumerable.Range(2, 2).Select(n => Take(allocator, V4(n))));
        Assert.NotNull(allocator.Plan(V4(4)).Refusal);
    }

    [Fact]
    public void Networks_HaveAddressesOfTheirOwn()
    {
        NetworkName blue = new("blue");
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        allocator.Apply(allocator.PlanBlock(blue, IpPrefix.Parse("10.0.0.0/30"), "blue-pool")!);
        Assert.Equal("10.0.0.0", Take(allocator, V4(1)));
        Assert.Equal("10.0.0.0", Take(allocator, V4(2) with { Network = blue }));
    }

    [Fact]
    public void Pools_LimitTheChoice()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        allocator.Apply(allocator.PlanBlock(default, IpPrefix.Parse("10.1.0.0/30"), "other")!);
        Assert.Equal("10.1.0.0", Take(allocator, V4(1) with { IPv4Pools = ["other"] }));
        Assert.Equal("this node owns no IPv4 block of pool third in network default", allocator.Plan(V4(2) with { IPv4Pools = ["third"] }).Refusal);
    }

    [Fact]
    public void LostBlock_StaysUntilItsLastAddressIsFree_AndGivesNothingNew()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/31");
        Take(allocator, V4(1));
        allocator.Apply(allocator.PlanBlockLoss(default, IpPrefix.Parse("10.0.0.0/31"))!);
        Assert.NotNull(allocator.Plan(V4(2)).Refusal);
        Assert.NotNull(allocator.Find(Handle(1)));
        Free(allocator, 1);
        Assert.Empty(allocator.Blocks);
    }

    [Fact]
    public void OverlappingBlocks_AreABug() =>
        Assert.Throws<ArgumentException>(() => New(default, "10.0.0.0/26").PlanBlock(default, IpPrefix.Parse("10.0.0.0/24"), "p"));

    [Theory]
    [InlineData("""{"operation":"Allocated","handle":"c/eth0","addresses":["10.0.0.0"]}""", "10.0.0.0 is given to c/eth0 while container1/eth0 holds it")]
    [InlineData("""{"operation":"Allocated","handle":"c/eth0","addresses":["10.7.0.0"]}""", "in no block")]
    [InlineData("""{"operation":"Allocated","handle":"nonsense","addresses":[]}""", "has no handle")]
    [InlineData("""{"operation":"Allocated","handle":"c/eth0","addresses":["ten"]}""", "'ten', which is no address")]
    [InlineData("""{"operation":"BlockOwned","block":"10.0.0.1/26"}""", "has no block")]
    public void DamagedJournal_IsSaidSo_AndChangesNothing(string line, string expected)
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        Take(allocator, V4(1));
        IpamRecord record = JsonSerializer.Deserialize(line, IpamJsonContext.Default.IpamRecord)!;
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => allocator.Apply(record)).Message, StringComparison.Ordinal);
        Assert.Single(allocator.Addresses);
    }

    [Fact]
    public void Record_IsOneShortLine()
    {
        BlockAllocator allocator = New(default, "10.0.0.0/30");
        string line = JsonSerializer.Serialize(allocator.Plan(V4(1)).Record!, IpamJsonContext.Default.IpamRecord);
        Assert.Equal("""{"operation":"Allocated","network":"default","handle":"container1/eth0","addresses":["10.0.0.0"],"at":"2026-01-01T00:00:00+00:00"}""", line);
    }
}
