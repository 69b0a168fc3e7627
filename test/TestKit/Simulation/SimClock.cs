namespace Margay.TestKit.Simulation;

/// <summary>A clock that stands until it is moved.</summary>
public sealed class SimClock : TimeProvider
{
    private static readonly DateTimeOffset s_epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public TimeSpan Now { get; private set; }

    public override DateTimeOffset GetUtcNow() => s_epoch + Now;
    public override long GetTimestamp() => Now.Ticks;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void AdvanceTo(TimeSpan time)
    {
        if (time > Now) Now = time;
    }
}
