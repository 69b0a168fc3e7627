using Margay.Agent.Attach;
using Margay.Agent.Health;
using Margay.Agent.Networks;
using Margay.Agent.Routing;
using Margay.Api.NodeSync;
using Margay.Core.Net;
using Margay.Dataplane;

namespace Margay.Agent.Sync;

/// <summary>Passes the view on: to the dataplane first, which someone may be waiting for, then to addresses and BGP.</summary>
internal sealed class ViewRelay(Connection connection, AttachLoop attach, DataplaneLoop dataplane, BgpControl bgp, LinkPlaces places, AgentMetrics metrics) : IViewObserver
{
    /// <summary>The view of the last life, before there is a server.</summary>
    public async ValueTask OnRememberedAsync(HeldView view)
    {
        await dataplane.PostAsync(new ViewChanged(view.ToSnapshot())).ConfigureAwait(false);
        attach.Post(new AddressingChanged(view.Pools.Values, view.Blocks.Values, view.Networks.Values));
        bgp.OnView(view);
        OpenNeeded(view);
    }

    private void OpenNeeded(HeldView view) => places.SetNeeded(view.Networks.Values.Where(n => n.Needed).Select(n => new NetworkName(n.Name)).ToHashSet());

    public async ValueTask OnViewAsync(HeldView view, ViewDelta delta)
    {
        connection.View = view;
        await dataplane.PostAsync(new ViewChanged(delta)).ConfigureAwait(false);
        if (delta.Snapshot || delta.Pools is not null || delta.RemovedPools is not null || delta.Blocks is not null || delta.RemovedBlocks is not null || delta.Networks is not null || delta.RemovedNetworks is not null)
            attach.Post(new AddressingChanged(view.Pools.Values, view.Blocks.Values, view.Networks.Values));
        if (delta.Snapshot || delta.Networks is not null || delta.RemovedNetworks is not null) OpenNeeded(view);
        bool touchesBgp = delta.Snapshot || delta.Settings is not null || delta.Peers is not null || delta.RemovedPeers is not null
            || delta.Pools is not null || delta.RemovedPools is not null || delta.BgpFilters is not null || delta.RemovedBgpFilters is not null || delta.Networks is not null || delta.RemovedNetworks is not null;
        if (touchesBgp) bgp.OnView(view);
    }

    public ValueTask OnConnectedAsync(HeldView view)
    {
        connection.Reason = null;
        attach.Post(new ServerReachability(true, ""));
        attach.Post(new ServerEndpointsKnown(view.Endpoints.Values));
        return ValueTask.CompletedTask;
    }

    public void OnDisconnected(string reason)
    {
        if (connection.IsConnected) metrics.Disconnected();
        connection.Reason = reason;
        attach.Post(new ServerReachability(false, reason));
    }
}
