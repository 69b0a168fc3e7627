using Margay.Core.Net;

namespace Margay.Dataplane.Networks;

/// <summary>Another network that is reached by a link.</summary>
/// <param name="Link">Of this network's end.</param>
internal sealed record LeakPeer(NetworkName Network, string Link, IReadOnlyList<IpPrefix> Subnets)
{
    public bool Equals(LeakPeer? other) => other is not null && Network == other.Network && Link == other.Link && Subnets.SequenceEqual(other.Subnets);

    public override int GetHashCode() => HashCode.Combine(Network, Link);
}

/// <summary>The networks that are reached from one, all of them; for that network.</summary>
/// <param name="Own">Its own ranges: nothing else is for it.</param>
internal sealed record LeaksChanged(IReadOnlyList<LeakPeer> Peers, IReadOnlyList<IpPrefix> Own) : DataplaneEvent
{
    public bool Equals(LeaksChanged? other) => other is not null && Peers.SequenceEqual(other.Peers) && Own.SequenceEqual(other.Own);

    public override int GetHashCode() => HashCode.Combine(Peers.Count, Own.Count);
}
