using CsCheck;
using Margay.Api.Resources;
using Margay.Core.Net;

namespace Margay.Ipam.Tests;

public class BlockPlannerTests
{
    private static IPPool Pool(string name, string cidr, int? blockSize = null, string? nodeSelector = null, bool disabled = false) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Spec = new IPPoolSpec { Cidr = cidr, BlockSize = blockSize, NodeSelector = nodeSelector, Disabled = disabled },
    };

    private static BlockRequest Request(bool v6 = false, params string[] pools) => new()
    {
        Node = "host1",
        NodeLabels = new Dictionary<string, string> { ["rack"] = "1" },
        IsIPv6 = v6,
        Pools = pools.Length == 0 ? null : pools,
    };

    private static List<string> Candidates(BlockPlan plan, int count = int.MaxValue) => [.. plan.Candidates.Take(count).Select(c => c.Block.ToString())];

    [Fact]
    public void EveryFreeBlockOfThePool_IsACandidateOnce()
    {
        IPPool pool = Pool("p", "10.0.0.0/22", 26);
        IpPrefix[] taken = [IpPrefix.Parse("10.0.0.64/26"), IpPrefix.Parse("10.0.3.192/26")];
        List<string> candidates = Candidates(BlockPlanner.Plan(Request(), [pool], taken));
        Assert.Equal(14, candidates.Count);
        Assert.Equal(14, candidates.Distinct().Count());
        Assert.DoesNotContain("10.0.0.64/26", candidates);
        Assert.All(candidates, c => Assert.True(IpPrefix.Parse("10.0.0.0/22").Contains(IpPrefix.Parse(c))));
    }

    [Fact]
    public void NodesWalkInOrdersOfTheirOwn_AndAlwaysTheSame()
    {
        IPPool pool = Pool("p", "10.0.0.0/16");
        List<string> OfNode(string node) => Candidates(BlockPlanner.Plan(Request() with { Node = node }, [pool], []), 8);
        Assert.Equal(OfNode("host1"), OfNode("host1"));
        string[] firsts = [.. Enumerable.Range(0, 100).Select(i => OfNode($"host{i}")[0])];
        Assert.True(firsts.Distinct().Count() > 90, "nodes that claim at once should seldom meet");
    }

    [Theory]
    [InlineData("10.0.0.0/8", 26)]
    [InlineData("fd00::/64", 122)]
    [InlineData("fd00::/20", 128)]
    public void HugePools_AreWalkedLazily(string cidr, int blockSize)
    {
        IPPool pool = Pool("p", cidr, blockSize);
        List<string> candidates = Candidates(BlockPlanner.Plan(Request(cidr.Contains(':', StringComparison.Ordinal)), [pool], []), 1000);
        Assert.Equal(1000, candidates.Distinct().Count());
    }

    [Fact]
    public void BlockOfAnotherSize_SpoilsWhatItOverlaps()
    {
        IPPool pool = Pool("p", "10.0.0.0/24", 26);
        BlockPlan plan = BlockPlanner.Plan(Request(), [pool], [IpPrefix.Parse("10.0.0.0/25"), IpPrefix.Parse("10.0.0.128/28")]);
        Assert.Equal(["10.0.0.192/26"], Candidates(plan));
    }

    [Fact]
    public void ReservedBlocks_AreNoCandidates_PartlyReservedOnesAre() =>
        Gen.Select(Gen.Byte, Gen.Byte).Select((a, b) => (First: Math.Min(a, b), Last: Math.Max(a, b))).List[0, 5].Select(Gen.Int[0, 15].List[0, 6], (ranges, taken) => (ranges, taken.Distinct().ToArray())).Sample((pairs, takenBlocks) =>
        {
            InetAddress At(int i) => InetAddress.Parse("10.0.0.0").Add((UInt128)i);
            AddressRange[] reserved = [.. pairs.Select(p => AddressRange.TryParse($"{At(p.First)}-{At(p.Last)}", out AddressRange r) ? r : default)];
            IpPrefix[] blocks = [.. Enumerable.Range(0, 16).Select(i => new IpPrefix(At(16 * i), 28))], taken = [.. takenBlocks.Select(i => blocks[i])];
            BlockPlan plan = BlockPlanner.Plan(Request(), [Pool("p", "10.0.0.0/24", 28)], taken, reserved);
            string[] expected = [.. blocks.Where(b => !taken.Contains(b) && !Enumerable.Range(0, 16).All(i => reserved.Any(r => r.Contains(b.Address.Add((UInt128)i))))).Select(b => b.ToString())];
            Assert.Equal(expected, Candidates(plan).Order(Comparer<string>.Create((a, b) => IpPrefix.Parse(a).CompareTo(IpPrefix.Parse(b)))));
            Assert.Equal(expected.Length == 0, plan.Refusal is not null);
        });

    [Fact]
    public void AlmostWhollyReservedPool_IsNotSearched()
    {
        Assert.True(AddressRange.TryParse("fd00::-fd00::ffff:ffff:ffff:ffbf", out AddressRange reserved));
        Assert.Equal(["fd00::ffff:ffff:ffff:ffc0/122"], Candidates(BlockPlanner.Plan(Request(v6: true), [Pool("p", "fd00::/64")], [], [reserved])));
        Assert.Contains("1 claimed, 288230376151711743 reserved", BlockPlanner.Plan(Request(v6: true), [Pool("p", "fd00::/64")], [IpPrefix.Parse("fd00::ffff:ffff:ffff:ffc0/122")], [reserved]).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void PoolsAreTriedByName()
    {
        BlockPlan plan = BlockPlanner.Plan(Request(), [Pool("b", "10.2.0.0/26"), Pool("a", "10.1.0.0/26")], []);
        Assert.Equal([new BlockCandidate(IpPrefix.Parse("10.1.0.0/26"), "a"), new BlockCandidate(IpPrefix.Parse("10.2.0.0/26"), "b")], plan.Candidates);
    }

    [Fact]
    public void NamedPools_ByNameOrCidr()
    {
        IPPool[] pools = [Pool("a", "10.1.0.0/26"), Pool("b", "10.2.0.0/26")];
        Assert.Equal(["10.2.0.0/26"], Candidates(BlockPlanner.Plan(Request(pools: "b"), pools, [])));
        Assert.Equal(["10.1.0.0/26"], Candidates(BlockPlanner.Plan(Request(pools: "10.1.0.0/26"), pools, [])));
    }

    public static TheoryData<IPPool[], string[], string[], string> Refusals => new()
    {
        { [], [], [], "there is no IPv4 pool in network default; create an IPPool" },
        { [Pool("six", "fd00::/64")], [], [], "there is no IPv4 pool" },
        { [Pool("off", "10.0.0.0/24", disabled: true)], [], [], "pool off is disabled" },
        { [Pool("p", "10.0.0.0/24", nodeSelector: "rack == '2'")], [], [], "pool p is not for this node: its nodeSelector rack == \"2\" does not match node host1's labels" },
        { [Pool("p", "10.0.0.0/25", 26)], [], ["10.0.0.0/26", "10.0.0.64/26"], "pool p (10.0.0.0/25) is exhausted: all 2 blocks of /26 are taken" },
        { [Pool("p", "10.0.0.0/25", 26)], ["q"], [], "there is no IPv4 pool named q" },
        { [Pool("p", "10.0.0.0/24") with { Spec = new IPPoolSpec { Cidr = "10.0.0.0/24", AssignmentMode = "Manual" } }], [], [], "is assigned manually" },
        { [Pool("p", "10.0.0.0/24") with { Spec = new IPPoolSpec { Cidr = "10.0.0.0/24", AllowedUses = ["Tunnel"] } }], [], [], "is for Tunnel only" },
        { [Pool("p", "10.0.0.0/24") with { Spec = new IPPoolSpec { Cidr = "10.0.0.0/24", NamespaceSelector = "env == 'x'" } }], [], [], "has a namespaceSelector" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Refusal_SaysWhyAndWhatToDo(IPPool[] pools, string[] named, string[] taken, string expected)
    {
        BlockPlan plan = BlockPlanner.Plan(Request(pools: named), pools, taken.Select(IpPrefix.Parse));
        Assert.Contains(expected, plan.Refusal, StringComparison.Ordinal);
        Assert.Empty(plan.Candidates);
    }

    [Fact]
    public void ManualPool_IsUsedWhenNamed()
    {
        IPPool pool = Pool("p", "10.0.0.0/26") with { Spec = new IPPoolSpec { Cidr = "10.0.0.0/26", AssignmentMode = "Manual" } };
        Assert.Equal(["10.0.0.0/26"], Candidates(BlockPlanner.Plan(Request(pools: "p"), [pool], [])));
    }

    [Fact]
    public void OneFullPool_DoesNotHideTheNext()
    {
        BlockPlan plan = BlockPlanner.Plan(Request(), [Pool("a", "10.0.0.0/26"), Pool("b", "10.0.1.0/26")], [IpPrefix.Parse("10.0.0.0/26")]);
        Assert.Equal(["10.0.1.0/26"], Candidates(plan));
    }

    /// <summary>Many nodes claim until nothing is left: no overlap, nothing wasted, then a refusal.</summary>
    [Fact]
    public void ClaimingToTheEnd_GivesEachBlockOnce() => Gen.Select(Gen.Int[0, 6], Gen.Int[1, 5]).Sample((bits, nodes) =>
    {
        IPPool pool = Pool("p", $"10.0.0.0/{28 - bits}", 28);
        List<IpPrefix> taken = [];
        for (int turn = 0; ; turn++)
        {
            BlockPlan plan = BlockPlanner.Plan(Request() with { Node = $"n{turn % nodes}" }, [pool], taken);
            if (plan.Refusal is not null) break;
            IpPrefix block = plan.Candidates.First().Block;
            Assert.DoesNotContain(taken, t => t.Overlaps(block));
            taken.Add(block);
        }
        Assert.Equal(1 << bits, taken.Count);
    });
}
