using Margay.Api.Attach;

namespace Margay.Agent.Attach;

/// <summary>Someone who waits for an answer. Answered once; later answers are ignored.</summary>
internal sealed class Ticket(TimeProvider time)
{
    private readonly TaskCompletionSource<AgentReply> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When the request came in.</summary>
    public long Since { get; } = time.GetTimestamp();

    public Task<AgentReply> Reply => _answer.Task;
    public bool IsAnswered => _answer.Task.IsCompleted;

    public void Answer(AgentReply reply) => _answer.TrySetResult(reply);
    public void Refuse(AgentError error) => Answer(new AgentReply { Error = error });

    /// <summary>Answers a detach or a check.</summary>
    public void Succeed() => Answer(new AgentReply());
}
