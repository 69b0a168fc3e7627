using Margay.Core.Net;
using Margay.Dataplane.Drivers;
using Margay.Dataplane.Networks;
using Margay.Netlink.Sockets;
using Microsoft.Extensions.Logging;

namespace Margay.Agent.Networks;

/// <summary>Where workload links of each network are made: in the host's own namespace, or in that of their virtual network.</summary>
internal sealed class LinkPlaces(WorkloadLinks host, NetworkSpaces spaces, ILogger logger)
{
    /// <summary>Makes the network's namespace when it is not there.</summary>
    public Task<NetlinkResult> OpenAsync(NetworkName network) => network.IsDefault ? Task.FromResult(default(NetlinkResult)) : spaces.OpenAsync(network);

    /// <summary>Makes a workload's link there.</summary>
    public Task<WorkloadLinkResult> CreateAsync(NetworkName network, WorkloadLinkSpec spec) =>
        network.IsDefault ? Task.FromResult(host.Create(spec)) : spaces.CreateLinkAsync(network, spec);

    /// <summary>Takes it away; done when it is gone.</summary>
    public Task RemoveAsync(NetworkName network, string hostInterface, string endpointId) =>
        network.IsDefault ? host.RemoveAsync(hostInterface, endpointId) : spaces.RemoveLinkAsync(network, hostInterface, endpointId);

    /// <summary>Null when the network has no namespace here.</summary>
    public WorkloadLinks? Of(NetworkName network) => network.IsDefault ? host : spaces.LinksOf(network);

    private readonly Lock _gate = new();
    private IReadOnlySet<NetworkName> _inUse = new HashSet<NetworkName>();
    private IReadOnlySet<NetworkName> _needed = new HashSet<NetworkName>();

    /// <summary>The virtual networks that have an address in use here, all of them.</summary>
    public void SetInUse(IReadOnlySet<NetworkName> networks)
    {
        lock (_gate)
        {
            _inUse = networks;
            SetWanted();
        }
    }

    /// <summary>Those that are needed without one: for another that reaches them. All of them; their namespaces are made when they are not there.</summary>
    public void SetNeeded(IReadOnlySet<NetworkName> networks)
    {
        lock (_gate)
        {
            _needed = networks;
            SetWanted();
        }
        foreach (NetworkName network in networks.Where(n => spaces.LinksOf(n) is null)) _ = OpenNeededAsync(network);
    }

    private async Task OpenNeededAsync(NetworkName network)
    {
        NetlinkResult made = await spaces.OpenAsync(network).ConfigureAwait(false);
        if (!made.Ok) Log.NetworkNotOpened(logger, network.ToString(), made.ToString());
        // What was asked for may have changed meanwhile.
        lock (_gate) SetWanted();
    }

    private void SetWanted() => spaces.SetWanted(_inUse, _needed);
}
