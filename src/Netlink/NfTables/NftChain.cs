using static Margay.Netlink.Constants.LinuxNetfilter;

namespace Margay.Netlink.NfTables;

/// <summary>A chain of rules: a regular one, that others jump to, or with a <see cref="Hook"/> a base chain, where packets enter.</summary>
public sealed record NftChain(NftFamily Family, string Table, string Name)
{
    public NftChain(NftTable table, string name)
        : this(table.Family, table.Name, name)
    {
    }

    public NftHook? Hook { get; init; }

    /// <summary>Of a base chain: what becomes of packets that no rule decides. Null: accept, and an existing chain keeps its policy.</summary>
    public NftPolicy? Policy { get; init; }

    public string? Comment { get; init; }

    /// <summary>Read back only.</summary>
    public ulong Handle { get; init; }

    /// <summary>Read back only: rules in it and jumps to it.</summary>
    public uint UseCount { get; init; }
}

/// <summary>Where a base chain is attached.</summary>
/// <param name="Type"><c>filter</c>, <c>nat</c> or <c>route</c>.</param>
/// <param name="Priority">Lower runs first: raw −300, mangle −150, dstnat −100, filter 0, security 50, srcnat 100.</param>
public sealed record NftHook(NftHookPoint Point, int Priority, string Type = NftHook.Filter)
{
    // The hooks of netdev have numbers of their own, from 0: told apart here.
    internal const uint NetdevBase = 0x100;

    public const string Filter = "filter";
    public const string Nat = "nat";
    public const string Route = "route";

    /// <summary>For the families netdev (and inet ingress): the links it is attached to.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    public bool Equals(NftHook? other) =>
        other is not null && Point == other.Point && Priority == other.Priority && Type == other.Type && Devices.SequenceEqual(other.Devices);

    public override int GetHashCode() => HashCode.Combine(Point, Priority, Type);
}

/// <summary>NF_INET_* for ip, ip6, inet and bridge; netdev has hooks of its own.</summary>
public enum NftHookPoint : uint
{
    Prerouting = NF_INET_PRE_ROUTING,
    Input = NF_INET_LOCAL_IN,
    Forward = NF_INET_FORWARD,
    Output = NF_INET_LOCAL_OUT,
    Postrouting = NF_INET_POST_ROUTING,

    /// <summary>Ingress of the family inet.</summary>
    Ingress = NF_INET_INGRESS,

    /// <summary>Ingress of the family netdev.</summary>
    NetdevIngress = NftHook.NetdevBase + NF_NETDEV_INGRESS,

    /// <summary>Egress of the family netdev.</summary>
    NetdevEgress = NftHook.NetdevBase + NF_NETDEV_EGRESS,
}

/// <summary>NF_DROP, NF_ACCEPT.</summary>
public enum NftPolicy : uint
{
    Drop = NF_DROP,
    Accept = NF_ACCEPT,
}
