using CsCheck;
using Margay.Core.Net;

namespace Margay.Ipam.Tests;

/// <summary>Whatever the order of requests, releases, blocks and restarts: no address has two holders, none is lost, and the journal gives the state back.</summary>
public class AllocatorPropertyTests
{
    private static readonly TimeSpan Cooldown = TimeSpan.FromSeconds(10);

    private enum Step
    {
        Attach,
        AttachDual,
        AttachNamed,
        Detach,
        OwnBlock,
        LoseBlock,
        Wait,
        Restart,
        Compact,
    }

    private static readonly Gen<(Step Step, int Number)[]> Histories = Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 11]).Array[1, 120];

    private static readonly string[] AllBlocks = ["10.0.0.0/30", "10.0.0.4/31", "10.0.0.8/32", "fd00::/127", "fd00::8/126"];

    [Fact]
    public void NeverGivenTwice_NeverLost() => Histories.Sample(history =>
    {
        ManualTime time = new();
        BlockAllocator allocator = new(time, Cooldown);
        List<IpamRecord> journal = [];
        Dictionary<AllocationHandle, List<InetAddress>> held = [];

        void Write(IpamRecord? record)
        {
            if (record is null) return;
            journal.Add(record);
            allocator.Apply(record);
        }

        BlockAllocator Replay(IEnumerable<IpamRecord> records)
        {
            BlockAllocator replayed = new(time, Cooldown);
            foreach (IpamRecord record in records) replayed.Apply(record);
            return replayed;
        }

        foreach ((Step step, int number) in history)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            AllocationHandle handle = new($"c{number}", "eth0");
            IpPrefix block = IpPrefix.Parse(AllBlocks[number % AllBlocks.Length]);
            switch (step)
            {
                case Step.Attach: Attach(new AllocationRequest { Handle = handle, WantIPv4 = true }); break;
                case Step.AttachDual: Attach(new AllocationRequest { Handle = handle, WantIPv4 = true, WantIPv6 = true }); break;
                case Step.AttachNamed: Attach(new AllocationRequest { Handle = handle, Addresses = [InetAddress.Parse($"10.0.0.{number}")] }); break;
                case Step.Detach:
                    Write(allocator.PlanRelease(handle));
                    held.Remove(handle);
                    break;
                case Step.OwnBlock: Write(allocator.PlanBlock(default, block, "p")); break;
                case Step.LoseBlock: Write(allocator.PlanBlockLoss(default, block)); break;
                case Step.Wait: time.Advance(Cooldown); break;
                case Step.Restart: allocator = Replay(journal); break;
                case Step.Compact:
                    journal = [.. allocator.Snapshot()];
                    allocator = Replay(journal);
                    break;
            }
            Check();
        }

        void Attach(AllocationRequest request)
        {
            AllocationPlan plan = allocator.Plan(request);
            if (plan.Refusal is not null)
            {
                Assert.Null(plan.Record);
                return;
            }
            Write(plan.Record);
            if (held.TryGetValue(request.Handle, out List<InetAddress>? before)) Assert.Equal(before, plan.Addresses);
            held[request.Handle] = [.. plan.Addresses];
        }

        void Check()
        {
            Assert.Equal(held.SelectMany(h => h.Value).Order(), allocator.Addresses.Select(a => a.Address).Order());
            Assert.Equal(held.SelectMany(h => h.Value).Count(), held.SelectMany(h => h.Value).Distinct().Count());
            foreach ((AllocationHandle handle, List<InetAddress> addresses) in held) Assert.Equal(addresses, allocator.Find(handle));
            foreach (BlockUse use in allocator.Blocks)
            {
                Assert.Equal(allocator.Addresses.Count(a => use.Block.Contains(a.Address)), use.InUse);
                Assert.InRange(use.Free, 0, use.Size - use.InUse);
            }
        }
    }, iter: 2000);

    [Fact]
    public void Replay_AndSnapshot_GiveTheSameNextAddresses() => Gen.Select(Gen.Int[0, 5].Array[0, 40], Gen.Int[0, 20]).Sample((toggles, wait) =>
    {
        ManualTime time = new();
        BlockAllocator allocator = new(time, Cooldown);
        List<IpamRecord> journal = [];
        void Write(IpamRecord record)
        {
            journal.Add(record);
            allocator.Apply(record);
        }

        Write(allocator.PlanBlock(default, IpPrefix.Parse("10.0.0.0/29"), "p")!);
        foreach (int n in toggles)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            AllocationHandle handle = new($"c{n}", "eth0");
            if (allocator.PlanRelease(handle) is { } release) Write(release);
            else if (allocator.Plan(new AllocationRequest { Handle = handle, WantIPv4 = true }).Record is { } record) Write(record);
        }
        BlockAllocator replayed = new(time, Cooldown), restored = new(time, Cooldown);
        foreach (IpamRecord record in journal) replayed.Apply(record);
        foreach (IpamRecord record in allocator.Snapshot()) restored.Apply(record);
        time.Advance(TimeSpan.FromSeconds(wait));
        string expected = Drain(allocator);
        Assert.Equal(expected, Drain(replayed));
        Assert.Equal(expected, Drain(restored));
    }, iter: 1000);

    private static string Drain(BlockAllocator allocator)
    {
        List<InetAddress> order = [];
        for (int n = 100; ; n++)
        {
            AllocationPlan plan = allocator.Plan(new AllocationRequest { Handle = new AllocationHandle($"d{n}", "eth0"), WantIPv4 = true });
            if (plan.Record is null) return string.Join(' ', order);
            allocator.Apply(plan.Record);
            order.AddRange(plan.Addresses);
        }
    }
}
