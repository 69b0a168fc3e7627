using Margay.Core.Net;

namespace Margay.Agent.Attach;

/// <summary>What an <see cref="AttachMachine"/> must be told.</summary>
internal sealed record AttachOptions
{
    /// <summary>Name of this node.</summary>
    public required string Node { get; init; }

    /// <summary>An attach that is not done by then is put back. Below the 40 s that the CNI plugin waits.</summary>
    public TimeSpan AttachTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an attach waits for the first word from the server, and for a block, before it gives up.</summary>
    public TimeSpan ServerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Between attempts to take away what could not be taken away; doubles up to <see cref="RetryMaximum"/>.</summary>
    public TimeSpan RetryMinimum { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>MTU of workload links when the request does not say: the uplink's. Null is the kernel's default.</summary>
    public int? Mtu { get; init; }

    /// <summary>MTU of workload links in virtual networks that do not say: what the underlay leaves.</summary>
    public int? TunnelMtu { get; init; }

    public InetAddress Ipv4Gateway { get; init; } = InetAddress.Parse("169.254.1.1");

    /// <summary>The link-local address of <see cref="HostMac"/>.</summary>
    public InetAddress Ipv6Gateway { get; init; } = MacAddress.Gateway.ToLinkLocal();

    public MacAddress HostMac { get; init; } = MacAddress.Gateway;
}
