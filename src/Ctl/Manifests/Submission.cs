using System.Text.Json;
using System.Text.Json.Nodes;
using Margay.Api.Resources;
using Margay.Api.Validation;
using Margay.Api.Validation.Manifests;

namespace Margay.Ctl.Manifests;

/// <summary>One object on its way to the server: what was written in the manifest, with only its namespace filled in.</summary>
internal sealed record Submission(ResourceKind Kind, string? Namespace, string Name, JsonObject Body)
{
    /// <summary>As it is named in messages: networkpolicy.projectcalico.org/web.</summary>
    public string Title => TitleOf(Kind, Name);

    public static string TitleOf(ResourceKind kind, string name) => kind.Group.Length == 0 ? $"{kind.Singular}/{name}" : $"{kind.Singular}.{kind.Group}/{name}";

    /// <summary>
    /// Checks every object before the first is sent. With a fault anywhere, all faults are written to <paramref name="error"/> and nothing is to be sent.
    /// Namespaces come first; the order is otherwise kept.
    /// </summary>
    public static IReadOnlyList<Submission>? Prepare(IReadOnlyList<ManifestObject> objects, string defaultNamespace, bool check, TextWriter error)
    {
        var ready = new List<Submission>();
        bool faulty = false;
        foreach (ManifestObject item in objects)
        {
            Decoded decoded = item.Admit(defaultNamespace);
            bool usable = decoded is { Kind: not null, Resource.Metadata.Name.Length: > 0 } && item.Json is not null;
            if (usable ? check && !decoded.IsValid : true)
            {
                faulty = true;
                ManifestVerdict.Of(item, decoded).WriteTo(error);
                if (decoded.IsValid) error.WriteLine($"{item.Source}:{item.Line}: error: the object has no name");
                continue;
            }

            ready.Add(Make(decoded.Kind!, decoded.Resource!, item.Json!.Value));
        }

        return faulty ? null : [.. ready.Where(s => s.Kind == ResourceKinds.Namespace), .. ready.Where(s => s.Kind != ResourceKinds.Namespace)];
    }

    private static Submission Make(ResourceKind kind, Resource resource, JsonElement json)
    {
        JsonObject body = JsonNode.Parse(json.GetRawText())!.AsObject();
        if (kind.Namespaced && resource.Namespace is { } ns && body["metadata"] is JsonObject metadata) metadata["namespace"] = JsonValue.Create(ns);
        return new Submission(kind, kind.Namespaced ? resource.Namespace : null, resource.Name, body);
    }
}
