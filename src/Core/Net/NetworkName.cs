namespace Margay.Core.Net;

/// <summary>
/// The virtual network (VRF) that an address belongs to. An IP address alone identifies nothing in Margay:
/// every endpoint, set, route, lookup and log is keyed by (network, prefix).
/// </summary>
public readonly record struct NetworkName : IComparable<NetworkName>
{
    private readonly string? _value;

    public NetworkName(string value) => _value = value == "default" ? null : value;

    /// <summary>The provider's own routing domain: the host's network namespace.</summary>
    public static NetworkName Default => default;

    public string Value => _value ?? "default";
    public bool IsDefault => _value is null;
    public int CompareTo(NetworkName other) => string.CompareOrdinal(Value, other.Value);
    public override string ToString() => Value;
    public static bool operator <(NetworkName a, NetworkName b) => a.CompareTo(b) < 0;
    public static bool operator >(NetworkName a, NetworkName b) => a.CompareTo(b) > 0;
    public static bool operator <=(NetworkName a, NetworkName b) => a.CompareTo(b) <= 0;
    public static bool operator >=(NetworkName a, NetworkName b) => a.CompareTo(b) >= 0;
}

/// <summary>A prefix within its network: the key of every route and set member.</summary>
public readonly record struct NetworkPrefix(NetworkName Network, IpPrefix Prefix) : IComparable<NetworkPrefix>
{
    public int CompareTo(NetworkPrefix other)
    {
        int c = Network.CompareTo(other.Network);
        return c != 0 ? c : Prefix.CompareTo(other.Prefix);
    }

    public override string ToString() => Network.IsDefault ? Prefix.ToString() : $"{Network}/{Prefix}";
    public static bool operator <(NetworkPrefix a, NetworkPrefix b) => a.CompareTo(b) < 0;
    public static bool operator >(NetworkPrefix a, NetworkPrefix b) => a.CompareTo(b) > 0;
    public static bool operator <=(NetworkPrefix a, NetworkPrefix b) => a.CompareTo(b) <= 0;
    public static bool operator >=(NetworkPrefix a, NetworkPrefix b) => a.CompareTo(b) >= 0;
}
