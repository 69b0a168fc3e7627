using System.Collections.Frozen;
using System.Text.Json;
using Margay.Api.Resources;

namespace Margay.Api.Validation;

/// <summary>Finds the kind that apiVersion and kind name, and says what is wrong when they name none.</summary>
internal static class KindResolver
{
    private static readonly FrozenSet<string> CalicoKindsNotServed = new[]
    {
        "IPReservation", "IPAMConfiguration", "IPAMConfig", "BlockAffinity", "IPAMHandle",
        "KubeControllersConfiguration", "ClusterInformation", "CalicoNodeStatus",
    }.ToFrozenSet();

    public static ResourceKind? Resolve(JsonElement element, ResourceKind? expected, Findings findings)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            findings.Add("", FaultReason.TypeInvalid, $"an object must be a map with apiVersion, kind, metadata and spec, not {Leaf.Describe(element)}");
            return null;
        }

        string? apiVersion = Text(element, "apiVersion", expected, findings), kind = Text(element, "kind", expected, findings);
        if (expected is not null)
        {
            if (apiVersion is not null && apiVersion != expected.ApiVersion) findings.Add("apiVersion", FaultReason.Invalid, $"must be {expected.ApiVersion} here, not \"{Leaf.Printable(apiVersion)}\"");
            if (kind is not null && kind != expected.Kind) findings.Add("kind", FaultReason.Invalid, $"must be {expected.Kind} here, not \"{Leaf.Printable(kind)}\"");
            return expected;
        }

        if (apiVersion is null || kind is null) return null;
        if (ResourceKinds.Find(apiVersion, kind) is { } found) return found;
        ExplainUnknown(apiVersion, kind, findings);
        return null;
    }

    private static string? Text(JsonElement element, string name, ResourceKind? expected, Findings findings)
    {
        if (!element.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            if (expected is null) findings.Add(name, FaultReason.Required, name == "kind" ? $"is missing; known kinds: {KnownKinds()}" : "is missing: projectcalico.org/v3, or v1 for a Namespace");
            return null;
        }

        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        // With an expected kind the structure is read anyway, and tells the wrong type.
        if (expected is null) findings.Add(name, FaultReason.TypeInvalid, $"must be a string, not {Leaf.Describe(value)}");
        return null;
    }

    private static void ExplainUnknown(string apiVersion, string kind, Findings findings)
    {
        ResourceKind[] sameKind = [.. ResourceKinds.All.Where(k => k.Kind == kind)];
        if (sameKind.Length > 0)
        {
            findings.Add("apiVersion", FaultReason.NotSupported, $"\"{Leaf.Printable(apiVersion)}\" is not served for {kind}: write {string.Join(" or ", sameKind.Select(k => k.ApiVersion))}");
            return;
        }

        if (CalicoKindsNotServed.Contains(kind) && apiVersion.Contains(ResourceKinds.CalicoGroup, StringComparison.Ordinal))
            findings.Add("kind", FaultReason.NotSupported, $"{kind} is a Calico kind that this version of Margay does not serve; known kinds: {KnownKinds()}");
        else
            findings.Add("kind", FaultReason.NotSupported, $"\"{Leaf.Printable(kind)}\" ({Leaf.Printable(apiVersion)}) is not known{Suggestion.Hint(kind, ResourceKinds.All.Select(k => k.Kind))}; known kinds: {KnownKinds()}");
    }

    private static string KnownKinds() => string.Join(", ", ResourceKinds.All.Select(k => k.Kind).Distinct().Order(StringComparer.Ordinal));
}
