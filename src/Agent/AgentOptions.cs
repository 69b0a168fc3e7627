using Margay.Agent.Routing;
using Margay.Agent.Underlay;
using Margay.Bgp.Bmp;
using Microsoft.Extensions.Logging;

namespace Margay.Agent;

/// <summary>Everything an operator may say to margay-agent, checked.</summary>
internal sealed record AgentOptions
{
    public const string DefaultStateDirectory = "/var/lib/margay";
    public const string DefaultRunDirectory = "/run/margay";

    /// <summary>Name of the Node object.</summary>
    public required string Node { get; init; }

    /// <summary>Reflects routes and does nothing else; needs no privileges.</summary>
    public bool Reflector { get; init; }

    public required Uri Server { get; init; }
    public string? TokenFile { get; init; }
    public string? CaFile { get; init; }

    /// <summary>What must survive a restart: attachments and the last view.</summary>
    public string StateDirectory { get; init; } = DefaultStateDirectory;

    public string Socket { get; init; } = DefaultRunDirectory + "/agent.sock";
    public AddressChoice Ip { get; init; } = AddressChoice.Auto;
    public AddressChoice Ip6 { get; init; } = AddressChoice.Auto;

    /// <summary>MTU of workload links; null is the uplink's.</summary>
    public int? Mtu { get; init; }

    /// <summary>Given by the operator: namespaces of virtual networks are called PREFIX-NETWORK.</summary>
    public string? NetworkPrefix { get; init; }

    /// <summary>
    /// What the names of virtual networks' namespaces begin with: what begins so is ours. Two agents on one machine are two nodes; names of nodes and of networks have no
    /// underscore, so neither can take the other's for its own.
    /// </summary>
    public string NetworkSpaces => NetworkPrefix is { } given ? $"{given}-" : $"margay_{Node}_";

    public BgpListen Bgp { get; init; } = BgpListen.Default;

    /// <summary>Monitoring stations of BGP (BMP, RFC 7854).</summary>
    public IReadOnlyList<BmpStationSpec> BmpStations { get; init; } = [];

    /// <summary>Where /metrics, /readyz and /livez are served; null for nowhere.</summary>
    public System.Net.IPEndPoint? Metrics { get; init; } = new(System.Net.IPAddress.Loopback, 9091);

    /// <summary>Telling of dropped packets; null for not at all.</summary>
    public Dataplane.Drops.DropLogOptions? DropLog { get; init; } = new();

    /// <summary>What virtual networks reach of this host.</summary>
    public IReadOnlyList<Dataplane.Networks.HostService> NetworkServices { get; init; } = [];

    public bool JsonLog { get; init; }
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Put on the Node object, beside those that it has.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}
