using Margay.Core.Net;

namespace Margay.Dataplane.Networks;

/// <summary>What the host's namespace has to know of a leg: which addresses are behind it.</summary>
/// <param name="Link">Of the host's end.</param>
/// <param name="Transit">Leave the host under its own address.</param>
internal sealed record HostLeg(string Link, TransitPair Transit)
{
    public IEnumerable<InetAddress> Addresses => [Transit.V4, Transit.V6];
}

/// <summary>The legs of this host, all of them; for the default network, which is the host.</summary>
internal sealed record LegsChanged(IReadOnlyCollection<HostLeg> Legs) : DataplaneEvent;

/// <summary>What leads out of a network on this host; for that network.</summary>
/// <param name="LetsOut">Packets of its subnets leave by the leg.</param>
/// <param name="Subnets">What in them has no route of its own does not leave.</param>
internal sealed record Outside(bool LetsOut, IReadOnlyList<IpPrefix> Subnets)
{
    public bool Equals(Outside? other) => other is not null && LetsOut == other.LetsOut && Subnets.SequenceEqual(other.Subnets);

    public override int GetHashCode() => HashCode.Combine(LetsOut, Subnets.Count);
}

/// <summary>Null: nothing does.</summary>
internal sealed record OutsideChanged(Outside? Outside) : DataplaneEvent;
