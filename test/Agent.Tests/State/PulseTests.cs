using Margay.Agent.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Margay.Agent.Tests.State;

public sealed class PulseTests : IDisposable
{
    private static readonly DateTimeOffset s_noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("boot-1", 7, 7, true)]
    [InlineData("boot-2", 40, 40, false)]
    [InlineData("boot-1", -3600, 0, true)]
    public void ANextLife_KnowsHowLongAgo_AndWhetherTheHostRanOn(string boot, int later, int ago, bool same)
    {
        Live("boot-1", s_noon, beat: true);
        Assert.Equal(new FormerLife(TimeSpan.FromSeconds(ago), same), Live(boot, s_noon.AddSeconds(later), beat: false));
    }

    [Fact]
    public void WhoDiesBeforeItsFirstBeat_HasNotLived()
    {
        Live("boot-1", s_noon, beat: true);
        Live("boot-2", s_noon.AddSeconds(10), beat: false);
        Assert.Equal(new FormerLife(TimeSpan.FromSeconds(20), SameBoot: false), Live("boot-2", s_noon.AddSeconds(20), beat: false));
    }

    [Theory]
    [InlineData("")]
    [InlineData("boot-1 12")]
    [InlineData("boot-1                                            twelve          ")]
    [InlineData("                                                                \n")]
    public void WhatCannotBeRead_IsNoFormerLife(string text)
    {
        File.WriteAllText(_folder.File("pulse"), text);
        Assert.Null(Live("boot-1", s_noon, beat: true));
        Assert.NotNull(Live("boot-1", s_noon, beat: false));
    }

    [Fact]
    public async Task NothingIsWritten_BeforeThereIsSomethingToPreserve()
    {
        TaskCompletionSource begin = new();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using Pulse pulse = Pulse.Open(_folder.File("pulse"), Pulse.ReadBootId(), TimeProvider.System, out FormerLife? former);
        Task run = pulse.RunAsync(begin.Task, NullLogger.Instance, stop.Token);
        Assert.Equal((null, 0L), (former, new FileInfo(_folder.File("pulse")).Length));
        begin.SetResult();
        while (new FileInfo(_folder.File("pulse")).Length == 0) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        pulse.Dispose();
        Assert.True(Live(Pulse.ReadBootId(), TimeProvider.System.GetUtcNow(), beat: false) is { SameBoot: true });
    }

    private FormerLife? Live(string boot, DateTimeOffset now, bool beat)
    {
        using Pulse pulse = Pulse.Open(_folder.File("pulse"), boot, new StoppedClock(now), out FormerLife? former);
        if (beat) pulse.Beat();
        return former;
    }

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
