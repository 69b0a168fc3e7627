namespace Margay.Bgp.Rib;

/// <summary>Why a path is, or is not, the best: kept with every path that may not be used, computed for the others when asked.</summary>
internal enum PathReason : byte
{
    Best,
    Multipath,

    // May not be used at all.
    AsLoop,
    OriginatorLoop,
    ClusterLoop,
    ImportFilter,
    NoImportPolicy,
    OwnNextHop,

    // Lost at this step of the decision.
    LocalRoute,
    LongLivedStale,
    Mobility,
    LocalPref,
    AsPathLength,
    Origin,
    Med,
    External,
    NextHopMetric,
    RouterId,
    ClusterListLength,
    PeerAddress,
    PathId,
}

internal static class PathReasonText
{
    internal static string ToWords(this PathReason reason) => reason switch
    {
        PathReason.Best => "best",
        PathReason.Multipath => "used as an equal path (multipath)",
        PathReason.AsLoop => "not usable: our own AS is in AS_PATH",
        PathReason.OriginatorLoop => "not usable: ORIGINATOR_ID is our own router id",
        PathReason.ClusterLoop => "not usable: our cluster id is in CLUSTER_LIST",
        PathReason.ImportFilter => "rejected by the import filter",
        PathReason.NoImportPolicy => "not usable: the external peer has no import policy (RFC 8212)",
        PathReason.OwnNextHop => "not usable: the next hop is our own address",
        PathReason.LocalRoute => "loses to our own route",
        PathReason.LongLivedStale => "loses: long-lived stale",
        PathReason.Mobility => "loses: older by MAC mobility (RFC 7432)",
        PathReason.LocalPref => "loses: lower LOCAL_PREF",
        PathReason.AsPathLength => "loses: longer AS_PATH",
        PathReason.Origin => "loses: higher ORIGIN",
        PathReason.Med => "loses: higher MED from the same neighbouring AS",
        PathReason.External => "loses: internal against external",
        PathReason.NextHopMetric => "loses: farther next hop",
        PathReason.RouterId => "loses: higher router id",
        PathReason.ClusterListLength => "loses: longer CLUSTER_LIST",
        PathReason.PeerAddress => "loses: higher peer address",
        PathReason.PathId => "loses: higher path id",
        _ => reason.ToString(),
    };
}
