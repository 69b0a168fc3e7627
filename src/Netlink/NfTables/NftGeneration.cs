namespace Margay.Netlink.NfTables;

/// <summary>The number of a ruleset, and who made it so.</summary>
/// <param name="ThreadId">In a notification, the thread that committed: its process is the one with /proc/PID/task/ThreadId. From a get, the thread that asks.</param>
/// <param name="ProcessName">The name of that thread, at most 15 characters.</param>
public readonly record struct NftGeneration(uint Id, int ThreadId, string? ProcessName);
