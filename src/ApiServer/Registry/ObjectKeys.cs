using Margay.Api.Resources;

namespace Margay.ApiServer.Registry;

/// <summary>
/// Where objects stand in the store: <c>o/PLURAL.GROUP/[NAMESPACE/]NAME</c>. Names hold no slash, so one namespace, and one kind, is one
/// prefix. <c>a/NETWORK/ADDRESS</c> holds the key of the endpoint that has the address: that it can be created once is what keeps two
/// endpoints from having the same.
/// </summary>
internal static class ObjectKeys
{
    /// <summary>All objects.</summary>
    public const string Objects = "o/";

    public static string Of(ResourceKind kind, string? @namespace, string name) => Prefix(kind, @namespace) + name;

    public static string Prefix(ResourceKind kind, string? @namespace = null)
    {
        string prefix = kind.Group.Length == 0 ? $"{Objects}{kind.Plural}/" : $"{Objects}{kind.Plural}.{kind.Group}/";
        return @namespace is null ? prefix : $"{prefix}{@namespace}/";
    }

    public static string Address(string network, string address) => $"a/{network}/{address}";

    /// <summary>Holds the full name of the network that has the VNI: that it can be created once keeps two networks from having the same.</summary>
    public static string Vni(int vni) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Vnis}{vni:d8}");

    public const string Vnis = "v/";

    /// <summary>Holds NAMESPACE/NAME of the FloatingIP that has the address: that it can be created once keeps two from having the same.</summary>
    public static string Floating(string address) => $"f/{address}";

    /// <summary>The kind that a key of an object is of.</summary>
    public static ResourceKind? KindOf(string key)
    {
        foreach (ResourceKind kind in ResourceKinds.All)
        {
            if (key.StartsWith(Prefix(kind), StringComparison.Ordinal)) return kind;
        }
        return null;
    }
}
