namespace Margay.Cni;

/// <summary>Error codes of the CNI specification, section "Error", and Margay's own from 100 on.</summary>
internal enum CniErrorCode
{
    IncompatibleCniVersion = 1,
    UnsupportedField = 2,
    UnknownContainer = 3,
    InvalidEnvironmentVariables = 4,
    IOFailure = 5,
    DecodingFailure = 6,
    InvalidNetworkConfig = 7,
    TryAgainLater = 11,
    PluginNotAvailable = 50,

    /// <summary>No pool has an address for it.</summary>
    NoAddress = 100,

    /// <summary>A workload or interface of that name is there already.</summary>
    NameCollision = 101,

    /// <summary>CHECK found a difference.</summary>
    CheckFailed = 102,

    /// <summary>The kernel refused.</summary>
    Kernel = 103,

    /// <summary>A bug in the agent, or a reply that this plugin does not understand.</summary>
    Internal = 199,
}

/// <summary>Why the command failed, as the runtime shows it.</summary>
internal sealed record CniError(CniErrorCode Code, string Message, string? Details = null);
