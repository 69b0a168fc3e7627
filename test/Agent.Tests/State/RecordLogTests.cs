using CsCheck;
using Margay.Agent.Attach;
using Margay.Agent.State;
using Margay.Ipam;

namespace Margay.Agent.Tests.State;

public class RecordLogTests
{
    [Fact]
    public void WhatWasAppended_IsReadAgain_InOrder()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log");
        using (RecordLog<JournalRecord> log = Open(path, out _, out _))
            for (int i = 0; i < 100; i++) log.Append(Record(i));

        using RecordLog<JournalRecord> again = Open(path, out IReadOnlyList<JournalRecord> records, out string? damage);
        Assert.Null(damage);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"c{i}/eth0"), records.Select(r => r.Forgotten!));
    }

    [Fact]
    public async Task NeedsFlush_FromTheAppendToTheFlush()
    {
        using TemporaryFolder folder = new();
        using RecordLog<JournalRecord> log = Open(folder.File("log"), out _, out _);
        Assert.False(log.NeedsFlush);
        log.Append(Record(1));
        Assert.True(log.NeedsFlush);
        await log.FlushAsync();
        Assert.False(log.NeedsFlush);
    }

    [Fact]
    public void EveryTruncation_LosesOnlyTheTornRecord_AndTheLogGoesOn()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log");
        List<long> ends = [0];
        using (RecordLog<JournalRecord> log = Open(path, out _, out _))
        {
            for (int i = 0; i < 4; i++)
            {
                log.Append(Record(i));
                ends.Add(log.Length);
            }
        }
        byte[] whole = File.ReadAllBytes(path);
        for (int length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            int complete = ends.FindLastIndex(e => e <= length);
            using (RecordLog<JournalRecord> log = Open(path, out IReadOnlyList<JournalRecord> records, out string? damage))
            {
                Assert.Equal(complete, records.Count);
                Assert.Equal(ends[complete] != length, damage is not null);
                log.Append(Record(99));
            }
            using RecordLog<JournalRecord> again = Open(path, out IReadOnlyList<JournalRecord> after, out string? none);
            Assert.Null(none);
            Assert.Equal(complete + 1, after.Count);
            Assert.Equal("c99/eth0", after[^1].Forgotten);
        }
    }

    [Fact]
    public void AnyFlippedBit_IsNoticed()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log");
        using (RecordLog<JournalRecord> log = Open(path, out _, out _))
            for (int i = 0; i < 3; i++) log.Append(Record(i));
        byte[] whole = File.ReadAllBytes(path);

        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[0, 7]).Sample((at, bit) =>
        {
            byte[] bytes = [.. whole];
            bytes[at] ^= (byte)(1 << bit);
            int good = RecordLog<JournalRecord>.Read(bytes, JournalJsonContext.Default.JournalRecord, out IReadOnlyList<JournalRecord> records);
            Assert.True(records.Count < 3 || good < bytes.Length || records.Select(r => r.Forgotten).SequenceEqual(["c0/eth0", "c1/eth0", "c2/eth0"]));
            // A checksum in capitals is the same checksum; every other flip cuts the log.
            if (!"abcdef".Contains((char)whole[at], StringComparison.Ordinal)) Assert.True(records.Count < 3);
        }, iter: 2000);
    }

    [Fact]
    public async Task Replace_LeavesOnlyTheNewRecords_AndAppendsGoBehindThem()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log");
        using (RecordLog<JournalRecord> log = Open(path, out _, out _))
        {
            for (int i = 0; i < 50; i++) log.Append(Record(i));
            log.Replace([Record(1), Record(2)]);
            log.Append(Record(3));
            await log.FlushAsync();
        }
        using RecordLog<JournalRecord> again = Open(path, out IReadOnlyList<JournalRecord> records, out _);
        Assert.Equal(["c1/eth0", "c2/eth0", "c3/eth0"], records.Select(r => r.Forgotten!));
    }

    [Fact]
    public void DeathWithinReplace_LeavesTheOldLog()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("log");
        using (RecordLog<JournalRecord> log = Open(path, out _, out _)) log.Append(Record(1));
        File.WriteAllText(path + ".new", "half of");

        using RecordLog<JournalRecord> again = Open(path, out IReadOnlyList<JournalRecord> records, out string? damage);
        Assert.Null(damage);
        Assert.Single(records);
        Assert.False(File.Exists(path + ".new"));
    }

    [Fact]
    public void StateDirectory_IsHeldByOneOnly()
    {
        using TemporaryFolder folder = new();
        using (StateDirectory.Open(folder.File("state")))
        {
            IOException refused = Assert.Throws<IOException>(() => StateDirectory.Open(folder.File("state")));
            Assert.Contains("--state-dir", refused.Message, StringComparison.Ordinal);
        }
        StateDirectory.Open(folder.File("state")).Dispose();
    }

    private static RecordLog<JournalRecord> Open(string path, out IReadOnlyList<JournalRecord> records, out string? damage) =>
        RecordLog<JournalRecord>.Open(path, JournalJsonContext.Default.JournalRecord, out records, out damage);

    private static JournalRecord Record(int i) => new()
    {
        Forgotten = $"c{i}/eth0",
        Ipam = new IpamRecord { Operation = IpamOperation.Released, Handle = $"c{i}/eth0", Addresses = [$"10.0.0.{i}"] },
    };
}
