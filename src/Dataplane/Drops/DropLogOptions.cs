namespace Margay.Dataplane.Drops;

/// <summary>Which dropped packets are told of, and how many at most.</summary>
public sealed record DropLogOptions
{
    /// <summary>NFLOG group that the rules log to, in each network's namespace (nfnetlink_log, 0 to 65535).</summary>
    public ushort Group { get; init; } = 78;

    /// <summary>Packets per second that one rule tells of; the kernel keeps the others to itself. Each is counted in any case.</summary>
    public uint Rate { get; init; } = 10;

    /// <summary>Packets above the rate that one rule may tell of at once.</summary>
    public uint Burst { get; init; } = 20;
}
