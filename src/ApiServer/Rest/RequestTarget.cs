using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>
/// What a path of the resource API names: <c>/api/v1</c> or <c>/apis/GROUP/VERSION</c>, then <c>[/namespaces/NS]/PLURAL[/NAME[/status]]</c>.
/// </summary>
internal readonly record struct RequestTarget(ResourceKind Kind, string? Namespace, string? Name, string? Subresource)
{
    /// <summary>False when the path is no resource path, or names a kind, scope or subresource that is not served.</summary>
    public static bool TryParse(string path, out RequestTarget target)
    {
        target = default;
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        bool isCore = parts is ["api", _, ..];
        if (!isCore && parts is not ["apis", _, _, ..]) return false;
        string group = isCore ? "" : parts[1], version = isCore ? parts[1] : parts[2];
        ReadOnlySpan<string> rest = parts.AsSpan(isCore ? 2 : 3);
        string? scope = null;
        if (rest is ["namespaces", var ns, var plural, ..] && Find(group, version, plural) is { Namespaced: true })
        {
            scope = Uri.UnescapeDataString(ns);
            rest = rest[2..];
        }
        if (rest.Length is 0 or > 3 || Find(group, version, rest[0]) is not { } kind) return false;
        string? name = rest.Length > 1 ? Uri.UnescapeDataString(rest[1]) : null;
        string? subresource = rest.Length > 2 ? rest[2] : null;
        // A namespaced kind without a namespace can only be listed or watched, across all of them.
        if (name is not null && kind.Namespaced && scope is null) return false;
        if (subresource is not null && !(subresource == "status" && kind.HasStatus)) return false;
        target = new RequestTarget(kind, scope, name, subresource);
        return true;
    }

    private static ResourceKind? Find(string group, string version, string plural)
    {
        foreach (ResourceKind kind in ResourceKinds.All)
        {
            if (kind.Plural == plural && kind.Group == group && kind.Version == version) return kind;
        }
        return null;
    }
}
