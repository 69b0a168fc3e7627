namespace Margay.Interop.Dataplane;

/// <summary>What nft lists, made fit to be compared with what it listed before.</summary>
internal static class Listing
{
    /// <summary>Without the element of known-flows: it is away for a moment after each change that may deny something, and for up to a second or so after an endpoint has come.</summary>
    internal static string Settled(string ruleset) => ruleset.Replace("\t\telements = { confirmed }\n", "", StringComparison.Ordinal);
}
