namespace Margay.Agent.Attach;

/// <summary>Of a thing outside: is it there, and are we about to change that.</summary>
internal enum Presence
{
    Absent,
    Coming,
    Present,
    Going,
}

/// <summary>One thing of an attachment that exists outside of this process: its link, its record at the server, what the dataplane holds of it.</summary>
internal sealed class Part
{
    public Presence State { get; set; }

    /// <summary>Taking it away failed: it is tried again when the attachment is due, not before.</summary>
    public bool IsHeld { get; set; }

    public bool IsPresent => State == Presence.Present;
    public bool IsAbsent => State == Presence.Absent;

    /// <summary>True when it is to be taken away now: from then on that is under way.</summary>
    public bool BeginRemoval()
    {
        if (State != Presence.Present || IsHeld) return false;
        State = Presence.Going;
        return true;
    }

    /// <summary>What became of a removal; false when none was under way.</summary>
    public bool EndRemoval(bool failed)
    {
        if (State != Presence.Going) return false;
        State = failed ? Presence.Present : Presence.Absent;
        IsHeld = failed;
        return true;
    }
}
