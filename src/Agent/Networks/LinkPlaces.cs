using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Networks;
using Margay.Netlink.Sockets;

namespace Margay.Agent.Networks;

/// <summary>Where workload links of each network are made: in the host's own namespace, or in that of their virtual network.</summary>
internal sealed class LinkPlaces(WorkloadLinks host, NetworkSpaces spaces)
{
    /// <summary>Makes the network's namespace when it is not there.</summary>
    public Task<NetlinkResult<WorkloadLinks>> OpenAsync(NetworkName network) =>
        network.IsDefault ? Task.FromResult<NetlinkResult<WorkloadLinks>>(host) : spaces.OpenAsync(network);

    /// <summary>Null when the network has no namespace here.</summary>
    public WorkloadLinks? Of(NetworkName network) => network.IsDefault ? host : spaces.LinksOf(network);

    /// <summary>The virtual networks that have an address in use here, all of them.</summary>
    public void SetWanted(IReadOnlySet<NetworkName> networks) => spaces.SetWanted(networks);
}
