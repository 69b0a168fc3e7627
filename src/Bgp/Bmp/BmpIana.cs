namespace Margay.Bgp.Bmp;

// The numbers of the IANA registry "BGP Monitoring Protocol (BMP) Parameters", with the registry's own names.

/// <summary>Message type (RFC 7854 §4.1).</summary>
internal enum BmpMessageType : byte
{
    RouteMonitoring = 0,
    StatisticsReport = 1,
    PeerDownNotification = 2,
    PeerUpNotification = 3,
    InitiationMessage = 4,
    TerminationMessage = 5,
}

/// <summary>Peer type of the per-peer header (RFC 7854 §4.2, RFC 9069 §4.1).</summary>
internal enum BmpPeerType : byte
{
    GlobalInstancePeer = 0,
    LocRibInstancePeer = 3,
}

/// <summary>Peer flags (RFC 7854 §4.2).</summary>
[Flags]
internal enum BmpPeerFlags : byte
{
    None = 0,

    /// <summary>L: after the import filter.</summary>
    PostPolicy = 0x40,

    /// <summary>V.</summary>
    IPv6 = 0x80,
}

/// <summary>Why a peer went down (RFC 7854 §4.9).</summary>
internal enum BmpPeerDownReason : byte
{
    LocalNotification = 1,
    LocalNoNotification = 2,
    RemoteNotification = 3,
    RemoteNoNotification = 4,
    PeerDeConfigured = 5,
}

/// <summary>Information TLVs of Initiation (RFC 7854 §4.4).</summary>
internal enum BmpInformation : ushort
{
    SysDescr = 1,
    SysName = 2,
}

/// <summary>Termination reasons (RFC 7854 §4.5).</summary>
internal enum BmpTerminationReason : ushort
{
    AdministrativelyClosed = 0,
    UnspecifiedReason = 1,
    OutOfResources = 2,
}

/// <summary>Statistics types (RFC 7854 §4.8, RFC 8671 §6.2).</summary>
internal enum BmpStatistic : ushort
{
    RejectedPrefixes = 0,
    ClusterListLoop = 4,
    AsPathLoop = 5,
    OriginatorId = 6,
    AdjRibInRoutes = 7,
    LocRibRoutes = 8,
    AdjRibInRoutesOfFamily = 9,
    LocRibRoutesOfFamily = 10,
    UpdatesTreatedAsWithdraw = 11,
    AdjRibOutRoutes = 15,
    AdjRibOutRoutesOfFamily = 17,
}
