using System.Text;
using CsCheck;
using Margay.Agent.Drops;
using Margay.Api.Resources;
using Margay.Dataplane.Drops;

namespace Margay.Agent.Tests.Drops;

public class DropBookTests
{
    private static bool All(DropRecord record) => true;

    private static DropBook With(int records)
    {
        DropBook book = new();
        for (int i = 0; i < records; i++) book.Add(Dropped.Record(i % 2 == 0 ? "default/blue/even" : "default/blue/odd"));
        return book;
    }

    [Theory]
    [InlineData(0, 0, 10, 0, 0)]
    [InlineData(5, 0, 10, 5, 5)]
    [InlineData(5, 3, 10, 2, 5)]
    [InlineData(5, 5, 10, 0, 5)]
    [InlineData(5, 700, 10, 5, 5)]
    [InlineData(5, 0, 2, 2, 2)]
    [InlineData(DropBook.Capacity + 100, 0, 10000, DropBook.Capacity, DropBook.Capacity + 100)]
    public void Read_GivesWhatCameAfter_OldestFirst(int records, int after, int limit, int found, int last)
    {
        (IReadOnlyList<DropRecord> read, long next) = With(records).Read(after, All, limit);
        Assert.Equal((found, last), (read.Count, next));
        Assert.Equal(read.OrderBy(r => r.Sequence), read);
        if (found > 0) Assert.Equal(last, read[^1].Sequence);
    }

    [Fact]
    public void Reading_InAnySteps_SeesEachThatFitsOnce() => Gen.Select(Gen.Int[0, 300], Gen.Int[1, 40]).Sample((records, limit) =>
    {
        DropBook book = With(records);
        List<long> seen = [];
        long at = 0;
        while (true)
        {
            (IReadOnlyList<DropRecord> read, long last) = book.Read(at, r => r.Endpoint.EndsWith("odd", StringComparison.Ordinal), limit);
            if (read.Count == 0) break;
            seen.AddRange(read.Select(r => r.Sequence));
            at = last;
        }
        Assert.Equal(Enumerable.Range(1, records).Where(i => i % 2 == 0).Select(i => (long)i), seen);
    });

    [Fact]
    public void ReadLatest_GivesTheLastOnes()
    {
        (IReadOnlyList<DropRecord> read, long last) = With(100).ReadLatest(r => r.Endpoint.EndsWith("even", StringComparison.Ordinal), 3);
        Assert.Equal([95, 97, 99], read.Select(r => r.Sequence));
        Assert.Equal(100, last);
    }

    [Fact]
    public async Task Waiting_EndsWithTheNextRecord()
    {
        DropBook book = With(1);
        Assert.True(book.WaitAsync(0, CancellationToken.None).IsCompleted);
        Task wait = book.WaitAsync(1, CancellationToken.None);
        Assert.False(wait.IsCompleted);
        book.Add(Dropped.Record());
        await wait;
    }

    [Fact]
    public void Metrics_CountBySiteAndEndpoint()
    {
        DropBook book = With(3);
        book.Add(Dropped.Record("default/blue/db", new DropSite(PolicyType.Egress, DropKind.Tier, "default")));
        book.AddLost();
        StringBuilder text = new();
        book.WriteMetrics(text);
        Assert.Contains("margay_drops_logged_total{kind=\"rule\",name=\"GlobalNetworkPolicy/guard\",rule=\"3\",direction=\"ingress\",endpoint=\"default/blue/even\"} 2\n", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("margay_drops_logged_total{kind=\"tier\",name=\"default\",rule=\"\",direction=\"egress\",endpoint=\"default/blue/db\"} 1\n", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("margay_drops_overruns_total 1\n", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Series_AreBounded_AndNoneIsLost()
    {
        DropBook book = new();
        for (int i = 0; i < DropBook.MaxSeries + 50; i++) book.Add(Dropped.Record($"default/blue/w{i}"));
        StringBuilder text = new();
        book.WriteMetrics(text);
        string[] lines = [.. text.ToString().Split('\n').Where(l => l.StartsWith("margay_drops_logged_total{", StringComparison.Ordinal))];
        Assert.Equal(DropBook.MaxSeries + 1, lines.Length);
        Assert.Contains("margay_drops_logged_total{kind=\"fixed\",name=\"other\",rule=\"\",direction=\"ingress\",endpoint=\"\"} 50", lines);
    }
}
