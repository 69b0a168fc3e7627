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
