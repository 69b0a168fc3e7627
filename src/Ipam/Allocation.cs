using Margay.Core.Net;

namespace Margay.Ipam;

/// <summary>What a workload asks for: one address of each family wanted, or the addresses named.</summary>
public sealed record AllocationRequest
{
    public required AllocationHandle Handle { get; init; }
    public NetworkName Network { get; init; }
    public bool WantIPv4 { get; init; }
    public bool WantIPv6 { get; init; }

    /// <summary>These and no others; they count for their families.</summary>
    public IReadOnlyList<InetAddress> Addresses { get; init; } = [];

    /// <summary>Names of the pools to take from; empty means any.</summary>
    public IReadOnlyList<string> IPv4Pools { get; init; } = [];

    public IReadOnlyList<string> IPv6Pools { get; init; } = [];
}

/// <summary>
/// The answer to a request: addresses, or a refusal. Nothing has changed yet. The owner appends <see cref="Record"/> to its journal and gives it to
/// <see cref="BlockAllocator.Apply"/>; without a record (the handle holds the addresses already) there is nothing to do.
/// </summary>
public sealed record AllocationPlan
{
    /// <summary>All that was asked for, IPv4 first; empty when refused.</summary>
    public IReadOnlyList<InetAddress> Addresses { get; init; } = [];

    public IpamRecord? Record { get; init; }

    /// <summary>Why not, in words and with the remedy.</summary>
    public string? Refusal { get; init; }

    /// <summary>The request can succeed after the node has claimed a block of this family.</summary>
    public bool NeedsIPv4Block { get; init; }

    public bool NeedsIPv6Block { get; init; }

    /// <summary>Named addresses of a virtual network that the node has to claim by themselves (<see cref="MovableAddress"/>).</summary>
    public IReadOnlyList<InetAddress> NeedsAddresses { get; init; } = [];

    public bool NeedsBlock => NeedsIPv4Block || NeedsIPv6Block || NeedsAddresses.Count > 0;
}

/// <summary>One block as the allocator sees it, for people and for the decision to claim or to give back.</summary>
public sealed record BlockUse(NetworkName Network, IpPrefix Block, string Pool, int Size, int InUse, int CoolingDown, int Reserved, bool Leaving)
{
    /// <summary>Addresses that a request could get now.</summary>
    public int Free => Leaving ? 0 : Size - InUse - CoolingDown - Reserved;
}

/// <summary>Who holds an address.</summary>
public sealed record AddressUse(NetworkName Network, InetAddress Address, AllocationHandle Handle, DateTimeOffset Since);
