using Margay.Api.Attach;
using Margay.Core.Net;
using Margay.Ipam;

namespace Margay.Agent.Attach;

/// <summary>
/// Finds addresses for requests, and blocks for addresses: what is not to be had from the <see cref="AddressBook"/> is claimed at the server, and the
/// request waits. Owned by the <see cref="AttachMachine"/>.
/// </summary>
internal sealed class AddressSupply(AddressBook book, AttachJournal journal, PendingRequests pending, ServerStanding server, IAttachEffects effects)
{
    private readonly HashSet<BlockClaim> _claims = [];
    private readonly HashSet<BlockClaim> _refused = [];

    /// <summary>Addresses and their journal line; none when the request now waits for a block; an error when there will be none.</summary>
    /// <param name="answer">What the server said to the claim that the request waited for.</param>
    public AgentError? Take(AttachmentKey key, AttachAsked asked, BlockClaimed? answer, out IReadOnlyList<InetAddress> addresses, out IpamRecord? record)
    {
        addresses = [];
        record = null;
        if (AddressBook.NetworkOf(asked.Request) is var network && !book.Knows(network)) return Meet(network, asked, answer);
        if (book.Translate(asked.Request, key, out AllocationRequest allocation) is { } error) return error;
        AllocationPlan plan = book.Allocator.Plan(allocation);
        if (plan.NeedsBlock)
        {
            List<BlockClaim> claims = [.. AddressBook.ClaimsFor(allocation, plan)];
            if (answer is not null && claims.Contains(answer.Claim))
                return answer.Error ?? Errors.NoAddress($"{plan.Refusal}; the server gave block {answer.Block?.Cidr}, which does not help", retry: true);
            Wait(asked, $"the server has not given this node an address block ({plan.Refusal})");
            foreach (BlockClaim claim in claims) Claim(claim);
            return null;
        }
        if (plan.Refusal is not null) return Errors.NoAddress(plan.Refusal, retry: false);
        addresses = plan.Addresses;
        record = plan.Record;
        return null;
    }

    /// <summary>
    /// A network that this node has nothing of yet: a first block, of the family that it has, brings it into the node's view. The request waits for that, unless the server knows no
    /// such network.
    /// </summary>
    private AgentError? Meet(NetworkName network, AttachAsked asked, BlockClaimed? answer)
    {
        BlockClaim v4 = new(network, false, ""), v6 = new(network, true, "");
        if (answer?.Error is { } refused && answer.Claim == v6) return refused;
        Wait(asked, $"the server has not told this node of network {network}");
        if (!book.HasBlockOf(network)) Claim(answer?.Error is not null && answer.Claim == v4 ? v6 : v4);
        return null;
    }

    /// <summary>The request waits until something changes at the server.</summary>
    public void Wait(AttachAsked asked, string why) => pending.Add(asked, server.Unreachable is null ? why : $"{why}; it cannot be reached: {server.Unreachable}");

    public void OnBlockClaimed(BlockClaimed claimed)
    {
        bool changed = claimed.Block is not null && book.Plan(claimed.Block) is { } record && TryJournal(record);
        _claims.Remove(claimed.Claim);
        if (claimed.Error is not null) _refused.Add(claimed.Claim);
        else _refused.Remove(claimed.Claim);
        pending.LookAgain(claimed);
        if (changed) Changed();
    }

    public void OnAddressingChanged(AddressingChanged e)
    {
        bool changed = book.LearnMoves(e.Blocks);
        book.Networks = e.Networks ?? [];
        foreach (IpamRecord record in book.Plan(e.Pools, e.Blocks).ToList()) changed |= TryJournal(record);
        _refused.Clear(); // may be given now
        pending.LookAgain();
        if (changed) Changed();
        else ClaimAhead();
    }

    /// <summary>Addresses in use, or blocks, are others than before.</summary>
    public void Changed()
    {
        effects.AddressesChanged(book.Snapshot());
        ClaimAhead();
    }

    /// <summary>MTU of workload links in a virtual network.</summary>
    public int? MtuOf(string network, int? tunnel) => book.MtuOf(network, tunnel);

    /// <summary>Asks for the next block before it is needed, unless the server said no when it was asked last.</summary>
    public void ClaimAhead()
    {
        if (server.Unreachable is not null) return;
        foreach (BlockClaim claim in book.ClaimsAhead().Where(c => !_refused.Contains(c))) Claim(claim);
    }

    private void Claim(BlockClaim claim)
    {
        if (server.IsCompared && _claims.Add(claim)) effects.ClaimBlock(claim);
    }

    private bool TryJournal(IpamRecord record)
    {
        try
        {
            journal.Write(record);
            return true;
        }
        catch (IOException e)
        {
            effects.Warn($"the journal cannot be written: {e.Message}");
            return false;
        }
    }
}
