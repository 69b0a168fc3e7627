using Margay.Api.Resources;

namespace Margay.Cni.Config;

/// <summary>A network configuration as the runtime gives it (specification, section 1), reduced to what this plugin uses.</summary>
internal sealed record NetworkConfig
{
    public const string DefaultAgentSocket = "/run/margay/agent.sock";

    public string CniVersion { get; init; } = "";
    public string Name { get; init; } = "";

    /// <summary>Where the agent listens.</summary>
    public string AgentSocket { get; init; } = DefaultAgentSocket;

    /// <summary>The virtual network to attach to.</summary>
    public string? Network { get; init; }

    /// <summary>args.cni.network.</summary>
    public string? ArgsNetwork { get; init; }

    /// <summary>The pod's annotation <see cref="NetworkAnnotation"/>, for the capability io.kubernetes.cri.pod-annotations.</summary>
    public string? PodNetwork { get; init; }

    public const string NetworkAnnotation = "margay.dev/network";

    /// <summary>The namespace that policies see. When given it wins over K8S_POD_NAMESPACE.</summary>
    public string? Namespace { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyList<string>? Profiles { get; init; }
    public IReadOnlyList<string>? Ipv4Pools { get; init; }
    public IReadOnlyList<string>? Ipv6Pools { get; init; }
    public IReadOnlyList<EndpointPort>? Ports { get; init; }
    public int? Mtu { get; init; }

    /// <summary>Passed through to the result, as JSON.</summary>
    public string? Dns { get; init; }

    /// <summary>Labels from args.cni.labels, after those of the configuration.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ArgsLabels { get; init; } = [];

    /// <summary>args.cni.ips.</summary>
    public IReadOnlyList<string>? ArgsIps { get; init; }

    /// <summary>runtimeConfig.ips, for the capability of that name.</summary>
    public IReadOnlyList<string>? RuntimeIps { get; init; }

    public string? RuntimeMac { get; init; }
    public PreviousResult? Previous { get; init; }
}

/// <summary>prevResult: what the plugins before this one did, or what ADD returned, when it comes with CHECK and DEL.</summary>
internal sealed record PreviousResult
{
    public IReadOnlyList<PreviousInterface> Interfaces { get; init; } = [];
    public IReadOnlyList<PreviousIp> Ips { get; init; } = [];

    /// <summary>Each as JSON.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];
}

/// <param name="Json">The whole object.</param>
internal sealed record PreviousInterface(string Name, string? Sandbox, string Json);

/// <param name="Address">With its length.</param>
/// <param name="Interface">Index into the interfaces.</param>
/// <param name="Json">The whole object.</param>
internal sealed record PreviousIp(string Address, int? Interface, string Json);
