using Margay.Core.Net;

namespace Margay.Dataplane.Networks;

/// <summary>What the host's namespace has to know of a leg: which addresses are behind it.</summary>
/// <param name="Link">Of the host's end.</param>
/// <param name="Transit">Leave the host under its own address.</param>
/// <param name="Floating">Are reached from outside.</param>
internal sealed record HostLeg(string Link, TransitPair Transit, IReadOnlyList<InetAddress> Floating)
{
    public IEnumerable<InetAddress> Addresses => [Transit.V4, Transit.V6, .. Floating];

    public bool Equals(HostLeg? other) => other is not null && Link == other.Link && Transit == other.Transit && Floating.SequenceEqual(other.Floating);

    public override int GetHashCode() => HashCode.Combine(Link, Transit, Floating.Count);
}

/// <summary>An address of the world, and the one of a workload here that it stands for.</summary>
internal readonly record struct FloatingPair(InetAddress Address, InetAddress Target);

/// <summary>The legs of this host, all of them; for the default network, which is the host.</summary>
internal sealed record LegsChanged(IReadOnlyCollection<HostLeg> Legs) : DataplaneEvent;

/// <summary>What leads out of a network on this host; for that network.</summary>
/// <param name="LetsOut">Packets of its subnets leave by the leg.</param>
/// <param name="Subnets">What in them has no route of its own does not leave.</param>
/// <param name="Floating">In order: of several of one target the first is the one it leaves under.</param>
/// <param name="Services">Of the host, the same for all networks.</param>
internal sealed record Outside(bool LetsOut, IReadOnlyList<IpPrefix> Subnets, IReadOnlyList<FloatingPair> Floating, IReadOnlyList<HostService> Services)
{
    /// <summary>There is more outside than services.</summary>
    public bool HasDefaultRoutes => LetsOut || Floating.Count > 0;

    public bool Equals(Outside? other) => other is not null && LetsOut == other.LetsOut && Subnets.SequenceEqual(other.Subnets) && Floating.SequenceEqual(other.Floating) && Services.SequenceEqual(other.Services);

    public override int GetHashCode() => HashCode.Combine(LetsOut, Subnets.Count);
}

/// <summary>Null: nothing does.</summary>
internal sealed record OutsideChanged(Outside? Outside) : DataplaneEvent;
