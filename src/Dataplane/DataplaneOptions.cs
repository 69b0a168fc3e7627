namespace Margay.Dataplane;

/// <summary>What the dataplane of one host may be told. The defaults are what a host wants.</summary>
public sealed record DataplaneOptions
{
    /// <summary>Every interface whose name begins so is a workload's; one that is not known is dropped.</summary>
    public string InterfacePrefix { get; init; } = "mg";

    /// <summary>Name of the nftables tables (families inet and arp) that are ours alone.</summary>
    public string Table { get; init; } = "margay";

    /// <summary>Marks our routes and nexthop objects (rtm_protocol), so that they are known again after a restart.</summary>
    public byte RouteProtocol { get; init; } = 80;

    /// <summary>Metric of our routes, above (behind) what an operator adds by hand without one.</summary>
    public uint RouteMetric { get; init; } = 1024;

    /// <summary>What becomes of packets from a workload to this host that its egress policy lets pass (Calico defaultEndpointToHostAction).</summary>
    public EndpointToHostAction EndpointToHost { get; init; } = EndpointToHostAction.Drop;

    /// <summary>
    /// The one bit of a packet's mark that says that an early policy of a host endpoint (doNotTrack, preDNAT) has allowed it, so that its later ones are not asked. Touched only
    /// while there is such a policy; no other bit ever is. Change it where another program uses it.
    /// </summary>
    public uint AcceptedMark { get; init; } = 0x0800_0000;

    /// <summary>NFLOG group of the packets that a Log rule matches (nfnetlink_log, 0 to 65535).</summary>
    public ushort LogGroup { get; init; } = 77;

    /// <summary>Telling of dropped packets; null for not at all. They are counted in any case.</summary>
    public Drops.DropLogOptions? DropLog { get; init; } = new();

    /// <summary>This host's end of the tunnels of virtual networks; without one they have none, and reach this host alone.</summary>
    public Networks.TunnelEnd? TunnelEnd { get; init; }

    /// <summary>Each network that has a leg here takes one address of both: hosts do not share them, nothing outside of the host ever sees them.</summary>
    public Core.Net.IpPrefix TransitV4 { get; init; } = Core.Net.IpPrefix.Parse("169.254.64.0/18");

    /// <summary>What every network reaches of its host.</summary>
    public IReadOnlyList<Networks.HostService> Services { get; init; } = [];

    /// <summary>A unique local range (RFC 4193), at most a /96.</summary>
    public Core.Net.IpPrefix TransitV6 { get; init; } = Core.Net.IpPrefix.Parse("fd6d:6172:6761:7900::/64");

    /// <summary>How long routes found at start are kept while no batch said that it is in sync. Longer than a peer takes to come back (RFC 4724 restart time).</summary>
    public TimeSpan RouteHoldTime { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long after the default network's routes those of virtual networks count as all there.</summary>
    public TimeSpan NetworkSettleTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait before trying again what the kernel refused; doubles up to <see cref="RetryMaximum"/>.</summary>
    public TimeSpan RetryMinimum { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Verdict for workload-to-host packets after egress policy.</summary>
public enum EndpointToHostAction
{
    Drop,
    Accept,
}
