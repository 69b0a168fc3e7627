namespace Margay.Agent.Sync;

/// <summary>What became of a write at the server.</summary>
internal enum WriteResult
{
    Written,

    /// <summary>No answer, or one that does not say: it may or may not have been done.</summary>
    Unreachable,

    /// <summary>An object of that name is there and is another's.</summary>
    Collision,

    /// <summary>Refused for good, with the server's reason.</summary>
    Refused,

    /// <summary>Refused now; later it may be accepted.</summary>
    Conflict,
}

/// <param name="Revision">Of the object, when written.</param>
/// <param name="Uid">The same.</param>
/// <param name="Message">The server's words, when not.</param>
internal sealed record WriteOutcome(WriteResult Result, long Revision, string? Uid, string Message)
{
    public static WriteOutcome Written(long revision, string? uid) => new(WriteResult.Written, revision, uid, "");
    public static WriteOutcome Failed(WriteResult result, string message) => new(result, 0, null, message);
}
