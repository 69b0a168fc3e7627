namespace Margay.Cni;

/// <summary>The versions of the specification that this plugin speaks.</summary>
internal static class CniVersion
{
    public const string Latest = "1.0.0";

    public static readonly string[] Supported = ["0.3.0", "0.3.1", "0.4.0", Latest];

    public static bool IsSupported(string version) => Array.IndexOf(Supported, version) >= 0;

    /// <summary>CHECK came with 0.4.0.</summary>
    public static bool HasCheck(string version) => version is not ("0.3.0" or "0.3.1");

    /// <summary>Until 1.0.0 each entry of "ips" says its family.</summary>
    public static bool HasIpVersionField(string version) => version is not Latest;

    public static byte[] Answer()
    {
        JsonText json = new();
        json.BeginObject().Property("cniVersion", Latest).OptionalList("supportedVersions", Supported).EndObject();
        return json.ToUtf8();
    }
}
