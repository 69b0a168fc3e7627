using System.Diagnostics;

namespace Margay.Interop.Dataplane;

/// <summary>Waits for what happens by itself, such as a repair.</summary>
internal static class Eventually
{
    internal static async Task TrueAsync(Func<bool> condition, TimeSpan patience, Func<string> what)
    {
        long begun = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < patience, $"not within {patience}: {what()}");
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
