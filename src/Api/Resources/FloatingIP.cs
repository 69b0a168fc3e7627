namespace Margay.Api.Resources;

/// <summary>
/// An address of the world that stands for one address of a virtual network, one to one and in both directions. It is announced by the host that has the address which it stands for, and goes along
/// when that moves. It belongs to the namespace of the network.
/// </summary>
public sealed record FloatingIP : Resource
{
    public FloatingIPSpec Spec { get; init => field = value ?? new(); } = new();
}

public sealed record FloatingIPSpec
{
    /// <summary>An IPPool is asked for with this among its allowedUses.</summary>
    public const string PoolUse = "FloatingIP";

    /// <summary>Name of the VirtualNetwork, of the same namespace. Immutable.</summary>
    public string? Network { get; init; }

    /// <summary>Of an IPPool for floating addresses, and nobody else's. Chosen by the server when not given. Immutable.</summary>
    public string? Address { get; init; }

    /// <summary>The IPPool to choose from; any for floating addresses when not given.</summary>
    public string? Pool { get; init; }

    /// <summary>The address in the network that it stands for, of the same family.</summary>
    public string? Target { get; init; }
}
