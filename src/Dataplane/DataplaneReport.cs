namespace Margay.Dataplane;

/// <summary>What a <see cref="DataplaneLoop"/> tells its owner. Called on the loop: note it and return.</summary>
public abstract record DataplaneReport;

/// <summary>
/// Everything that the endpoint needs is in the kernel: routes, neighbours, anti-spoofing, and its policy as of <paramref name="Revision"/>
/// (<see cref="Api.NodeSync.EndpointView.Revision"/>). Said once for each revision, and again after it had failed.
/// </summary>
public sealed record EndpointProgrammed(string Id, long Revision) : DataplaneReport;

/// <summary>The kernel refused something that the endpoint needs. It is tried again by itself; the endpoint is closed, not open, meanwhile.</summary>
public sealed record EndpointFailed(string Id, string Reason) : DataplaneReport;

/// <summary>After <see cref="EndpointDetached"/>: routes and filter entries of the endpoint are out of the kernel, its packets are dropped; the link may go. Said also for one that was not known.</summary>
public sealed record EndpointRemoved(string Id) : DataplaneReport;
