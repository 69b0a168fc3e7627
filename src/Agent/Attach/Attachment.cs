using Margay.Api.Attach;

namespace Margay.Agent.Attach;

/// <summary>
/// One attachment on its way through its life, as the <see cref="AttachMachine"/> sees it. The journal holds what must outlive the process
/// (<see cref="Record"/>); here is the rest.
/// </summary>
internal sealed class Attachment(AttachmentRecord record, long attempt)
{
    /// <summary>Differs for each life of a key: results of another life are none of ours.</summary>
    public long Attempt { get; } = attempt;

    public AttachmentRecord Record { get; set; } = record;
    public AttachmentKey Key => Record.Key;
    public AttachmentPhase Phase => Record.Phase;

    public Part Link { get; } = new();

    /// <summary>The record at the server.</summary>
    public Part Endpoint { get; } = new();

    /// <summary>Routes and filter entries: present from when the dataplane was told of the endpoint until it says that all is out.</summary>
    public Part Program { get; } = new();

    /// <summary>Revision of the WorkloadEndpoint as we wrote it.</summary>
    public long Revision { get; set; }

    public long ProgrammedRevision { get; set; }

    /// <summary>Why the kernel refuses the endpoint, as long as it does.</summary>
    public string? KernelReason { get; set; }

    /// <summary>Why an attach is being put back.</summary>
    public AgentError? Failure { get; set; }

    public List<Ticket> Attaching { get; } = [];
    public List<Ticket> Detaching { get; } = [];

    /// <summary>Asked while the last life of this key was not over yet.</summary>
    public List<AttachAsked> Next { get; } = [];

    /// <summary>Timestamp by which the attach must be done, or when to try again what failed while leaving; <see cref="long.MaxValue"/> for never.</summary>
    public long Due { get; set; } = long.MaxValue;

    /// <summary>How often taking it away failed in a row.</summary>
    public int Failures { get; set; }

    public StepTimes Times { get; } = new();

    public bool IsUpAndProgrammed => Link.IsPresent && Revision > 0 && ProgrammedRevision >= Revision;

    /// <summary>Nothing of it is on this host.</summary>
    public bool IsGoneHere => Link.IsAbsent && Program.IsAbsent;

    public bool IsGone => IsGoneHere && Endpoint.IsAbsent;
}

/// <summary>Milliseconds that the steps of an attach took.</summary>
internal sealed class StepTimes
{
    private readonly Dictionary<string, double> _steps = [];

    /// <summary>When link and record were both there, and only the policy was missing.</summary>
    public long WaitingForKernelSince { get; set; }

    public IReadOnlyDictionary<string, double> Steps => _steps;

    public void Note(string step, double milliseconds) => _steps[step] = Math.Round(milliseconds, 3);
}
