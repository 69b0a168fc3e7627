using Margay.Agent.Health;
using Margay.Api.Attach;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Attach;

/// <summary>Gives a request from the socket to whom it concerns, and notes how it went.</summary>
internal sealed class RequestRouter(AttachLoop attach, Queries queries, AgentMetrics metrics, ILogger logger)
{
    public async Task<AgentReply> AnswerAsync(AgentRequest request, CancellationToken cancel)
    {
        if (request.Query is { } query) return await queries.AnswerAsync(query, cancel).ConfigureAwait(false);
        if (request.Attach is { } wanted)
        {
            AgentReply reply = await attach.AskAsync(ticket => new AttachAsked(wanted, ticket), cancel).ConfigureAwait(false);
            if (reply.Attach is { } made)
            {
                metrics.Attached(made.Timings ?? new Dictionary<string, double>());
                Log.Attached(logger, wanted.ContainerId, wanted.Interface, made.Endpoint, made.Timings?.GetValueOrDefault("total") ?? 0);
            }
            else if (reply.Error is { } error)
            {
                metrics.Refused(error.Code);
                Log.AttachRefused(logger, wanted.ContainerId, wanted.Interface, error.Code, error.Message);
            }
            return reply;
        }
        if (request.Detach is { } unwanted)
        {
            AgentReply reply = await attach.AskAsync(ticket => new DetachAsked(unwanted, ticket), cancel).ConfigureAwait(false);
            if (reply.Error is null)
            {
                metrics.Detached();
                Log.Detached(logger, unwanted.ContainerId, unwanted.Interface);
            }
            return reply;
        }
        CheckRequest check = request.Check!;
        return await attach.AskAsync(ticket => new CheckAsked(check, ticket), cancel).ConfigureAwait(false);
    }
}
