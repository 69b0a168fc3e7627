using Margay.Api.Resources;

namespace Margay.ApiServer.Rest;

/// <summary>Kubernetes field selectors: <c>path=value</c>, <c>==</c> or <c>!=</c>, joined by commas.</summary>
internal static class FieldSelector
{
    /// <summary>Adds the terms; gives what is wrong, or null.</summary>
    public static string? Parse(string text, List<Func<Resource, bool>> terms)
    {
        foreach (string term in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int at = term.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) return $"\"{term}\" is not PATH=VALUE";
            bool negated = term[at - 1] == '!';
            string path = term[..(negated ? at - 1 : at)].Trim();
            string value = term[(at + 1)..].TrimStart('=').Trim();
            if (Field(path) is not { } field) return $"field \"{path}\" cannot be selected by; known are metadata.name, metadata.namespace and spec.node (of endpoints)";
            terms.Add(r => field(r) == value != negated);
        }
        return null;
    }

    private static Func<Resource, string>? Field(string path) => path switch
    {
        "metadata.name" => r => r.Name,
        "metadata.namespace" => r => r.Namespace ?? "",
        "spec.node" => r => (r as WorkloadEndpoint)?.Spec.Node ?? "",
        _ => null,
    };
}
