using Margay.Core.Net;

namespace Margay.Dataplane.Kernel;

/// <summary>A network's leg, as it shall be: a pair of links between the host's namespace and the network's.</summary>
/// <param name="HostLink">Name of the host's end.</param>
/// <param name="V4">The network's transit address on this host, on the end inside. What leaves by the leg bears it, or a floating address, and nothing else.</param>
/// <param name="Mtu">Bytes.</param>
public sealed record LegSpec(NetworkName Network, string HostLink, InetAddress V4, InetAddress V6, int Mtu)
{
    /// <summary>Services of the host on its loopback addresses are reached by it.</summary>
    public bool ToLoopback { get; init; }

    /// <summary>What the names of hosts' ends begin with; the network's VNI follows. Every link of the host that is called so is held to what legs may do.</summary>
    public const string HostPrefix = "mleg";

    /// <summary>Of either end. With the same at both and without ARP a frame to anyone is for the other end: there are no neighbours to ask for, nor entries that could be lost.</summary>
    public static readonly MacAddress Mac = new(0x02_6d_6c_65_67_00);

    /// <summary>Whom routes over a leg name as gateway; nobody has the address.</summary>
    public static readonly InetAddress OtherEnd = InetAddress.Parse("fe80::6d6c:6567");

    /// <summary>For people, on the host's end.</summary>
    public string Alias => $"margay-leg:{Network}";

    public static string HostLinkOf(uint vni) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{HostPrefix}{vni}");
}
