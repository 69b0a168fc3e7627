using Margay.Netlink.Route;

namespace Margay.Agent.Attach;

/// <summary>Tells the attach loop when a workload's link goes away, by whomever: its namespace ended, or someone removed it.</summary>
internal static class LinkWatch
{
    public static async Task RunAsync(AttachLoop attach, CancellationToken cancel)
    {
        using RouteMonitor monitor = RouteMonitor.Open(RouteEvents.Links);
        await foreach (RouteEvent item in monitor.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            // What an overrun hides is found at the next restart, or when the runtime detaches.
            if (item is LinkEvent { Removed: true } gone && Names.IsHostInterface(gone.Link.Name)) attach.Post(new LinkLost(gone.Link.Name));
        }
    }
}
