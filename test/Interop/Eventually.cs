namespace Margay.Interop;

/// <summary>Waits for what comes about by itself, as long as is reasonable.</summary>
internal static class Eventually
{
    internal static async Task Async(Func<Task<bool>> condition, TimeSpan limit) =>
        Assert.True(await WithinAsync(condition, limit), $"did not come about within {limit.TotalSeconds} s");

    /// <summary>False if it did not come about.</summary>
    internal static async Task<bool> WithinAsync(Func<Task<bool>> condition, TimeSpan limit)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await condition()) return true;
            if (TimeProvider.System.GetElapsedTime(start) >= limit) return false;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
