using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Netlink.Namespaces;

namespace Margay.Dataplane.Networks;

/// <summary>A network of this host and its namespace, when it has one. Changed by whoever has its turn.</summary>
/// <param name="name">Of the namespace.</param>
internal sealed class Space(NetworkName network, string name)
{
    public NetworkName Network => network;
    public string Name => name;
    public SemaphoreSlim Turn { get; } = new(1);

    /// <summary>Null, as is <see cref="Links"/>, while there is none.</summary>
    public NetworkNamespace? Namespace { get; set; }

    public WorkloadLinks? Links { get; set; }

    /// <summary>Done when the kernel has taken down the namespace that was last here.</summary>
    public Task Departure { get; set; } = Task.CompletedTask;

    /// <summary>It has endpoints here, or is needed. Both are guarded by the owner's lock.</summary>
    public bool IsWanted { get; set; }

    /// <summary>It stays without endpoints.</summary>
    public bool IsNeeded { get; set; }
}
