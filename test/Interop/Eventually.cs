namespace Margay.Interop;

/// <summary>Waits for what comes about by itself, as long as is reasonable.</summary>
internal static class Eventually
{
    internal static async Task Async(Func<Task<bool>> condition, TimeSpan limit)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < limit, $"did not come about within {limit.TotalSeconds} s");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
