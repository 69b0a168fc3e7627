namespace Margay.Bgp.Wire;

// The numbers of the IANA registries "Border Gateway Protocol (BGP) Parameters", "BGP Extended Communities",
// "Capability Codes" and "Address Family Numbers", with the registries' own names.

/// <summary>Address Family Identifier (RFC 4760 §3).</summary>
public enum Afi : ushort
{
    IPv4 = 1,
    IPv6 = 2,
    L2Vpn = 25,
}

/// <summary>Subsequent Address Family Identifier (RFC 4760 §3).</summary>
public enum Safi : byte
{
    Unicast = 1,
    Evpn = 70,
    MplsVpn = 128,
    RouteTarget = 132,
}

/// <summary>Message type (RFC 4271 §4.1, RFC 2918).</summary>
public enum MessageType : byte
{
    Open = 1,
    Update = 2,
    Notification = 3,
    Keepalive = 4,
    RouteRefresh = 5,
}

/// <summary>Path attribute type code (RFC 4271 §4.3 and successors).</summary>
public enum AttributeType : byte
{
    Origin = 1,
    AsPath = 2,
    NextHop = 3,
    MultiExitDisc = 4,
    LocalPref = 5,
    AtomicAggregate = 6,
    Aggregator = 7,
    Communities = 8,
    OriginatorId = 9,
    ClusterList = 10,
    MpReachNlri = 14,
    MpUnreachNlri = 15,
    ExtendedCommunities = 16,
    As4Path = 17,
    As4Aggregator = 18,
    PmsiTunnel = 22,
    IPv6ExtendedCommunities = 25,
    LargeCommunities = 32,
}

/// <summary>Attribute flags (RFC 4271 §4.3).</summary>
[Flags]
public enum AttributeFlags : byte
{
    None = 0,
    ExtendedLength = 0x10,
    Partial = 0x20,
    Transitive = 0x40,
    Optional = 0x80,
}

/// <summary>Capability code (RFC 5492).</summary>
public enum CapabilityCode : byte
{
    Multiprotocol = 1,
    RouteRefresh = 2,
    ExtendedNextHop = 5,
    ExtendedMessage = 6,
    GracefulRestart = 64,
    FourOctetAs = 65,
    AddPath = 69,
    EnhancedRouteRefresh = 70,
    LongLivedGracefulRestart = 71,
}

/// <summary>ORIGIN values (RFC 4271 §5.1.1), the lower preferred.</summary>
public enum Origin : byte
{
    Igp = 0,
    Egp = 1,
    Incomplete = 2,
}

/// <summary>AS_PATH segment type (RFC 4271 §4.3, RFC 5065).</summary>
public enum AsPathSegmentType : byte
{
    Set = 1,
    Sequence = 2,
    ConfedSequence = 3,
    ConfedSet = 4,
}

/// <summary>NOTIFICATION error code (RFC 4271 §4.5, RFC 7313).</summary>
public enum ErrorCode : byte
{
    MessageHeader = 1,
    OpenMessage = 2,
    UpdateMessage = 3,
    HoldTimerExpired = 4,
    FiniteStateMachine = 5,
    Cease = 6,
    RouteRefresh = 7,
}

/// <summary>Subcodes of <see cref="ErrorCode.MessageHeader"/>.</summary>
public enum HeaderSubcode : byte
{
    ConnectionNotSynchronized = 1,
    BadMessageLength = 2,
    BadMessageType = 3,
}

/// <summary>Subcodes of <see cref="ErrorCode.OpenMessage"/>.</summary>
public enum OpenSubcode : byte
{
    UnsupportedVersionNumber = 1,
    BadPeerAs = 2,
    BadBgpIdentifier = 3,
    UnsupportedOptionalParameter = 4,
    UnacceptableHoldTime = 6,
    UnsupportedCapability = 7,
}

/// <summary>Subcodes of <see cref="ErrorCode.UpdateMessage"/>.</summary>
public enum UpdateSubcode : byte
{
    MalformedAttributeList = 1,
    UnrecognizedWellKnownAttribute = 2,
    MissingWellKnownAttribute = 3,
    AttributeFlagsError = 4,
    AttributeLengthError = 5,
    InvalidOriginAttribute = 6,
    InvalidNextHopAttribute = 8,
    OptionalAttributeError = 9,
    InvalidNetworkField = 10,
    MalformedAsPath = 11,
}

/// <summary>Subcodes of <see cref="ErrorCode.FiniteStateMachine"/> (RFC 6608).</summary>
public enum FsmSubcode : byte
{
    Unspecified = 0,
    UnexpectedMessageInOpenSent = 1,
    UnexpectedMessageInOpenConfirm = 2,
    UnexpectedMessageInEstablished = 3,
}

/// <summary>Subcodes of <see cref="ErrorCode.Cease"/> (RFC 4486, RFC 8538).</summary>
public enum CeaseSubcode : byte
{
    MaximumNumberOfPrefixesReached = 1,
    AdministrativeShutdown = 2,
    PeerDeconfigured = 3,
    AdministrativeReset = 4,
    ConnectionRejected = 5,
    OtherConfigurationChange = 6,
    ConnectionCollisionResolution = 7,
    OutOfResources = 8,
    HardReset = 9,
    BfdDown = 10,
}
