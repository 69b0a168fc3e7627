using System.Diagnostics;
using Margay.Lab.Processes;

namespace Margay.Lab.Tests.Processes;

public class ProcessIdentityTests
{
    private const string Tail = " 1 1 1 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 98765 1000 10";

    [Theory]
    [InlineData("7 (bird) S" + Tail)]
    [InlineData("7 (a) b (c) S" + Tail)]
    [InlineData("7 (with space) R" + Tail)]
    public void Parse_FindsTheStartTimeAfterAnyName(string stat) => Assert.Equal(new ProcessIdentity(7, 98765), ProcessIdentity.Parse(7, stat));

    [Theory]
    [InlineData("7 (bird) Z" + Tail)]
    [InlineData("7 (bird) S 1 1")]
    [InlineData("")]
    public void Parse_RemainsAndRubbish_AreNoProcess(string stat) => Assert.Null(ProcessIdentity.Parse(7, stat));

    [Fact]
    public void Own_IsAlive()
    {
        ProcessIdentity own = ProcessIdentity.Of(Environment.ProcessId)!.Value;
        Assert.True(own.IsAlive);
        Assert.False((own with { StartTime = own.StartTime + 1 }).IsAlive);
    }

    [Fact]
    public void LaterProcessOfTheSameNumber_IsNotSignalled()
    {
        ProcessIdentity own = ProcessIdentity.Of(Environment.ProcessId)!.Value;
        Assert.False((own with { StartTime = own.StartTime - 1 }).Signal(15));
    }

    [Fact]
    public async Task Stop_EndsWhatDoesNotWantTo()
    {
        using Process deaf = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]) { RedirectStandardOutput = true })!;
        Assert.Equal("ready", await deaf.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        ProcessIdentity identity = ProcessIdentity.Of(deaf.Id)!.Value;
        Assert.Empty(await ProcessIdentity.StopAsync([identity], TimeSpan.FromMilliseconds(100), TimeProvider.System));
        Assert.False(identity.IsAlive);
    }
}
