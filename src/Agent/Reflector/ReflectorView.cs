using Margay.Agent.Health;
using Margay.Agent.Routing;
using Margay.Agent.Sync;
using Margay.Api.NodeSync;

namespace Margay.Agent.Reflector;

/// <summary>Passes the view on to BGP, the only one whom it concerns.</summary>
internal sealed class ReflectorView(Connection connection, BgpControl bgp, AgentMetrics metrics) : IViewObserver
{
    public ValueTask OnViewAsync(HeldView view, ViewDelta delta)
    {
        connection.View = view;
        bgp.OnView(view);
        return ValueTask.CompletedTask;
    }

    public ValueTask OnConnectedAsync(HeldView view)
    {
        connection.Reason = null;
        return ValueTask.CompletedTask;
    }

    public void OnDisconnected(string reason)
    {
        if (connection.IsConnected) metrics.Disconnected();
        connection.Reason = reason;
    }
}
